/* Judging candidates in child processes: each builds its candidate from the choice, verifies it, asks
 * whether it is interesting, and answers by its exit status.  A crash is a no. */
#include "ask.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "qir/rewrite.h"
#include "qir/text.h"

enum { MOST_JOBS = 64 };

qir_module *ask_build(qir_module *base, reduce_run strategy, const bool *chosen)
{
    qir_module *m = qir_module_clone(base);
    qir_func *f = qir_module_main(m);
    reduction r = {.chosen = chosen};
    bool ok = !strategy || strategy(&r, m, f);
    if (ok)
        reduce_tidy(m, f);
    if (ok && f->body->nargs + reduce_count_ops(m) > 0 && qir_verify(m))
        return m;
    qir_module_destroy(m);
    return NULL;
}

static void ignore(void *user, const qir_diag *d)
{
    (void)user;
    (void)d;
}

/* Processor time is inherited by what the child starts, the alarm is for what waits. */
static void limit_time(unsigned seconds)
{
    struct rlimit limit = {seconds, seconds};
    if (!seconds)
        return;
    setrlimit(RLIMIT_CPU, &limit);
    alarm(seconds);
}

_Noreturn static void child(qir_module *base, reduce_run strategy, const bool *chosen,
                            const reduce_options *opts, unsigned slot)
{
    static const int reset[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGXCPU, SIGINT, SIGTERM};
    const struct rlimit no_core = {0, 0};
    for (size_t i = 0; i < sizeof reset / sizeof *reset; i++)
        signal(reset[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &no_core);
    limit_time(opts->seconds);
    qir_diag_set_handler(qir_context_diag(base->ctx), ignore, NULL);
    qir_module *m = ask_build(base, strategy, chosen);
    _exit(m && opts->interesting(opts->user, m, slot) ? 0 : 1);
}

static bool answer(pid_t pid)
{
    int status = 1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

size_t ask_first(qir_module *base, reduce_run strategy, const bool *const *choices, size_t n,
                 const reduce_options *opts)
{
    pid_t pids[MOST_JOBS];
    size_t first = n;
    for (size_t i = 0; i < n; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            child(base, strategy, choices[i], opts, (unsigned)i);
    }
    for (size_t i = 0; i < n; i++)
        if (answer(pids[i]) && i < first)
            first = i;
    return first;
}
