/* Three models and eight threads in one program, for the thread sanitizer:
 *     app          each model on pools of eight threads, then all three on each of eight threads
 *     app race     eight threads with one scratch memory, which is wrong */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "digits.h"
#include "pthread_pool.h"
#include "text.h"
#include "vision.h"

enum { THREADS = 8, ROUNDS = 5, MOST = 8 };

typedef struct model {
    const qcc_model_info *info;
    size_t scratch_bytes;
    int (*run_mt)(const void *in, const void *out, void *scratch, size_t bytes, const qcc_pool *pool);
} model;

#define RUN_MT(name)                                                                               \
    static int name##_on(const void *in, const void *out, void *scratch, size_t bytes,             \
                         const qcc_pool *pool)                                                     \
    {                                                                                              \
        return name##_run_mt((const name##_inputs *)in, (const name##_outputs *)out, scratch,      \
                             bytes, pool);                                                         \
    }
RUN_MT(digits)
RUN_MT(text)
RUN_MT(vision)

static const model models[] = {
    {&digits_info, DIGITS_SCRATCH_BYTES_MT(THREADS), digits_on},
    {&text_info, TEXT_SCRATCH_BYTES_MT(THREADS), text_on},
    {&vision_info, VISION_SCRATCH_BYTES_MT(THREADS), vision_on},
};
enum { MODELS = sizeof models / sizeof *models };

/* Buffers of one call. */
typedef struct buffers {
    void *in[MOST], *out[MOST], *scratch;
} buffers;

static void *shared_scratch[MODELS];

static void *allocate(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!p)
        exit(2);
    return p;
}

static void prepare(const model *m, buffers *b)
{
    const qcc_tensor_info *t = m->info->tensors;
    for (uint32_t i = 0; i < m->info->input_count; i++, t++) {
        float *v = b->in[i] = allocate(t->bytes);
        for (size_t k = 0; k < t->bytes / sizeof *v; k++)
            v[k] = (float)((k * 37 + i) % 101) / 101.0f;
    }
    for (uint32_t i = 0; i < m->info->output_count; i++, t++)
        b->out[i] = allocate(t->bytes);
    b->scratch = allocate(m->scratch_bytes);
}

static void release(const model *m, buffers *b)
{
    for (uint32_t i = 0; i < m->info->input_count; i++)
        free(b->in[i]);
    for (uint32_t i = 0; i < m->info->output_count; i++)
        free(b->out[i]);
    free(b->scratch);
}

static int same(const model *m, const buffers *a, const buffers *b)
{
    int all = 1;
    for (uint32_t i = 0; i < m->info->output_count; i++)
        all = all && !memcmp(a->out[i], b->out[i], m->info->tensors[m->info->input_count + i].bytes);
    return all;
}

/* --- a pool whose tasks are threads: no two have an order ------------------------------------- */
typedef struct one_task {
    pthread_t thread;
    void (*task)(void *arg, unsigned index);
    void *arg;
    unsigned index;
} one_task;

static void *run_task(void *user)
{
    one_task *t = user;
    t->task(t->arg, t->index);
    return NULL;
}

static void as_threads(void *user, void (*task)(void *arg, unsigned index), void *arg, unsigned count)
{
    one_task t[THREADS];
    (void)user;
    for (unsigned i = 0; i < count; i++) {
        t[i] = (one_task){.task = task, .arg = arg, .index = i};
        if (pthread_create(&t[i].thread, NULL, run_task, &t[i]))
            exit(2);
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(t[i].thread, NULL);
}

/* --- models ----------------------------------------------------------------------------------- */
/* One model, alone and on pools, as 2 to 8 tasks. */
static int on_pools(const model *m, pthread_pool *threads)
{
    buffers one, many;
    prepare(m, &one);
    prepare(m, &many);
    int ok = !m->info->run(one.in, one.out, one.scratch, m->scratch_bytes);
    for (unsigned n = 2; ok && n <= THREADS; n++) {
        qcc_pool pools[] = {{threads, n, pthread_pool_for}, {NULL, n, as_threads}};
        for (int i = 0; ok && i < 2; i++)
            ok = !m->run_mt(many.in, many.out, many.scratch, m->scratch_bytes, &pools[i]) &&
                 same(m, &one, &many);
    }
    release(m, &one);
    release(m, &many);
    return ok;
}

/* All models on this thread. */
static void *on_thread(void *wrong)
{
    for (int i = 0; i < MODELS; i++) {
        buffers b;
        prepare(&models[i], &b);
        void *scratch = wrong ? shared_scratch[i] : b.scratch;
        for (int round = 0; round < ROUNDS; round++)
            models[i].info->run(b.in, b.out, scratch, models[i].scratch_bytes);
        release(&models[i], &b);
    }
    return NULL;
}

static void on_threads(int wrong)
{
    pthread_t thread[THREADS];
    for (int i = 0; i < MODELS; i++)
        shared_scratch[i] = allocate(models[i].scratch_bytes);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, on_thread, wrong ? &shared_scratch : NULL))
            exit(2);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < MODELS; i++)
        free(shared_scratch[i]);
}

int main(int argc, char **argv)
{
    (void)argv;
    pthread_pool *threads = pthread_pool_create(THREADS);
    if (!threads)
        return 2;
    for (int i = 0; i < MODELS && argc == 1; i++)
        printf("%s on pools: same %d\n", models[i].info->name, on_pools(&models[i], threads));
    pthread_pool_destroy(threads);
    on_threads(argc > 1);
    printf("done\n");
    return 0;
}
