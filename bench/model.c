/* Runs a compiled model (named m, one input, one output) for bench/run:
 *     model THREADS
 * First line: `ready` and what it is as JSON, or `cannot` and why.  Then, for each line of standard input:
 *     time MILLISECONDS    one warm-up, then calls for that long: `CALLS MIN MEDIAN`, microseconds
 *     run IN OUT           every input in the file IN: results in the file OUT, `COUNT`
 * Built with -DTHREADS (from qcc -fthreads) it runs m_run_mt on a pool of POSIX threads. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "burst.h"
#include "m.h"
#ifdef THREADS
#include "pthread_pool.h"
#endif

enum { MIN_CALLS = 3, MAX_CALLS = 1 << 20, LINE = 64 };

typedef struct session {
    unsigned char *in, *out, *scratch;
    size_t scratch_bytes;
    m_inputs inputs;
    m_outputs outputs;
#ifdef THREADS
    qcc_pool pool;
#endif
} session;

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static unsigned char *buffer(size_t bytes)
{
    size_t whole = (bytes + LINE - 1) / LINE * LINE;
    unsigned char *p = aligned_alloc(LINE, whole ? whole : LINE);
    if (!p)
        exit(1);
    memset(p, 0, whole);
    return p;
}

static int call(const session *s)
{
#ifdef THREADS
    return m_run_mt(&s->inputs, &s->outputs, s->scratch, s->scratch_bytes, &s->pool);
#else
    return m_run(&s->inputs, &s->outputs, s->scratch, s->scratch_bytes);
#endif
}

#ifdef THREADS
/* The caller stays on the first CPU that it may use, the others on the rest: schedulers let two that wait for
 * each other share one for a long time. */
static pthread_pool *apart(unsigned threads)
{
    cpu_set_t first, rest;
    int cpu = 0;
    sched_getaffinity(0, sizeof rest, &rest);
    while (!CPU_ISSET(cpu, &rest))
        cpu++;
    if (CPU_COUNT(&rest) < 2)
        return pthread_pool_create(threads);
    CPU_ZERO(&first);
    CPU_SET(cpu, &first);
    CPU_CLR(cpu, &rest);
    sched_setaffinity(0, sizeof rest, &rest); /* threads inherit it */
    pthread_pool *pool = pthread_pool_create(threads);
    sched_setaffinity(0, sizeof first, &first);
    return pool;
}
#endif

static session prepare(unsigned threads)
{
    session s = {buffer(m_info.tensors[0].bytes), buffer(m_info.tensors[1].bytes), NULL,
                 M_SCRATCH_BYTES, {0}, {0},
#ifdef THREADS
                 {apart(threads), threads, pthread_pool_for}
#endif
    };
#ifdef THREADS
    s.scratch_bytes = M_SCRATCH_BYTES_MT(threads);
#endif
    (void)threads;
    s.scratch = buffer(s.scratch_bytes);
    memcpy(&s.inputs, &s.in, sizeof s.inputs);
    memcpy(&s.outputs, &s.out, sizeof s.outputs);
    return s;
}

static void time_calls(const session *s, double milliseconds)
{
    static float times[MAX_CALLS];
    size_t n = 0;
    call(s);
    double end = seconds() + 1e-3 * milliseconds, start = seconds();
    while (n < MAX_CALLS && (n < MIN_CALLS || start < end)) {
        call(s);
        double stop = seconds();
        times[n++] = (float)(1e6 * (stop - start));
        start = stop;
    }
    qsort(times, n, sizeof *times, by_value);
    printf("%zu %.3f %.3f\n", n, (double)times[0], (double)times[n / 2]);
}

static void run_file(const session *s, const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t count = 0;
    if (!in || !out)
        exit(1);
    while (fread(s->in, m_info.tensors[0].bytes, 1, in) == 1) {
        if (call(s) || fwrite(s->out, m_info.tensors[1].bytes, 1, out) != 1)
            exit(1);
        count++;
    }
    fclose(in);
    if (fclose(out))
        exit(1);
    printf("%zu\n", count);
}

int main(int argc, char **argv)
{
    if (argc != 2 || m_info.input_count != 1 || m_info.output_count != 1)
        return 2;
    session s = prepare((unsigned)atoi(argv[1]));
    int code = call(&s);
    if (code)
        printf("cannot m_run: %d%s\n", code, code == M_E_CPU ? ", this CPU lacks the level" : "");
    else
        printf("ready {\"program\": \"qcc %s\", \"scratch_bytes\": %zu, \"scratch_bound\": %lu}\n",
               m_isa(), s.scratch_bytes, (unsigned long)M_SCRATCH_BOUND);
    fflush(stdout);
    char line[4096], a[2048], b[2048];
    while (!code && fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "run %2047s %2047s", a, b) == 2)
            run_file(&s, a, b);
        else if (sscanf(line, "time %2047s", a) == 1)
            time_calls(&s, atof(a));
        else
            return 2;
        fflush(stdout);
    }
    return 0;
}
