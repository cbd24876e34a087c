/* Observers against PyTorch and ONNX Runtime: repeats the tensors of gen_observer_oracle.py in
 * test/quant and compares every answer of the oracle files bit for bit.
 *
 * RUN: unit-observers %src/test/quant/observer-oracle.txt | FileCheck %s
 * CHECK-NOT: differs
 * CHECK: minmax/a: 219 equal, 0 differ, 1 without an answer
 * CHECK: minmax/s: 220 equal, 0 differ, 0 without an answer
 * CHECK: moving-average/a: 219 equal, 0 differ, 1 without an answer
 * CHECK: histogram/a: 219 equal, 0 differ, 1 without an answer
 * CHECK: minmax/c: 215 equal, 0 differ, 5 without an answer
 * CHECK: moving-average:0.25/c: 215 equal, 0 differ, 5 without an answer
 *
 * RUN: unit-observers %src/test/quant/observer-oracle-ort.txt | FileCheck %s -check-prefix=ORT
 * ORT-NOT: differs
 * ORT: percentile/a: 214 equal, 0 differ, 6 without an answer
 * ORT: percentile:95/a: 214 equal, 0 differ, 6 without an answer
 * ORT: entropy/a: 202 equal, 0 differ, 18 without an answer
 * ORT: entropy:400/a: 186 equal, 0 differ, 34 without an answer
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/observer.h"

enum { CHANNELS = 3, COLUMNS = 8 };

static double unit(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / 16777216.0;
}

static float value(uint64_t *state, const char *shape, double spread, double offset)
{
    double u = unit(state);
    if (strcmp(shape, "normal") == 0 || strcmp(shape, "spike") == 0) {
        for (int i = 0; i < 3; i++)
            u += unit(state);
        u = u / 4 - 0.5;
        if (shape[0] == 's' && unit(state) < 0.004)
            u *= 100;
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

/* One column of the file: kind/scheme. */
typedef struct column {
    const char *name;
    qir_observer_choice choice;
    qir_observer_goal goal;
    int channels, equal, differ, without;
    bool ok; /* the values could be counted */
    qir_observer cells[CHANNELS];
} column;

static bool parse_column(qir_context *ctx, char *text, column *out)
{
    char *slash = strchr(text, '/');
    *out = (column){.name = text, .channels = 1, .goal = {{-128, 127, false, 0x1p-12f}, 8}};
    if (!slash || !qir_observer_choose(ctx, NULL, text, (size_t)(slash - text), &out->choice))
        return false;
    if (slash[1] == 'c')
        out->channels = CHANNELS;
    if (slash[1] == 's') {
        out->goal.range.symmetric = true;
        out->goal.range.qmin = -127;
    }
    return true;
}

/* Value i of a tensor belongs to channel i % channels; an incomplete row is left out. */
static void add_tensor(column *c, const float *x, int count)
{
    static float channel[1 << 15];
    for (int k = 0; k < c->channels; k++) {
        int n = 0;
        for (int row = 0; row < count / c->channels; row++)
            channel[n++] = x[row * c->channels + k];
        c->ok = qir_observer_add(&c->cells[k], channel, n) && c->ok;
    }
}

static void add_batch(column *columns, int n, uint64_t *state, const char *text)
{
    static float x[1 << 15];
    int count;
    double spread, offset;
    char shape[16];
    if (sscanf(text, "%d:%lf:%lf:%15s", &count, &spread, &offset, shape) != 4)
        return;
    for (int i = 0; i < count; i++)
        x[i] = value(state, shape, spread, offset);
    for (int i = 0; i < n; i++)
        add_tensor(&columns[i], x, count);
}

static bool is_equal(float got, const char *want)
{
    float f;
    uint32_t bits = (uint32_t)strtoul(want, NULL, 16);
    memcpy(&f, &bits, sizeof f);
    return got == f;
}

/* Answer of one channel: lo hi, and of PyTorch scale and zero point too. */
static bool agrees(const column *c, int channel, bool torch, char **save)
{
    float lo = 0.0f, hi = 0.0f, scale;
    int32_t zp;
    if (c->cells[channel].batches > 0)
        qir_observer_range(&c->cells[channel], &c->goal, &lo, &hi);
    qir_choose_qparams(&c->goal.range, lo, hi, &scale, &zp);
    const char *word[4] = {0}; /* all of them are read, whatever the first says */
    for (int i = 0; i < (torch ? 4 : 2); i++)
        word[i] = strtok_r(NULL, " \n", save);
    return is_equal(lo, word[0]) && is_equal(hi, word[1]) &&
           (!torch || (is_equal(scale, word[2]) && zp == atoi(word[3])));
}

static void compare(column *c, bool torch, int stream, char **save)
{
    bool ok = c->ok;
    if ((*save)[0] == '-' && (*save)[1] <= ' ') {
        strtok_r(NULL, " \n", save);
        c->without++;
        return;
    }
    for (int k = 0; k < c->channels; k++)
        ok = agrees(c, k, torch, save) && ok;
    if (!ok)
        printf("stream %d: %s differs\n", stream, c->name);
    *(ok ? &c->equal : &c->differ) += 1;
}

static void check_stream(qir_context *ctx, column *columns, int n, bool torch, char *line)
{
    qir_arena *arena = qir_context_new_arena(ctx);
    char *save = NULL, *word = strtok_r(line, " ", &save);
    uint64_t seed = strtoull(word, NULL, 10), state = seed;
    for (int i = 0; i < n; i++) {
        columns[i].ok = true;
        for (int k = 0; k < columns[i].channels; k++)
            qir_observer_init(&columns[i].cells[k], columns[i].choice, arena);
    }
    while (*(word = strtok_r(NULL, " ", &save)) != '=')
        add_batch(columns, n, &state, word);
    for (int i = 0; i < n; i++)
        compare(&columns[i], torch, (int)seed, &save);
    qir_arena_destroy(arena);
}

int main(int argc, char **argv)
{
    FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
    qir_context *ctx = qir_context_create(NULL, NULL);
    static char first[512], line[8192];
    static column columns[COLUMNS];
    int n = 0;
    if (!f || !fgets(first, sizeof first, f))
        return 2;
    for (char *save = NULL, *word = strtok_r(first, " \n", &save); word && n < COLUMNS;
         word = strtok_r(NULL, " \n", &save))
        if (!parse_column(ctx, word, &columns[n++]))
            return 2;
    bool torch = strncmp(columns[0].name, "minmax", 6) == 0; /* scale and zero point too */
    while (fgets(line, sizeof line, f))
        check_stream(ctx, columns, n, torch, line);
    fclose(f);
    for (int i = 0; i < n; i++)
        printf("%s: %d equal, %d differ, %d without an answer\n", columns[i].name,
               columns[i].equal, columns[i].differ, columns[i].without);
    qir_context_destroy(ctx);
    return 0;
}
