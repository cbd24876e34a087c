/* Times a compiled product of one row and a matrix (named m) beside reading as many bytes:
 *     gemv BYTES SECONDS
 * Every round reads BYTES once in wide loads and calls the model a few times.  Prints the fastest call in
 * microseconds and the fastest read in GB/s. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "burst.h"
#include "m.h"

enum { CALLS = 3, MIN_ROUNDS = 3, LINE = 64 };

static void *buffer(size_t bytes)
{
    void *p = aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE);
    if (!p)
        exit(1);
    memset(p, 1, (bytes + LINE - 1) / LINE * LINE);
    return p;
}

typedef uint64_t vector __attribute__((vector_size(32)));

/* Four independent sums, so that only memory is waited for. */
static double read_rate(const vector *p, size_t bytes)
{
    vector a = {0}, b = {0}, c = {0}, d = {0};
    double start = seconds();
    for (size_t i = 0; i + 4 <= bytes / sizeof *p; i += 4) {
        a += p[i];
        b += p[i + 1];
        c += p[i + 2];
        d += p[i + 3];
    }
    double t = seconds() - start;
    a += b + c + d;
    volatile uint64_t used = a[0] + a[1] + a[2] + a[3];
    (void)used;
    return 1e-9 * (double)bytes / t;
}

static double call_time(const m_inputs *in, const m_outputs *out, void *scratch)
{
    double start = seconds();
    if (m_run(in, out, scratch, M_SCRATCH_BYTES))
        exit(1);
    return seconds() - start;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    size_t bytes = strtoul(argv[1], NULL, 10);
    vector *memory = buffer(bytes);
    void *scratch = buffer(M_SCRATCH_BYTES);
    m_inputs in = {.x = buffer(M_INPUT_X_BYTES)};
    m_outputs out = {.y = buffer(M_OUTPUT_Y_BYTES)};
    double best = 1e9, rate = 0, end = seconds() + atof(argv[2]);
    for (int round = 0; round < MIN_ROUNDS || seconds() < end; round++) {
        double r = read_rate(memory, bytes);
        rate = r > rate ? r : rate;
        for (int i = 0; i < CALLS; i++) {
            double t = call_time(&in, &out, scratch);
            best = t < best ? t : best;
        }
    }
    printf("%.3f %.3f\n", 1e6 * best, rate);
    return 0;
}
