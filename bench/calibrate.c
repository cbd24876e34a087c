/* Measures what this machine can do right now.  First line: `ready` and the names of the bursts that
 * the CPU has.  Then, for each line of standard input, a line with a number:
 *     burst NAME THREADS              products per second of all threads, in 10^9
 *     tiles NAME MILLISECONDS THREADS the same of tiles (burst.h), for so long
 *     read BYTES THREADS              bytes per second that all threads read from BYTES each, in 10^9
 * Thread i runs on the i-th CPU that the process may use. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "burst.h"

enum { MOST_THREADS = 64, LINE = 64 };

typedef struct order {
    const burst *burst;  /* or NULL: read */
    double milliseconds; /* of tiles; 0: the short burst */
    size_t bytes;
} order;

typedef struct job {
    order what;
    unsigned index;
    pthread_barrier_t *start;
    double rate;
} job;

typedef uint64_t vector __attribute__((vector_size(LINE)));

static void pin(unsigned index)
{
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof all, &all))
        return;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all) && !index--)
            CPU_SET(cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}

/* Four independent sums, so that only memory is waited for. */
static void read_all(const vector *p, size_t bytes)
{
    vector a = {0}, b = {0}, c = {0}, d = {0};
    for (size_t i = 0; i + 4 <= bytes / sizeof *p; i += 4) {
        a += p[i];
        b += p[i + 1];
        c += p[i + 2];
        d += p[i + 3];
    }
    a += b + c + d;
    volatile uint64_t used = a[0] + a[1] + a[2] + a[3];
    (void)used;
}

static double read_rate(size_t bytes)
{
    size_t whole = (bytes + LINE - 1) / LINE * LINE;
    vector *memory = aligned_alloc(LINE, whole);
    if (!memory)
        return 0;
    memset(memory, 1, whole);
    double best = 0;
    for (int i = 0; i < 3; i++) {
        double start = seconds();
        read_all(memory, whole);
        double rate = 1e-9 * (double)whole / (seconds() - start);
        best = rate > best ? rate : best;
    }
    free(memory);
    return best;
}

static double rate_of(const order *o)
{
    if (!o->burst)
        return read_rate(o->bytes);
    return o->milliseconds > 0 ? burst_tiles(o->burst, o->milliseconds) : o->burst->run();
}

static void *work(void *arg)
{
    job *j = arg;
    pin(j->index);
    pthread_barrier_wait(j->start);
    j->rate = rate_of(&j->what);
    return NULL;
}

static double total(order what, unsigned threads)
{
    pthread_barrier_t start;
    pthread_t thread[MOST_THREADS];
    job jobs[MOST_THREADS];
    double rate = 0;
    pthread_barrier_init(&start, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        jobs[i] = (job){what, i, &start, 0};
        if (pthread_create(&thread[i], NULL, work, &jobs[i]))
            exit(1);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        rate += jobs[i].rate;
    }
    pthread_barrier_destroy(&start);
    return rate;
}

static const burst *find(const char *name)
{
    for (const burst *b = bursts; b->name; b++)
        if (!strcmp(b->name, name) && b->usable())
            return b;
    return NULL;
}

/* False: nothing that is known. */
static bool parse(const char *line, order *o, unsigned *threads)
{
    char name[32];
    *o = (order){0};
    if (sscanf(line, "read %zu %u", &o->bytes, threads) == 2)
        return o->bytes > 0;
    if (sscanf(line, "tiles %31s %lf %u", name, &o->milliseconds, threads) == 3)
        return o->milliseconds > 0 && (o->burst = find(name));
    return sscanf(line, "burst %31s %u", name, threads) == 2 && (o->burst = find(name));
}

int main(void)
{
    char line[128];
    order o;
    unsigned threads;
    printf("ready");
    for (const burst *b = bursts; b->name; b++)
        if (b->usable())
            printf(" %s", b->name);
    puts("");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        if (!parse(line, &o, &threads) || threads < 1 || threads > MOST_THREADS)
            return 2;
        printf("%.4f\n", total(o, threads));
        fflush(stdout);
    }
    return 0;
}
