/* How far what takes long is, and when it may end. */
#include "tool.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds that are left if all goes on as since the first call of this run; negative: not known. */
static double time_left(const char *what, int64_t done, int64_t total)
{
    static struct {
        const char *what;
        int64_t first, last, total;
        double start;
    } now;
    if (now.what != what || now.total != total || done <= now.last) {
        now.what = what;
        now.first = done;
        now.total = total;
        now.start = seconds();
    }
    now.last = done;
    if (!total || done == now.first)
        return -1.0;
    return (seconds() - now.start) / (double)(done - now.first) * (double)(total - done);
}

/* A line of standard error, if that is a terminal, which goes at the end. */
static void show_progress(const char *what, int64_t done, int64_t total)
{
    if (!isatty(STDERR_FILENO))
        return;
    double left = time_left(what, done, total);
    fputs("\r\033[K", stderr);
    if (done == total)
        return;
    if (what)
        fprintf(stderr, "%s: %.0f %%", what, 100.0 * (double)done / (double)total);
    else if (total)
        fprintf(stderr, "sample %lld of %lld", (long long)done, (long long)total);
    else
        fprintf(stderr, "sample %lld", (long long)done);
    if (left >= 0.0)
        fprintf(stderr, ", %.0f s left", left);
}

void tool_progress(void *user, int64_t done, int64_t total)
{
    (void)user;
    show_progress(NULL, done, total);
}

void tool_pass_progress(const char *pass, int64_t done, int64_t total)
{
    show_progress(pass, done, total);
}
