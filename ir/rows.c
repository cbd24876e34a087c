/* What a region does when, and what memory that takes: see qir/rows.h.
 *
 * All follows from one question: of which rows are the results there at the end of a block?  The last op has made
 * `block` times as many as there were blocks, and every other as many as its reader has used. */
#include "qir/rows.h"

#include "kernel/kernel.h"
#include "qir/layout.h"
#include "qir/support/assert.h"
#include "qir/support/checked.h"

enum { ALIGN = 64, CALL_CYCLES = 60 };

static int64_t at_least_0(int64_t v)
{
    return v > 0 ? v : 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- the schedule ------------------------------------------------------------------------------- */
/* end[i]: rows of result i that are there after the block. */
static void ends_after(const qir_rows *r, int64_t block, int64_t *end)
{
    unsigned last = r->nsteps - 1;
    end[last] = least((block + 1) * r->block, r->step[last].height);
    for (unsigned i = last; i > 0; i--) {
        const qir_rows_step *s = &r->step[i];
        int64_t rows = end[i] ? (end[i] - 1) * s->stride + s->span - s->pad : 0;
        end[i - 1] = least(rows, s->in_height);
    }
}

/* start[i]: the first row of result i that the block takes, or anything that it takes. */
static void starts_of(const qir_rows *r, int64_t block, int64_t *start)
{
    unsigned last = r->nsteps - 1;
    start[last] = block * r->block;
    for (unsigned i = last; i > 0; i--)
        start[i - 1] = at_least_0(start[i] * r->step[i].stride - r->step[i].pad);
}

/* The row at the front of ring i in the block: the first that its reader will still use. */
static int64_t ring_base(const qir_rows *r, unsigned i, int64_t block)
{
    int64_t before[QIR_ROWS_STEPS];
    const qir_rows_step *reader = &r->step[i + 1];
    ends_after(r, block - 1, before);
    return least(at_least_0(before[i + 1] * reader->stride - reader->pad), before[i]);
}

qir_rows_part qir_rows_part_get(const qir_rows *r, unsigned i, int64_t block, bool cold)
{
    int64_t before[QIR_ROWS_STEPS], after[QIR_ROWS_STEPS];
    const qir_rows_step *s = &r->step[i];
    (cold ? starts_of : ends_after)(r, cold ? block : block - 1, before);
    ends_after(r, block, after);
    int64_t top = before[i] * s->stride - s->pad;
    int64_t bottom = (after[i] - 1) * s->stride + s->span - s->pad;
    qir_rows_part p = {.first = before[i], .end = after[i]};
    p.from = at_least_0(top);
    p.to = least(bottom, s->in_height);
    p.above = at_least_0(-top);
    p.below = at_least_0(bottom - s->in_height);
    if (i > 0)
        p.in_base = ring_base(r, i - 1, block) - r->step[i - 1].front;
    if (i + 1 < r->nsteps) {
        p.base = ring_base(r, i, block) - s->front;
        p.base_before = block ? ring_base(r, i, block - 1) - s->front : p.base;
        p.kept = cold ? before[i] : p.base + s->front;
    }
    return p;
}

bool qir_rows_same_op(const qir_rows_part *a, const qir_rows_part *b)
{
    return a->end - a->first == b->end - b->first && a->to - a->from == b->to - b->from &&
           a->above == b->above && a->below == b->below;
}

/* Is everything in block + 1 as in `block`, further down? */
static bool repeats(const qir_rows *r, int64_t block)
{
    for (unsigned i = 0; i < r->nsteps; i++) {
        qir_rows_part a = qir_rows_part_get(r, i, block, false);
        qir_rows_part b = qir_rows_part_get(r, i, block + 1, false);
        int64_t rows = r->step[i].rows, inner = i + 1 < r->nsteps ? rows : 0;
        if (!qir_rows_same_op(&a, &b) || b.first - a.first != rows ||
            b.from - a.from != rows * r->step[i].stride || b.base - a.base != inner ||
            b.base_before - a.base_before != inner)
            return false;
    }
    return true;
}

/* Does a cold start there meet no edge? */
static bool is_inside(const qir_rows *r, int64_t block)
{
    int64_t first = block * r->block;
    for (unsigned i = r->nsteps; i-- > 0;) {
        first = first * r->step[i].stride - r->step[i].pad;
        if (first < 0)
            return false;
    }
    return true;
}

static void find_steady(qir_rows *r)
{
    r->steady = 0;
    while (r->steady + 1 < r->nblocks && !repeats(r, r->steady))
        r->steady++;
    r->tail = r->steady;
    while (r->tail + 1 < r->nblocks && repeats(r, r->tail))
        r->tail++;
    if (r->tail == r->steady)
        r->steady = r->tail = r->nblocks; /* none are alike */
    else
        r->tail++;
    r->cold = r->steady;
    while (r->cold < r->tail && !is_inside(r, r->cold))
        r->cold++;
}

/* --- memory and time ---------------------------------------------------------------------------- */
static size_t whole_lines(int64_t bytes)
{
    return ((size_t)bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static void find_ring(qir_rows *r, unsigned i)
{
    qir_rows_step *s = &r->step[i];
    if (r->cold < r->tail)
        s->front = at_least_0(ring_base(r, i, r->cold) - qir_rows_part_get(r, i, r->cold, true).first);
    s->ring = 0;
    for (int64_t block = 0; block < r->nblocks; block++) {
        qir_rows_part p = qir_rows_part_get(r, i, block, false);
        s->ring = p.end - p.base > s->ring ? p.end - p.base : s->ring;
        if (block >= r->steady && block + 1 < r->tail)
            block = r->tail - 2; /* the others are like it */
    }
    s->at = r->bytes;
    r->bytes += whole_lines(qir_plan_times(s->ring, (int64_t)s->row_bytes));
}

static double cycles_to_move(qir_level level, int64_t rows, size_t row_bytes)
{
    const double spent[QIR_NUM_RATES] = {[QIR_RATE_copied] = (double)rows * (double)row_bytes};
    return qir_cycles(level, spent);
}

/* Adds what the part takes `times`; returns its workspace. */
static size_t add_part(qir_level level, qir_rows *r, unsigned i, int64_t block, bool cold, int64_t times,
                       qir_arena *arena)
{
    qir_rows_part p = qir_rows_part_get(r, i, block, cold);
    if (p.end <= p.first)
        return 0;
    qir_op *op = qir_rows_slice(r, i, &p, arena);
    int64_t moved = i + 1 < r->nsteps ? p.first - p.kept : 0;
    r->cycles += (double)times * (qir_op_cycles(level, op) + CALL_CYCLES +
                                  cycles_to_move(level, moved, r->step[i].row_bytes));
    return qir_level_workspace(level, op);
}

static size_t add_step(qir_level level, qir_rows *r, unsigned i, qir_arena *arena)
{
    size_t most = r->cold < r->tail ? add_part(level, r, i, r->cold, true, 0, arena) : 0;
    for (int64_t block = 0; block < r->nblocks; block++) {
        bool steady = block == r->steady;
        size_t ws = add_part(level, r, i, block, false, steady ? r->tail - r->steady : 1, arena);
        most = ws > most ? ws : most;
        if (steady)
            block = r->tail - 1;
    }
    return most;
}

static void add_memory_and_time(qir_level level, qir_rows *r, qir_arena *arena)
{
    size_t most = 0;
    for (unsigned i = 0; i + 1 < r->nsteps; i++)
        find_ring(r, i);
    for (unsigned i = 0; i < r->nsteps; i++) {
        size_t ws = add_step(level, r, i, arena);
        most = ws > most ? ws : most;
        r->apart += qir_op_cycles(level, r->step[i].op) + CALL_CYCLES;
    }
    r->ws_at = r->bytes;
    r->bytes += whole_lines((int64_t)most);
}

/* --- regions ------------------------------------------------------------------------------------ */
bool qir_rows_make(qir_level level, qir_op *first, unsigned n, int64_t block, qir_arena *arena, qir_rows *r)
{
    *r = (qir_rows){.nsteps = n, .block = block};
    if (n < 2 || n > QIR_ROWS_STEPS || !qir_rows_takes(first))
        return false;
    for (unsigned i = 0; i < n; i++, first = first->next) {
        const qir_type *y = first->results[0].type;
        r->step[i] = (qir_rows_step){.op = first, .height = y->dims[2]};
        r->step[i].row_bytes = qir_type_bytes(y) / (size_t)y->dims[2];
        qir_rows_window(first, &r->step[i]);
        if (i + 1 < n && (!first->next || !qir_rows_follows(first, first->next)))
            return false;
    }
    if (block < 1 || block >= r->step[n - 1].height)
        return false;
    r->nblocks = qir_ceil_div(r->step[n - 1].height, block);
    r->step[n - 1].rows = block;
    for (unsigned i = n - 1; i > 0; i--)
        r->step[i - 1].rows = r->step[i].rows * r->step[i].stride;
    find_steady(r);
    add_memory_and_time(level, r, arena);
    return true;
}

static int64_t int_attr(const qir_op *op, const char *name)
{
    const qir_attr *a = qir_op_attr(op, name);
    return a && a->kind == QIR_ATTR_INT ? a->u.i : -1;
}

unsigned qir_rows_marked(const qir_op *op)
{
    int64_t number = int_attr(op, "rows");
    unsigned n = 0;
    for (; number >= 0 && op && int_attr(op, "rows") == number; op = op->next)
        n++;
    return n;
}

bool qir_rows_get(qir_level level, qir_op *op, qir_arena *arena, qir_rows *r)
{
    unsigned n = qir_rows_marked(op);
    qir_op *last = op;
    for (unsigned i = 1; i < n; i++)
        last = last->next;
    return n && qir_rows_make(level, op, n, int_attr(last, "row_block"), arena, r);
}

bool qir_rows_is_inner(const qir_rows *r, unsigned step, uint32_t i)
{
    return step > 0 && qir_op_operand(r->step[step].op, i) == &r->step[step - 1].op->results[0];
}
