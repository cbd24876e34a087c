/* The sums of one register tile: its products along k.
 *
 * k lies in runs of neighbouring elements, one axis of a kernel's window inside the other. */
#include <string.h>
#include "kernels/gemm.h"

/* Of a tile without a loop: dot steps, and elements along k. */
enum { STRAIGHT_STEPS = 128, STRAIGHT_ELEMENTS = 16, MOST_ROWS = 32, MOST_LOADS = 2, MOST_VECTORS = 24 };

static int64_t run_count(const qcg_axis *a)
{
    return a->count > 1 ? a->count : 1;
}

int64_t qcg_gemm_section_blocks(const qcg_gemm *m)
{
    int64_t n = m->kblocks;
    for (unsigned i = 0; i < QCG_RUN_AXES; i++)
        n *= run_count(&m->runs[i]);
    return n;
}

llb_val qcg_gemm_cut_out(qcg *g, const qcg_gemm *m, llb_val words, unsigned i)
{
    unsigned bits = 8 * m->m->elem_bytes, each = bits / m->parts, n = llb_lanes(words);
    llb_val (*splat)(qcg *, int, unsigned) = m->m->elem_bytes == 1 ? llb_i8s : llb_i16s;
    if (m->parts == 1)
        return words;
    if (m->m->unsigned_operand) {
        words = LLVMBuildLShr(g->b, words, splat(g, (int)(each * i), n), "");
        return LLVMBuildAnd(g->b, words, splat(g, (1 << each) - 1, n), "");
    }
    if (i + 1 < m->parts)
        words = LLVMBuildShl(g->b, words, splat(g, (int)(bits - each * (i + 1)), n), "");
    return LLVMBuildAShr(g->b, words, splat(g, (int)(bits - each), n), "");
}

/* Rows that one dot step multiplies. */
static unsigned step_rows(const qcg_machine *vm)
{
    return vm->turn ? 2 : 1;
}

/* The sums of rows as the dot step wants them; returns how many.  An odd last row stands for two. */
static unsigned join_rows(qcg *g, const qcg_machine *vm, qcg_tile t, const llb_val *rows, llb_val *acc)
{
    unsigned n = 0, each = step_rows(vm);
    for (unsigned r = 0; r < t.rows; r += each) {
        const llb_val *row = rows + r * t.vectors, *next = r + 1 < t.rows ? row + t.vectors : row;
        for (unsigned j = 0; j < t.vectors; j++)
            acc[n++] = each == 2 ? vm->turn(g, llb_concat(g, row[j], next[j])) : row[j];
    }
    return n;
}

static void split_rows(qcg *g, const qcg_machine *vm, qcg_tile t, const llb_val *acc, llb_val *rows)
{
    unsigned each = step_rows(vm);
    for (unsigned r = 0; r < t.rows; r += each) {
        for (unsigned j = 0; j < t.vectors; j++, acc++) {
            llb_val both = each == 2 ? vm->turn(g, *acc) : *acc;
            for (unsigned i = 0; i < each && r + i < t.rows; i++)
                rows[(r + i) * t.vectors + j] = llb_slice(g, both, i * vm->lanes, vm->lanes);
        }
    }
}

static int64_t row_offset(const qcg_gemm *m, unsigned row)
{
    return row / m->rows * m->a_line + row % m->rows * m->a_stride;
}

/* Of an element of w, for one vector of columns. */
static int64_t w_bytes(const qcg_gemm *m)
{
    return m->m->kgroup * m->m->elem_bytes * m->m->lanes;
}

int64_t qcg_gemm_block_bytes(const qcg_gemm *m)
{
    return m->sections * qcg_gemm_section_blocks(m) * w_bytes(m);
}

/* The sums of a tile on their way along k. */
typedef struct summing {
    const qcg_gemm *m;
    qcg_tile tile; /* all rows: */
    unsigned rows; /* those of the operand; a further one is of ones */
    const llb_val *less;
    int64_t fetch_step;
    qcg_axis axes[QCG_RUN_AXES + 1]; /* the runs', then the steps of `each` elements of w in a run */
    unsigned each, rest;             /* elements of w left in a run */
    unsigned taps;                   /* that share their operands, and are summed up at a time */
    bool unrolled;
    bool halved; /* the last vector's words are half as many */
    unsigned count;
    llb_val sum[LLB_MAX_CARRY];
} summing;

/* From one group of k to the next. */
static int64_t group_bytes(const qcg_gemm *m)
{
    return m->m->kgroup * m->m->elem_bytes / (m->second ? 2 : 1);
}

/* Elements of the operand that belong to one of w. */
static int64_t element_bytes(const qcg_gemm *m)
{
    return m->parts * group_bytes(m);
}

/* --- one step ---------------------------------------------------------------------------------- */

/* Groups of k of every row: all of a step, if the machine picks them from registers. */
typedef struct operand {
    llb_val at; /* the first group of the first row */
    llb_val row[MOST_ROWS][MOST_LOADS];
} operand;

static void load_rows(qcg *g, const summing *s, unsigned elements, operand *x)
{
    const qcg_machine *vm = s->m->m;
    unsigned groups = elements * s->m->parts;
    for (unsigned r = 0; vm->pick && r < s->rows; r++) {
        for (unsigned i = 0; i < groups; i += vm->groups) {
            unsigned n = groups - i < vm->groups && !s->m->pairs ? groups - i : vm->groups;
            llb_type t = llb_vec(llb_int(g, 8 * vm->elem_bytes), n * vm->kgroup);
            llb_val p = llb_at(g, x->at, row_offset(s->m, r) + i * vm->kgroup * vm->elem_bytes);
            x->row[r][i / vm->groups] = llb_load(g, t, p, vm->elem_bytes);
        }
    }
}

static llb_val ones(qcg *g, const qcg_machine *vm)
{
    unsigned n = vm->turn ? vm->kgroup : vm->lanes * vm->kgroup;
    return vm->elem_bytes == 1 ? llb_i8s(g, 1, n) : llb_i16s(g, 1, n);
}

static llb_val group_of(qcg *g, const summing *s, const operand *x, unsigned row, unsigned i)
{
    const qcg_machine *vm = s->m->m;
    if (row >= s->rows)
        return ones(g, vm);
    if (vm->pick)
        return vm->pick(g, x->row[row][i / vm->groups], i % vm->groups);
    llb_val at = llb_at(g, x->at, row_offset(s->m, row) + i * group_bytes(s->m)), group = vm->group(g, at);
    return s->m->second ? llb_concat(g, group, vm->group(g, llb_at(g, at, s->m->second))) : group;
}

/* What a dot step multiplies: group `i` of a row, or of two. */
static llb_val step_operand(qcg *g, const summing *s, const operand *x, unsigned row, unsigned i)
{
    if (s->m->pairs)
        return x->row[row + i % 2][i / 2];
    llb_val first = group_of(g, s, x, row, i);
    if (step_rows(s->m->m) == 1)
        return first;
    return llb_concat(g, first, row + 1 < s->tile.rows ? group_of(g, s, x, row + 1, i) : first);
}

/* Where the elements of w, of the operand and of what is prefetched begin; last: of w for the last vector, if its
 * words are halved. */
typedef struct places {
    llb_val a, w, last, fetch;
} places;

/* Element `i` of w. */
static llb_val load_words(qcg *g, const summing *s, places at, unsigned i, unsigned vector)
{
    const qcg_machine *vm = s->m->m;
    llb_type elem = llb_int(g, 8 * vm->elem_bytes);
    unsigned n = vm->lanes * vm->kgroup;
    if (s->halved && vector + 1 == s->tile.vectors) {
        llb_type half = llb_vec(elem, n / 2);
        llb_val words = llb_load(g, half, llb_at(g, at.last, i * w_bytes(s->m) / 2), vm->elem_bytes);
        return llb_concat(g, words, LLVMConstNull(half));
    }
    llb_val w = llb_at(g, at.w, i * w_bytes(s->m) + vector * qcg_gemm_block_bytes(s->m));
    return llb_load(g, llb_vec(elem, n), w, 8 * vm->elem_bytes);
}

static llb_val weights(qcg *g, const summing *s, unsigned vector, llb_val words, unsigned part)
{
    llb_val v = qcg_gemm_cut_out(g, s->m, words, part);
    return s->less ? LLVMBuildSub(g->b, v, s->less[vector], "") : v;
}

/* A dot step, or the first half of one. */
static llb_val add_product(qcg *g, const summing *s, llb_val sum, llb_val a, llb_val w)
{
    const qcg_machine *vm = s->m->m;
    return s->m->narrow ? llb_add(g, sum, vm->pairs(g, a, w)) : vm->dot(g, sum, a, w);
}

/* Column by column: the rows, or the only one, stay in registers, a vector of weights is used up at once. */
static void add_columns(qcg *g, summing *s, const operand *x, unsigned element, places at)
{
    const qcg_machine *vm = s->m->m;
    for (unsigned j = 0; j < s->tile.vectors; j++) {
        llb_val words = load_words(g, s, at, element, j);
        for (unsigned part = 0; part < s->m->parts; part++) {
            llb_val wv = weights(g, s, j, words, part), *sum = s->sum + j;
            for (unsigned r = 0; r < s->tile.rows; r += step_rows(vm), sum += s->tile.vectors)
                *sum = add_product(g, s, *sum, step_operand(g, s, x, r, element * s->m->parts + part), wv);
        }
    }
}

/* Row by row: the weights stay in registers, a group of the operand is used up at once. */
static void add_rows(qcg *g, summing *s, const operand *x, unsigned element, places at)
{
    llb_val words[MOST_VECTORS], wv[MOST_VECTORS];
    for (unsigned j = 0; j < s->tile.vectors; j++)
        words[j] = load_words(g, s, at, element, j);
    for (unsigned part = 0; part < s->m->parts; part++) {
        for (unsigned j = 0; j < s->tile.vectors; j++)
            wv[j] = weights(g, s, j, words[j], part);
        llb_val *sum = s->sum;
        for (unsigned r = 0; r < s->tile.rows; r += step_rows(s->m->m)) {
            llb_val a = step_operand(g, s, x, r, element * s->m->parts + part);
            for (unsigned j = 0; j < s->tile.vectors; j++, sum++)
                *sum = add_product(g, s, *sum, a, wv[j]);
        }
    }
}

/* A group of every position under the tile, with the weights of each tap: those of all taps stay in registers. */
static void add_taps(qcg *g, summing *s, const operand *x, places at)
{
    unsigned vectors = s->tile.vectors, rows = s->tile.rows;
    llb_val words[MOST_VECTORS];
    for (unsigned i = 0; i < s->taps * vectors; i++)
        words[i] = load_words(g, s, at, i / vectors * (unsigned)(s->m->kblocks / s->taps), i % vectors);
    for (unsigned p = 0; p < rows + s->taps - 1; p++) {
        llb_val a = s->m->m->group(g, llb_at(g, x->at, p * s->m->a_stride));
        for (unsigned tap = p < rows ? 0 : p - rows + 1; tap < s->taps && tap <= p; tap++) {
            llb_val *sum = s->sum + (p - tap) * vectors;
            for (unsigned j = 0; j < vectors; j++)
                sum[j] = s->m->m->dot(g, sum[j], a, words[tap * vectors + j]);
        }
    }
}

/* The products of `elements` of w per column. */
static void sum_step(qcg *g, summing *s, unsigned elements, places at)
{
    operand x = {.at = at.a};
    load_rows(g, s, elements, &x);
    if (at.fetch)
        llb_prefetch(g, at.fetch, elements * s->taps * s->fetch_step);
    if (s->taps > 1) {
        add_taps(g, s, &x, at);
        return;
    }
    for (unsigned i = 0; i < elements; i++)
        (s->m->m->pick || s->rows <= 1 ? add_columns : add_rows)(g, s, &x, i, at);
}

/* --- along k ----------------------------------------------------------------------------------- */

/* Step `i` of an axis, each of which is `elements` of w, or of each tap. */
static places step_at(qcg *g, const summing *s, places at, llb_val i, int64_t step, int64_t elements)
{
    int64_t taps = elements == s->each ? s->taps : 1;
    at.a = llb_index(g, at.a, i, step);
    at.w = llb_index(g, at.w, i, elements * w_bytes(s->m));
    at.last = at.last ? llb_index(g, at.last, i, elements * w_bytes(s->m) / 2) : NULL;
    at.fetch = at.fetch ? llb_index(g, at.fetch, i, elements * taps * s->fetch_step) : NULL;
    return at;
}

static void sum_axis(qcg *g, summing *s, unsigned axis, places at);

/* All whole steps of an axis, each of which is `elements` of w. */
static void sum_steps(qcg *g, summing *s, unsigned axis, places at, int64_t elements)
{
    int64_t count = s->axes[axis].count, step = s->axes[axis].step;
    for (int64_t i = 0; s->unrolled && i < count; i++) {
        sum_axis(g, s, axis + 1, step_at(g, s, at, llb_i64(g, i), step, elements));
        if (s->m->sections > 1)
            llb_fence(g);
    }
    if (s->unrolled || !count)
        return;
    llb_loop l;
    llb_begin(g, &l, 0, count, 1);
    for (unsigned i = 0; i < s->count; i++)
        s->sum[i] = llb_carry(g, &l, s->sum[i]);
    sum_axis(g, s, axis + 1, step_at(g, s, at, l.iv, step, elements));
    for (unsigned i = 0; i < s->count; i++)
        llb_next(&l, i, s->sum[i]);
    llb_end(g, &l);
    memcpy(s->sum, l.value, s->count * sizeof *s->sum);
}

/* All steps of axis `axis` and those inside of it. */
static void sum_axis(qcg *g, summing *s, unsigned axis, places at)
{
    if (axis > QCG_RUN_AXES) {
        sum_step(g, s, s->each, at);
        return;
    }
    bool innermost = axis == QCG_RUN_AXES;
    int64_t elements = innermost ? s->each : s->m->kblocks;
    for (unsigned i = axis + 1; i < QCG_RUN_AXES; i++)
        elements *= s->axes[i].count;
    sum_steps(g, s, axis, at, elements);
    const qcg_axis *a = &s->axes[axis];
    if (innermost && s->rest)
        sum_step(g, s, s->rest, step_at(g, s, at, llb_i64(g, a->count), a->step, elements));
}

/* Elements of w whose groups fill a register of the operand. */
static unsigned elements_at_once(const qcg_gemm *m)
{
    return m->m->pick && m->m->groups > m->parts ? m->m->groups / m->parts : 1;
}

bool qcg_gemm_is_straight(const qcg_gemm *m)
{
    return m->kblocks < 2 * (int64_t)elements_at_once(m) && qcg_gemm_section_blocks(m) == m->kblocks;
}

/* Runs are loops anyway.  Sums of sections have as many floats beside them; weights that are cut out of their elements
 * need more room yet. */
bool qcg_gemm_is_unrolled(const qcg_gemm *m, qcg_tile t)
{
    enum { OPERAND = 1, CONSTANTS = 3 };
    unsigned sums = t.rows * t.vectors * (m->sections > 1 ? 2 : 1);
    bool room = sums + t.vectors + OPERAND + CONSTANTS <= m->m->registers;
    bool whole = m->sections == 1 ? !m->dynamic : m->parts == 1;
    bool single = whole && qcg_gemm_section_blocks(m) == m->kblocks;
    return m->m->straight && room && single && m->kblocks <= STRAIGHT_ELEMENTS &&
           m->kblocks * t.rows * t.vectors <= STRAIGHT_STEPS;
}

bool qcg_gemm_shares_taps(const qcg_gemm *m, qcg_tile t)
{
    unsigned sums = t.rows * t.vectors, weights = m->taps * t.vectors;
    return m->m->in_flight && m->taps > 1 && t.rows > 1 && t.rows <= m->rows && sums + weights + 1 < m->m->registers &&
           weights <= MOST_VECTORS;
}

/* Sums of i16 begin with nothing, and are added to those of i32 at the end. */
static void begin_narrow(qcg *g, summing *s)
{
    for (unsigned i = 0; i < s->count; i++)
        s->sum[i] = llb_i16s(g, 0, 2 * s->m->m->lanes);
}

static void end_narrow(qcg *g, summing *s, const llb_val *start)
{
    for (unsigned i = 0; i < s->count; i++)
        s->sum[i] = s->m->m->wide->dot(g, start[i], s->sum[i], llb_i16s(g, 1, 2 * s->m->m->lanes));
}

void qcg_gemm_products(qcg *g, const qcg_gemm *m, const qcg_tile_at *at, const llb_val *start,
                       const llb_val *less, llb_val *acc)
{
    summing s = {.m = m, .tile = at->tile, .rows = at->tile.rows, .less = less, .fetch_step = at->fetch_step};
    s.tile.rows += at->counts;
    for (unsigned i = 0; i < QCG_RUN_AXES; i++)
        s.axes[i] = (qcg_axis){run_count(&m->runs[i]), m->runs[i].step};
    s.each = elements_at_once(m);
    s.rest = (unsigned)(m->kblocks % s.each);
    s.taps = qcg_gemm_shares_taps(m, at->tile) ? m->taps : 1;
    s.axes[QCG_RUN_AXES] = (qcg_axis){m->kblocks / s.each / s.taps, s.each * element_bytes(m)};
    s.count = join_rows(g, m->m, s.tile, start, s.sum);
    if (m->narrow)
        begin_narrow(g, &s);
    s.unrolled = qcg_gemm_is_unrolled(m, at->tile);
    s.halved = m->halved && at->tail;
    llb_val last = llb_at(g, at->w, (at->tile.vectors - 1) * qcg_gemm_block_bytes(m));
    sum_axis(g, &s, 0, (places){at->a, at->w, s.halved ? last : NULL, at->fetch});
    if (m->narrow)
        end_narrow(g, &s, start);
    split_rows(g, m->m, s.tile, s.sum, acc);
}
