/* A pool of POSIX threads for compiled models.
 *
 *     pthread_pool *threads = pthread_pool_create(4);
 *     qcc_pool pool = {threads, 4, pthread_pool_for};
 *     model_run_mt(&in, &out, scratch, MODEL_SCRATCH_BYTES_MT(4), &pool);
 *     pthread_pool_destroy(threads); */
#ifndef PTHREAD_POOL_H
#define PTHREAD_POOL_H

typedef struct pthread_pool pthread_pool;

/* `threads` counts the one that calls pthread_pool_for.  NULL: no memory, or no more threads. */
pthread_pool *pthread_pool_create(unsigned threads);
void pthread_pool_destroy(pthread_pool *pool);

/* Runs task(arg, i) for each i < count on the pool's threads and this one; returns when all are done.
 * One thread at a time may call this. */
void pthread_pool_for(void *pool, void (*task)(void *arg, unsigned index), void *arg, unsigned count);

#endif
