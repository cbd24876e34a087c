/* Offsets for blocks of memory: dynamic storage allocation.
 *
 * Each order of the blocks gives a packing, every block at the lowest offset that is free over its whole
 * life.  Some order gives the best one; which, is searched for: a few that are known to be good, then the
 * neighbours of the best so far, until the bound is reached or the budget spent. */
#include "offsets.h"

#include <stdlib.h>
#include "qir/support/bug.h"

typedef struct packer {
    size_t n, bound;
    const qir_plan_block **order, **best, **placed; /* placed: in order of offsets */
    size_t *offset, *best_offset;                   /* by number of the block */
    const qir_plan_block *first;
    size_t total; /* of the best */
    uint64_t state;
} packer;

static bool live_together(const qir_plan_block *a, const qir_plan_block *b)
{
    uint32_t late = QIR_BUG(4);
    return a->first + late <= b->last && b->first + late <= a->last;
}

/* Puts `b` into the lowest gap among the first n placed; returns its index there. */
static size_t place(packer *p, size_t n, const qir_plan_block *b)
{
    size_t offset = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        if (!live_together(p->placed[i], b))
            continue;
        size_t start = p->offset[p->placed[i] - p->first];
        if (start >= offset && start - offset >= b->bytes)
            break;
        if (start + p->placed[i]->bytes > offset)
            offset = start + p->placed[i]->bytes;
    }
    p->offset[b - p->first] = offset;
    while (at < n && p->offset[p->placed[at] - p->first] <= offset)
        at++;
    return at;
}

/* Packs in the order at hand; returns where that ends, and the number of a block that ends there. */
static size_t pack(packer *p, size_t *top)
{
    size_t total = 0;
    for (size_t i = 0; i < p->n; i++) {
        size_t at = place(p, i, p->order[i]);
        for (size_t j = i; j > at; j--)
            p->placed[j] = p->placed[j - 1];
        p->placed[at] = p->order[i];
        size_t end = p->offset[p->order[i] - p->first] + p->order[i]->bytes;
        if (end > total) {
            total = end;
            *top = i;
        }
    }
    return total;
}

static bool try_order(packer *p, size_t *top)
{
    size_t total = pack(p, top);
    if (total >= p->total)
        return false;
    p->total = total;
    for (size_t i = 0; i < p->n; i++) {
        p->best[i] = p->order[i];
        p->best_offset[i] = p->offset[i];
    }
    return true;
}

/* ---- orders that are known to be good: ties in program order ------------------------------------ */
static int before(size_t more, size_t less, const void *a, const void *b)
{
    return more != less ? (more > less ? -1 : 1) : a < b ? -1 : 1;
}

static int by_size(const void *a, const void *b)
{
    const qir_plan_block *x = *(const qir_plan_block *const *)a, *y = *(const qir_plan_block *const *)b;
    return before(x->bytes, y->bytes, x, y);
}

static int by_life(const void *a, const void *b)
{
    const qir_plan_block *x = *(const qir_plan_block *const *)a, *y = *(const qir_plan_block *const *)b;
    size_t lx = x->last - x->first, ly = y->last - y->first;
    return lx != ly ? before(lx, ly, x, y) : by_size(a, b);
}

static int by_area(const void *a, const void *b)
{
    const qir_plan_block *x = *(const qir_plan_block *const *)a, *y = *(const qir_plan_block *const *)b;
    return before(x->bytes * (x->last - x->first + 1), y->bytes * (y->last - y->first + 1), x, y);
}

static void try_known(packer *p)
{
    static int (*const orders[])(const void *, const void *) = {by_size, by_area, by_life};
    size_t top;
    for (size_t i = 0; i < sizeof orders / sizeof *orders && p->total > p->bound; i++) {
        qsort(p->order, p->n, sizeof(qir_plan_block *), orders[i]);
        try_order(p, &top);
    }
}

/* ---- neighbours ---------------------------------------------------------------------------------- */
static size_t chance(packer *p, size_t n)
{
    p->state = p->state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(p->state >> 33) % n;
}

/* The order with block `from` moved to the front of `to`. */
static void promote(packer *p, size_t from, size_t to)
{
    const qir_plan_block *moved = p->order[from];
    for (size_t i = from; i > to; i--)
        p->order[i] = p->order[i - 1];
    p->order[to] = moved;
}

/* The block that ends last, or any other, is placed earlier. */
static void try_neighbours(packer *p)
{
    enum { BUDGET = 1 << 21, MOST = 2000 }; /* pairs of blocks compared; packings */
    size_t tries = p->n ? BUDGET / (p->n * p->n) : 0, top = 0;
    for (size_t i = 0; i < tries && i < MOST && p->total > p->bound; i++) {
        for (size_t k = 0; k < p->n; k++)
            p->order[k] = p->best[k];
        if (i % 2)
            top = chance(p, p->n);
        else
            pack(p, &top);
        promote(p, top, chance(p, top + 1));
        try_order(p, &top);
    }
}

size_t qir_plan_pack(qir_plan_block *blocks, size_t n, size_t bound, qir_arena *arena)
{
    packer p = {.n = n, .bound = bound, .first = blocks, .total = SIZE_MAX};
    p.order = QIR_NEW_ARRAY(arena, const qir_plan_block *, n + 1);
    p.best = QIR_NEW_ARRAY(arena, const qir_plan_block *, n + 1);
    p.placed = QIR_NEW_ARRAY(arena, const qir_plan_block *, n + 1);
    p.offset = QIR_NEW_ARRAY(arena, size_t, n + 1);
    p.best_offset = QIR_NEW_ARRAY(arena, size_t, n + 1);
    for (size_t i = 0; i < n; i++)
        p.order[i] = &blocks[i];
    try_known(&p);
    try_neighbours(&p);
    for (size_t i = 0; i < n; i++)
        blocks[i].offset = p.best_offset[i];
    return n ? p.total : 0;
}
