/* Chains of steps by first fit, the largest steps first: see qir/chains.h. */
#include "qir/chains.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = QIR_CHAIN_COLUMNS * QIR_CHAIN_K, LANES = STEP / 2, MOST = 128 };

/* Sums of the positive weights of each lane, then of the negative ones, without their sign. */
typedef struct load {
    uint8_t of[2 * LANES];
} load;

typedef struct step {
    int32_t offset, number;
    int8_t w[STEP];
    load load;
    int largest;
} step;

typedef struct chain {
    load load;
    int64_t length;
    const step *steps[QIR_CHAIN_MOST];
} chain;

static void weigh(step *s)
{
    for (unsigned i = 0; i < STEP; i++)
        s->load.of[(s->w[i] < 0 ? LANES : 0) + i / 2] += (uint8_t)abs(s->w[i]);
    for (unsigned i = 0; i < 2 * LANES; i++)
        s->largest = s->load.of[i] > s->largest ? s->load.of[i] : s->largest;
}

/* Moves what two weights of one sign have too much from the larger one to `rest`. */
static void split_pair(int8_t *w, int8_t *rest)
{
    int sum = w[0] + w[1], excess = abs(sum) - MOST;
    if ((w[0] < 0) != (w[1] < 0) || excess <= 0)
        return;
    unsigned i = abs(w[1]) > abs(w[0]);
    int8_t part = (int8_t)(sum < 0 ? -excess : excess);
    w[i] = (int8_t)(w[i] - part);
    rest[i] = part;
}

static void add_step(step *steps, int64_t *n, int32_t offset, const int8_t *w)
{
    static const int8_t zeros[STEP];
    if (!memcmp(w, zeros, STEP))
        return;
    step *s = &steps[*n];
    *s = (step){.offset = offset, .number = (int32_t)*n};
    memcpy(s->w, w, STEP);
    weigh(s);
    ++*n;
}

/* The steps of a block; at most two for each group of k. */
static int64_t cut(const int8_t *packed, int64_t groups, step *steps)
{
    int64_t n = 0;
    for (int64_t k = 0; k < groups; k++) {
        int8_t w[STEP], rest[STEP] = {0};
        memcpy(w, packed + k * STEP, STEP);
        for (unsigned i = 0; i < STEP; i += 2)
            split_pair(w + i, rest + i);
        add_step(steps, &n, (int32_t)k * QIR_CHAIN_K, w);
        add_step(steps, &n, (int32_t)k * QIR_CHAIN_K, rest);
    }
    return n;
}

static int by_load(const void *a, const void *b)
{
    const step *x = a, *y = b;
    return x->largest != y->largest ? y->largest - x->largest : x->number - y->number;
}

static bool fits(const load *a, const load *b)
{
    bool ok = true;
    for (unsigned i = 0; i < 2 * LANES; i++)
        ok &= a->of[i] + b->of[i] <= MOST;
    return ok;
}

static void put(chain *c, const step *s)
{
    c->steps[c->length++] = s;
    for (unsigned i = 0; i < 2 * LANES; i++)
        c->load.of[i] = (uint8_t)(c->load.of[i] + s->load.of[i]);
}

/* Returns how many chains the steps make; those before `from` are full. */
static int64_t fill(const step *steps, int64_t n, int64_t length, chain *chains)
{
    int64_t count = 0, from = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t c = from;
        while (c < count && (chains[c].length == length || !fits(&chains[c].load, &steps[i].load)))
            c++;
        if (c == count)
            chains[count++] = (chain){.length = 0};
        put(&chains[c], &steps[i]);
        while (from < count && chains[from].length == length)
            from++;
    }
    return count;
}

static int64_t block_chains(const int8_t *packed, int64_t groups, int64_t length, step *steps, chain *chains)
{
    int64_t n = cut(packed, groups, steps);
    qsort(steps, (size_t)n, sizeof *steps, by_load);
    return fill(steps, n, length, chains);
}

static void store(qir_chains *out, int64_t at, const chain *chains, int64_t count)
{
    for (int64_t i = 0; i < count * out->length; i++, at++) {
        const chain *c = &chains[i / out->length];
        if (i % out->length >= c->length)
            continue;
        const step *s = c->steps[i % out->length];
        out->offset[at] = s->offset;
        memcpy(out->weights + at * STEP, s->w, STEP);
    }
}

/* Counts chains, and stores them where there is room. */
static void make(qir_arena *arena, const int8_t *packed, int64_t groups, qir_chains *c)
{
    step *steps = QIR_NEW_ARRAY(arena, step, (size_t)(2 * groups));
    chain *chains = QIR_NEW_ARRAY(arena, chain, (size_t)(2 * groups));
    int64_t done = 0;
    for (int64_t b = 0; b < c->blocks; b++) {
        int64_t count = block_chains(packed + b * groups * STEP, groups, c->length, steps, chains);
        if (c->weights)
            store(c, done * c->length, chains, count);
        done += count ? count : 1; /* a chain of zeros */
        c->first[b + 1] = (int32_t)done;
    }
    c->count = done;
}

int64_t qir_chains_count(qir_arena *arena, const int8_t *packed, int64_t blocks, int64_t groups, int64_t length)
{
    qir_chains c = {.length = length, .blocks = blocks};
    c.first = QIR_NEW_ARRAY(arena, int32_t, (size_t)blocks + 1);
    make(arena, packed, groups, &c);
    return c.count;
}

void qir_chains_make(qir_arena *arena, const int8_t *packed, int64_t blocks, int64_t groups, int64_t length,
                     qir_chains *c)
{
    size_t steps = (size_t)(length * qir_chains_count(arena, packed, blocks, groups, length));
    *c = (qir_chains){.length = length, .blocks = blocks};
    c->first = QIR_NEW_ARRAY(arena, int32_t, (size_t)blocks + 1);
    c->offset = QIR_NEW_ARRAY(arena, int32_t, steps);
    c->weights = QIR_NEW_ARRAY(arena, int8_t, steps * STEP);
    make(arena, packed, groups, c);
}
