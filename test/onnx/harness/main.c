/* Runs the ONNX backend test data through importer, evaluator and compiler.
 *
 *   onnx-conformance DATA SUITE...
 *
 * A case is DATA/SUITE/test_NAME/{model.onnx, test_data_set_0/{input,output}_I.pb}.  Prints one
 * line for each, separated by tabs: SUITE/NAME, verdict, inputs (harness.h), operators, and what
 * went wrong. Every case runs in a process of its own, several at a time; conformance.py makes
 * sense of the lines. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { TIMEOUT_S = 120, LONGEST = 300 };

static void on_message(void *user, const qir_diag *d)
{
    test_case *t = user;
    if (d->severity == QIR_ERROR && !t->message.len)
        qir_strbuf_printf(&t->message, "%s [%s]", d->text, d->code ? d->code : "");
    else if (d->severity == QIR_NOTE)
        qir_strbuf_printf(&t->message, "; %s", d->text);
}

/* The folder's path says which machine this is; the reason is the same everywhere. */
static void print_reason(const test_case *t)
{
    const char *s = t->message.data;
    for (size_t i = 0, n = 0; i < t->message.len && n < LONGEST; n++) {
        size_t dir = strlen(t->dir);
        if (strncmp(s + i, t->dir, dir) == 0)
            i += dir;
        else
            putchar(s[i] < ' ' ? ' ' : s[i]), i++;
    }
}

static void run_child(const char *dir, const char *key)
{
    test_case t = {.ctx = qir_context_create(NULL, NULL), .dir = dir};
    mode m = PLAIN;
    alarm(TIMEOUT_S);
    qir_diag_set_handler(qir_context_diag(t.ctx), on_message, &t);
    verdict v = load_case(&t) ? run_case(&t, &m) : REFUSED;
    printf("%s\t%s\t%s\t%.*s\t", key, verdict_names[v], v == REFUSED ? "-" : mode_names[m],
           (int)t.ops.len, t.ops.data ? t.ops.data : "");
    if (v != COMPILED)
        print_reason(&t);
    putchar('\n');
    fflush(stdout);
    _exit(0);
}

/* In a child: a crash or an endless loop is a line, too. */
static void run_isolated(const char *dir, const char *key)
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        run_child(dir, key);
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
        printf("%s\t%s\t-\t\tsignal %d\n", key, verdict_names[CRASHED],
               WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static int only_tests(const struct dirent *d)
{
    return strncmp(d->d_name, "test_", 5) == 0;
}

/* Every `step`-th case from `first`. */
static void run_suite(const char *data, const char *suite, int first, int step)
{
    char dir[4096], key[512];
    struct dirent **entries;
    snprintf(dir, sizeof dir, "%s/%s", data, suite);
    int n = scandir(dir, &entries, only_tests, alphasort);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        snprintf(dir, sizeof dir, "%s/%s/%s", data, suite, name);
        snprintf(key, sizeof key, "%s/%s", suite, name + 5);
        if (i % step == first)
            run_isolated(dir, key);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: onnx-conformance DATA SUITE...\n");
        return 2;
    }
    int jobs = (int)sysconf(_SC_NPROCESSORS_ONLN);
    jobs = jobs < 1 ? 1 : jobs > 8 ? 8 : jobs;
    setvbuf(stdout, NULL, _IOFBF, 1 << 16); /* lines of several processes stay whole */
    for (int j = 0; j < jobs; j++)
        if (fork() == 0) {
            for (int i = 2; i < argc; i++)
                run_suite(argv[1], argv[i], j, jobs);
            fflush(stdout);
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    return 0;
}
