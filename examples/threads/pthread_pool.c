/* A mutex guards everything; idle threads look for work for a while before they sleep, because a model
 * asks for the next tasks within microseconds and waking a thread takes longer than that. */
#include "pthread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { LOOKS = 2000 };

struct pthread_pool {
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    void (*task)(void *arg, unsigned index);
    void *arg;
    unsigned next, count, running; /* tasks: the next to start, all, those started and not done */
    bool ends;
    atomic_uint calls; /* changes when there is work */
    unsigned workers;
    pthread_t worker[];
};

/* Tasks, one after the other, while there are any.  The mutex is held before and after. */
static void run_tasks(pthread_pool *p)
{
    while (p->next < p->count) {
        unsigned index = p->next++;
        p->running++;
        pthread_mutex_unlock(&p->mutex);
        p->task(p->arg, index);
        pthread_mutex_lock(&p->mutex);
        p->running--;
    }
    if (!p->running)
        pthread_cond_signal(&p->done);
}

static void *work(void *user)
{
    pthread_pool *p = user;
    unsigned seen = 0;
    pthread_mutex_lock(&p->mutex);
    while (!p->ends) {
        run_tasks(p);
        seen = atomic_load(&p->calls);
        pthread_mutex_unlock(&p->mutex);
        for (int i = 0; i < LOOKS && atomic_load(&p->calls) == seen; i++)
            sched_yield();
        pthread_mutex_lock(&p->mutex);
        while (!p->ends && p->next >= p->count)
            pthread_cond_wait(&p->work, &p->mutex);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

void pthread_pool_for(void *pool, void (*task)(void *arg, unsigned index), void *arg, unsigned count)
{
    pthread_pool *p = pool;
    pthread_mutex_lock(&p->mutex);
    p->task = task;
    p->arg = arg;
    p->next = 0;
    p->count = count;
    atomic_fetch_add(&p->calls, 1);
    pthread_cond_broadcast(&p->work);
    run_tasks(p);
    while (p->running)
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
    atomic_fetch_add(&p->calls, 1);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mutex);
    for (unsigned i = 0; i < p->workers; i++)
        pthread_join(p->worker[i], NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}
