/* Threads that take one turn after the other until none is left.  They are started for a loop and joined at its
 * end: no pool stays behind, and a process that forks or ends between loops has one thread. */
#include "qir/support/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

enum { DEFAULT_MOST = 8 };
/* Of one thread, at least: half a millisecond.  Where other processes have the CPUs, the end of a loop waits for a
 * thread that has its turn taken from it; many short loops would do little else. */
static const int64_t products = 1 << 24;

typedef struct loop {
    qir_turn turn;
    void *user;
    int64_t n;
    _Atomic int64_t next;
} loop;

typedef struct worker {
    loop *loop;
    unsigned number;
    pthread_t thread;
} worker;

static void *work(void *arg)
{
    const worker *w = arg;
    loop *l = w->loop;
    for (int64_t i; (i = atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed)) < l->n;)
        l->turn(l->user, w->number, i);
    return NULL;
}

/* Signals from outside are the calling thread's: handlers run where they always do. */
static void block_signals(sigset_t *before)
{
    static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    sigset_t outside;
    sigfillset(&outside);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&outside, faults[i]);
    pthread_sigmask(SIG_BLOCK, &outside, before);
}

/* Returns how many there are, with the caller. */
static unsigned start(worker *w, unsigned count, loop *l)
{
    sigset_t before;
    unsigned n = 1;
    w[0] = (worker){.loop = l};
    if (count < 2)
        return n;
    block_signals(&before);
    for (; n < count; n++) {
        w[n] = (worker){.loop = l, .number = n};
        if (pthread_create(&w[n].thread, NULL, work, &w[n]))
            break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n;
}

void qir_parallel_for(unsigned threads, int64_t n, qir_turn turn, void *user)
{
    worker w[QIR_MOST_THREADS];
    loop l = {.turn = turn, .user = user, .n = n};
    unsigned most = threads < QIR_MOST_THREADS ? threads : QIR_MOST_THREADS;
    unsigned count = start(w, n < (int64_t)most ? (unsigned)n : most, &l);
    work(&w[0]);
    for (unsigned i = 1; i < count; i++)
        pthread_join(w[i].thread, NULL);
}

unsigned qir_threads_for(unsigned threads, int64_t work_in_all)
{
    int64_t worth = 1 + work_in_all / products;
    return worth < (int64_t)threads ? (unsigned)worth : threads;
}

unsigned qir_threads_default(void)
{
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus))
        return 1;
    int n = CPU_COUNT(&cpus);
    return n < 1 ? 1 : n < DEFAULT_MOST ? (unsigned)n : DEFAULT_MOST;
}
