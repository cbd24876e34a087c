/* Loops whose turns are independent of each other, on several threads.  Turns write to disjoint places, and what
 * they leave is put together in the order of turns: results are the same bytes on any number of threads. */
#ifndef QIR_SUPPORT_PARALLEL_H
#define QIR_SUPPORT_PARALLEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { QIR_MOST_THREADS = 64 };

/* Turn `i`.  Turns with the same `worker` run one after another: it may have scratch of its own.  Nothing of a
 * context may be changed, nor an arena that another turn sees. */
typedef void (*qir_turn)(void *user, unsigned worker, int64_t i);

/* Turns 0 to n - 1, on at most `threads` threads (1 to QIR_MOST_THREADS), the caller's among them; workers have
 * numbers below `threads`.  All threads have ended when it returns.  Where the system gives no more threads,
 * those that there are do the work. */
void qir_parallel_for(unsigned threads, int64_t n, qir_turn turn, void *user);

/* As many of `threads` as `work`, in products, is worth: each should have much more than its start takes. */
unsigned qir_threads_for(unsigned threads, int64_t work);

/* CPUs that the process may run on, at most 8: more gain little here. */
unsigned qir_threads_default(void);

#ifdef __cplusplus
}
#endif
#endif
