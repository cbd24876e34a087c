/* Chains of steps: every weight is in them, once or in two parts, and the lanes of no chain can leave i16.
 * RUN: unit-chains | FileCheck %s
 */
#include "qir/chains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 2, GROUPS = 40, STEP = QIR_CHAIN_COLUMNS * QIR_CHAIN_K };

static qir_arena *arena;
static int8_t packed[BLOCKS * GROUPS * STEP];

static uint32_t next_random(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

/* `zeros` of 16 weights are 0, `extremes` at an end of the range, the others up to `most`. */
static void draw(unsigned zeros, unsigned extremes, int most)
{
    for (size_t i = 0; i < sizeof packed; i++) {
        unsigned r = next_random() % 16;
        int v = (int)(next_random() % (2u * (unsigned)most + 1)) - most;
        packed[i] = (int8_t)(r < zeros ? 0 : r < zeros + extremes ? (next_random() % 2 ? 127 : -128) : v);
    }
}

/* The operands are 255 where the weights of a lane have one sign, else 0. */
static int lane_fits(const int8_t *w, int64_t length, unsigned lane, int sign)
{
    int sum = 0;
    for (int64_t s = 0; s < length; s++)
        for (unsigned i = 0; i < 2; i++) {
            int v = w[s * STEP + 2 * lane + i];
            sum += v * sign > 0 ? 255 * v : 0;
        }
    return sum >= INT16_MIN && sum <= INT16_MAX;
}

static int chain_fits(const int8_t *w, int64_t length)
{
    int ok = 1;
    for (unsigned lane = 0; lane < STEP / 2; lane++)
        ok &= lane_fits(w, length, lane, 1) && lane_fits(w, length, lane, -1);
    return ok;
}

/* What the steps of a block add up to, against what was packed. */
static int same_weights(const qir_chains *c, int64_t block)
{
    static int sum[GROUPS * STEP];
    memset(sum, 0, sizeof sum);
    for (int64_t s = c->first[block] * c->length; s < c->first[block + 1] * c->length; s++)
        for (int i = 0; i < STEP; i++)
            sum[c->offset[s] / QIR_CHAIN_K * STEP + i] += c->weights[s * STEP + i];
    for (int i = 0; i < GROUPS * STEP; i++)
        if (sum[i] != packed[block * GROUPS * STEP + i])
            return 0;
    return 1;
}

static void check(const char *name, int64_t length)
{
    qir_chains c;
    qir_chains_make(arena, packed, BLOCKS, GROUPS, length, &c);
    int fits = 1, same = 1;
    for (int64_t i = 0; i < c.count; i++)
        fits &= chain_fits(c.weights + i * length * STEP, length);
    for (int64_t b = 0; b < BLOCKS; b++)
        same &= same_weights(&c, b) && c.first[b] < c.first[b + 1];
    printf("%s %lld: %lld chains, fit %d, same %d\n", name, (long long)length, (long long)c.count, fits, same);
}

/* Two blocks of 40 steps: chains of 8 are full, 10 in all, where weights are tiny; full ranges need two steps for
 * a pair, each a chain of its own.
 * CHECK: tiny 8: 10 chains, fit 1, same 1
 * CHECK-NEXT: sparse 8: {{[0-9]+}} chains, fit 1, same 1
 * CHECK-NEXT: dense 4: {{[0-9]+}} chains, fit 1, same 1
 * CHECK-NEXT: least 2: 160 chains, fit 1, same 1
 * CHECK-NEXT: zeros 3: 2 chains, fit 1, same 1
 */
int main(void)
{
    arena = qir_arena_create(NULL, NULL);
    draw(0, 0, 2);
    check("tiny", 8);
    draw(12, 1, 20);
    check("sparse", 8);
    draw(1, 4, 127);
    check("dense", 4);
    memset(packed, -128, sizeof packed);
    check("least", 2);
    memset(packed, 0, sizeof packed);
    check("zeros", 3);
    qir_arena_destroy(arena);
    return 0;
}
