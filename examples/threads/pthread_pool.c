/* Tasks are taken by counting down, so that nobody waits for a lock where all are awake.  Who has nothing to do
 * looks at a counter for some tens of microseconds before it sleeps: a model has its next tasks that soon, and
 * waking a thread takes longer than many of them.  The mutex guards sleep: who sleeps says so, and looks once
 * more before it does. */
#include "pthread_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { LOOKS = 100000 };

struct pthread_pool {
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    void (*task)(void *arg, unsigned index);
    void *arg;
    atomic_uint waiting;       /* tasks that nobody has taken */
    atomic_uint left;          /* that have not returned to a thread of the pool */
    unsigned own;              /* of those what the caller has done itself */
    atomic_uint asleep;        /* threads that need to be woken for work, */
    atomic_bool caller_asleep; /* and for the end of it */
    atomic_bool ends;
    unsigned workers;
    pthread_t worker[];
};

static bool has_work(pthread_pool *p)
{
    return atomic_load(&p->waiting) || atomic_load(&p->ends);
}

static bool is_done(pthread_pool *p)
{
    return atomic_load(&p->left) == p->own;
}

/* Looks for a while whether that has come. */
static bool look(pthread_pool *p, bool (*has_come)(pthread_pool *))
{
    for (int i = 0; i < LOOKS; i++)
        if (has_come(p))
            return true;
    return false;
}

/* Task *index, if there is one: not the first, which is the caller's. */
static bool take(pthread_pool *p, unsigned *index)
{
    unsigned n = atomic_load(&p->waiting);
    while (n && !atomic_compare_exchange_weak(&p->waiting, &n, n - 1))
        ;
    *index = n;
    return n;
}

static void run_tasks(pthread_pool *p)
{
    for (unsigned index; take(p, &index);) {
        p->task(p->arg, index);
        atomic_fetch_sub(&p->left, 1);
        if (!atomic_load(&p->caller_asleep))
            continue;
        pthread_mutex_lock(&p->mutex);
        pthread_cond_signal(&p->done);
        pthread_mutex_unlock(&p->mutex);
    }
}

static void sleep_until_work(pthread_pool *p)
{
    pthread_mutex_lock(&p->mutex);
    atomic_fetch_add(&p->asleep, 1);
    while (!has_work(p))
        pthread_cond_wait(&p->work, &p->mutex);
    atomic_fetch_sub(&p->asleep, 1);
    pthread_mutex_unlock(&p->mutex);
}

static void *work(void *user)
{
    pthread_pool *p = user;
    while (!atomic_load(&p->ends)) {
        run_tasks(p);
        if (!look(p, has_work))
            sleep_until_work(p);
    }
    return NULL;
}

static void wake(pthread_pool *p)
{
    if (!atomic_load(&p->asleep))
        return;
    pthread_mutex_lock(&p->mutex);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mutex);
}

static void sleep_until_done(pthread_pool *p)
{
    pthread_mutex_lock(&p->mutex);
    atomic_store(&p->caller_asleep, true);
    while (!is_done(p))
        pthread_cond_wait(&p->done, &p->mutex);
    atomic_store(&p->caller_asleep, false);
    pthread_mutex_unlock(&p->mutex);
}

void pthread_pool_for(void *pool, void (*task)(void *arg, unsigned index), void *arg, unsigned count)
{
    pthread_pool *p = pool;
    if (!count)
        return;
    p->task = task;
    p->arg = arg;
    atomic_store(&p->left, count);
    atomic_store(&p->waiting, count - 1);
    if (count > 1)
        wake(p);
    task(arg, 0);
    p->own = 1;
    for (unsigned index; take(p, &index); p->own++)
        task(arg, index);
    if (!look(p, is_done))
        sleep_until_done(p);
}

pthread_pool *pthread_pool_create(unsigned threads)
{
    pthread_pool *p = calloc(1, sizeof *p + threads * sizeof *p->worker);
    if (!p)
        return NULL;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    while (p->workers + 1 < threads) {
        if (pthread_create(&p->worker[p->workers], NULL, work, p)) {
            pthread_pool_destroy(p);
            return NULL;
        }
        p->workers++;
    }
    return p;
}

void pthread_pool_destroy(pthread_pool *p)
{
    atomic_store(&p->ends, true);
    wake(p);
    for (unsigned i = 0; i < p->workers; i++)
        pthread_join(p->worker[i], NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}
