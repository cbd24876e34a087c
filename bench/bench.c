/* Times a compiled model (named m, one input, one output) beside the calibration burst:
 *     bench MMACS IN_BYTES OUT_BYTES [ROUNDS]
 * Every round runs one burst and a few calls; reported are minima and the median of the rounds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "burst.h"
#include "m.h"

enum { CALLS = 3 };

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
    if (argc < 4)
        return 2;
    double macs = 1e6 * atof(argv[1]), peak = 0;
    size_t rounds = argc > 4 ? strtoul(argv[4], NULL, 10) : 40;
    void *inputs[1] = {buffer(strtoul(argv[2], NULL, 10))};
    void *outputs[1] = {buffer(strtoul(argv[3], NULL, 10))};
    void *scratch = buffer(M_SCRATCH_BYTES);
    double *times = malloc(rounds * sizeof *times);
    m_inputs in;
    m_outputs out;
    memcpy(&in, inputs, sizeof in);
    memcpy(&out, outputs, sizeof out);
    for (size_t r = 0; times && r < rounds; r++) {
        double burst = burst_maddwd();
        peak = burst > peak ? burst : peak;
        times[r] = time_calls(&in, &out, scratch);
    }
    if (!times)
        return 1;
    qsort(times, rounds, sizeof *times, by_value);
    double rate = 1e-9 * macs / times[0];
    printf("level %s  min %.1f us  median %.1f us  %.1f GMAC/s  burst %.1f GMAC/s  share %.1f %%\n",
           m_isa(), 1e6 * times[0], 1e6 * times[rounds / 2], rate, peak, 100 * rate / peak);
    return 0;
}
