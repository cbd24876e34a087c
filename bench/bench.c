/* Times a compiled model (named m, one input, one output) beside the calibration burst:
 *     bench IN_BYTES OUT_BYTES SECONDS
 * Every round runs one burst and a few calls.  Prints the fastest call and the median of the rounds
 * in microseconds, the fastest burst in GMAC/s, and the scratch bytes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "burst.h"
#include "m.h"

enum { CALLS = 3, MIN_ROUNDS = 3, MAX_ROUNDS = 4000 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static unsigned char *buffer(size_t bytes)
{
    unsigned char *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p)
        exit(1);
    memset(p, 0, bytes);
    return p;
}

/* Fastest of CALLS calls in seconds. */
static double time_calls(const m_inputs *in, const m_outputs *out, void *scratch)
{
    double best = 1e9;
    for (int i = 0; i < CALLS; i++) {
        double start = seconds();
        if (m_run(in, out, scratch, M_SCRATCH_BYTES))
            exit(1);
        double t = seconds() - start;
        best = t < best ? t : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    void *inputs[1] = {buffer(strtoul(argv[1], NULL, 10))};
    void *outputs[1] = {buffer(strtoul(argv[2], NULL, 10))};
    void *scratch = buffer(M_SCRATCH_BYTES);
    static double times[MAX_ROUNDS];
    m_inputs in;
    m_outputs out;
    memcpy(&in, inputs, sizeof in);
    memcpy(&out, outputs, sizeof out);
    double peak = 0, end = seconds() + atof(argv[3]);
    size_t rounds = 0;
    while (rounds < MAX_ROUNDS && (rounds < MIN_ROUNDS || seconds() < end)) {
        double burst = burst_maddwd();
        peak = burst > peak ? burst : peak;
        times[rounds++] = time_calls(&in, &out, scratch);
    }
    qsort(times, rounds, sizeof *times, by_value);
    printf("%.3f %.3f %.2f %lu\n", 1e6 * times[0], 1e6 * times[rounds / 2], peak,
           (unsigned long)M_SCRATCH_BYTES);
    return 0;
}
