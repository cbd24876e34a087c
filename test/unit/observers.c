/* Observers against PyTorch: repeats the batches of test/quant/gen_observer_oracle.py and compares
 * range, scale and zero point of every line of observer-oracle.txt, bit for bit.
 *
 * RUN: unit-observers %src/test/quant/observer-oracle.txt | FileCheck %s
 * CHECK: 48 of 48 observers agree
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/observer.h"

static double unit(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / 16777216.0;
}

static float value(uint64_t *state, const char *shape, double spread, double offset)
{
    double u = unit(state);
    if (strcmp(shape, "normal") == 0) {
        for (int i = 0; i < 3; i++)
            u += unit(state);
        u = u / 4 - 0.5;
    } else if (strcmp(shape, "tail") == 0) {
        double v = 2 * u - 1;
        u = v * v * v * v * v;
    } else if (strcmp(shape, "relu") == 0) {
        u = u + unit(state) - 1;
        u = u > 0.0 ? u : 0.0;
    } else if (strcmp(shape, "point") == 0) {
        u = 1.0;
    }
    double product = u * spread;
    return (float)(product + offset);
}

static void add_batch(qir_observer *o, uint64_t *state, const char *text)
{
    int count;
    double spread, offset;
    char shape[16];
    if (sscanf(text, "%d:%lf:%lf:%15s", &count, &spread, &offset, shape) != 4)
        return;
    float *x = malloc((size_t)count * sizeof *x);
    for (int i = 0; i < count; i++)
        x[i] = value(state, shape, spread, offset);
    qir_observer_add(o, x, count);
    free(x);
}

/* One line of the oracle; true if all four numbers are equal. */
static bool agrees(qir_context *ctx, char *line)
{
    char *save = NULL, *kind = strtok_r(line, " ", &save);
    int symmetric = atoi(strtok_r(NULL, " ", &save));
    float eps = strtof(strtok_r(NULL, " ", &save), NULL);
    uint64_t state = strtoull(strtok_r(NULL, " ", &save), NULL, 10);
    int batches = atoi(strtok_r(NULL, " ", &save));
    qir_observer o;
    qir_observer_choice choice;
    if (!qir_observer_choose(ctx, NULL, kind, strlen(kind), &choice))
        return false;
    qir_observer_init(&o, choice, qir_context_arena(ctx));
    for (int i = 0; i < batches; i++)
        add_batch(&o, &state, strtok_r(NULL, " ", &save));
    float want_lo, want_hi, want_scale, lo, hi, scale;
    int want_zp, zp;
    if (sscanf(save, "= %f %f %f %d", &want_lo, &want_hi, &want_scale, &want_zp) != 4)
        return false;
    qir_observer_goal goal = {{symmetric ? -127 : -128, 127, symmetric, eps}, 8};
    qir_observer_range(&o, &goal, &lo, &hi);
    qir_choose_qparams(&goal.range, lo, hi, &scale, &zp);
    bool ok = lo == want_lo && hi == want_hi && scale == want_scale && zp == want_zp;
    if (!ok)
        printf("seed %d %s: [%a, %a] %a %d, expected [%a, %a] %a %d\n", (int)batches, kind,
               (double)lo, (double)hi, (double)scale, zp, (double)want_lo, (double)want_hi,
               (double)want_scale, want_zp);
    return ok;
}

int main(int argc, char **argv)
{
    FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!f)
        return 2;
    qir_context *ctx = qir_context_create(NULL, NULL);
    char line[4096];
    int lines = 0, good = 0;
    while (fgets(line, sizeof line, f)) {
        lines++;
        good += agrees(ctx, line);
    }
    fclose(f);
    qir_context_destroy(ctx);
    printf("%d of %d observers agree\n", good, lines);
    return good == lines ? 0 : 1;
}
