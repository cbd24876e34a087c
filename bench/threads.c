/* Times a compiled model (named m, one input, one output) alone and on 1 to THREADS threads, in turns:
 *     threads IN_BYTES OUT_BYTES SECONDS THREADS
 * Prints the fastest call of m_run and of m_run_mt on 1, 2, ... threads in microseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "burst.h"
#include "m.h"
#include "pthread_pool.h"

enum { MOST = 64 };

static unsigned char *buffer(size_t bytes)
{
    unsigned char *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p)
        exit(1);
    memset(p, 0, bytes);
    return p;
}

typedef struct call {
    const m_inputs *in;
    const m_outputs *out;
    void *scratch;
} call;

/* The time of one call; pool NULL: m_run. */
static double time_call(const call *c, const qcc_pool *pool)
{
    double start = seconds();
    int code = pool ? m_run_mt(c->in, c->out, c->scratch, M_SCRATCH_BYTES_MT(MOST), pool)
                    : m_run(c->in, c->out, c->scratch, M_SCRATCH_BYTES);
    if (code)
        exit(1);
    return seconds() - start;
}

int main(int argc, char **argv)
{
    unsigned threads = argc == 5 ? (unsigned)atoi(argv[4]) : 0;
    if (threads < 1 || threads > MOST)
        return 2;
    void *inputs[1] = {buffer(strtoul(argv[1], NULL, 10))};
    void *outputs[1] = {buffer(strtoul(argv[2], NULL, 10))};
    m_inputs in;
    m_outputs out;
    memcpy(&in, inputs, sizeof in);
    memcpy(&out, outputs, sizeof out);
    call c = {&in, &out, buffer(M_SCRATCH_BYTES_MT(MOST))};
    double best[MOST + 1], end = seconds() + atof(argv[3]);
    for (unsigned n = 0; n <= threads; n++)
        best[n] = 1e9;
    while (seconds() < end)
        for (unsigned n = 0; n <= threads; n++) {
            pthread_pool *p = n ? pthread_pool_create(n) : NULL;
            qcc_pool pool = {p, n, pthread_pool_for};
            for (int i = 0; i < 5; i++) {
                double t = time_call(&c, n ? &pool : NULL);
                best[n] = t < best[n] ? t : best[n];
            }
            if (p)
                pthread_pool_destroy(p);
        }
    for (unsigned n = 0; n <= threads; n++)
        printf("%.1f%c", 1e6 * best[n], n < threads ? ' ' : '\n');
    return 0;
}
