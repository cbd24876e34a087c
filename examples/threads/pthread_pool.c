/* A mutex guards everything.  Who has nothing to do looks at a counter for some microseconds before it
 * sleeps: a model has its next tasks that soon, and waking a thread takes longer. */
#include "pthread_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { LOOKS = 20000 };

struct pthread_pool {
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    void (*task)(void *arg, unsigned index);
    void *arg;
    unsigned next, count; /* tasks: the next to start, all */
    atomic_uint left;     /* that have not returned */
    atomic_uint calls;    /* of pthread_pool_for; one more ends the threads */
    bool ends;
    unsigned workers;
    pthread_t worker[];
};

/* Looks until the counter is (or is no longer) `value`. */
static void look(atomic_uint *counter, unsigned value, bool is)
{
    for (int i = 0; i < LOOKS && (atomic_load(counter) == value) != is; i++)
        ;
}

/* Tasks, one after the other, while there are any.  The mutex is held before and after. */
static void run_tasks(pthread_pool *p)
{
    while (p->next < p->count) {
        unsigned index = p->next++;
        pthread_mutex_unlock(&p->mutex);
        p->task(p->arg, index);
        pthread_mutex_lock(&p->mutex);
        if (atomic_fetch_sub(&p->left, 1) == 1)
            pthread_cond_signal(&p->done);
    }
}

static void *work(void *user)
{
    pthread_pool *p = user;
    pthread_mutex_lock(&p->mutex);
    while (!p->ends) {
        run_tasks(p);
        unsigned seen = atomic_load(&p->calls);
        pthread_mutex_unlock(&p->mutex);
        look(&p->calls, seen, false);
        pthread_mutex_lock(&p->mutex);
        while (atomic_load(&p->calls) == seen)
            pthread_cond_wait(&p->work, &p->mutex);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

static void wake(pthread_pool *p)
{
    atomic_fetch_add(&p->calls, 1);
    pthread_cond_broadcast(&p->work);
}

void pthread_pool_for(void *pool, void (*task)(void *arg, unsigned index), void *arg, unsigned count)
{
    pthread_pool *p = pool;
    pthread_mutex_lock(&p->mutex);
    p->task = task;
    p->arg = arg;
    p->next = 0;
    p->count = count;
    atomic_store(&p->left, count);
    if (count > 1)
        wake(p);
    run_tasks(p);
    pthread_mutex_unlock(&p->mutex);
    look(&p->left, 0, true);
    pthread_mutex_lock(&p->mutex);
    while (atomic_load(&p->left))
        pthread_cond_wait(&p->done, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
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
    pthread_mutex_lock(&p->mutex);
    p->ends = true;
    wake(p);
    pthread_mutex_unlock(&p->mutex);
    for (unsigned i = 0; i < p->workers; i++)
        pthread_join(p->worker[i], NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}
