/* The sums of one register tile: its products along k.
 *
 * k lies in runs of neighbouring elements, one axis of a kernel's window inside the other. */
#include <string.h>
#include "kernels/gemm_step.h"

/* Of a tile without a loop: dot steps, and elements along k. */
enum { STRAIGHT_STEPS = 128, STRAIGHT_ELEMENTS = 16 };

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

/* The sums of rows as the dot step wants them; returns how many.  An odd last row stands for two. */
static unsigned join_rows(qcg *g, const qcg_machine *vm, qcg_tile t, const llb_val *rows, llb_val *acc)
{
    unsigned n = 0, each = qcg_step_rows(vm);
    for (unsigned r = 0; r < t.rows; r += each) {
        const llb_val *row = rows + r * t.vectors, *next = r + 1 < t.rows ? row + t.vectors : row;
        for (unsigned j = 0; j < t.vectors; j++)
            acc[n++] = each == 2 ? vm->turn(g, llb_concat(g, row[j], next[j])) : row[j];
    }
    return n;
}

static void split_rows(qcg *g, const qcg_machine *vm, qcg_tile t, const llb_val *acc, llb_val *rows)
{
    unsigned each = qcg_step_rows(vm);
    for (unsigned r = 0; r < t.rows; r += each) {
        for (unsigned j = 0; j < t.vectors; j++, acc++) {
            llb_val both = each == 2 ? vm->turn(g, *acc) : *acc;
            for (unsigned i = 0; i < each && r + i < t.rows; i++)
                rows[(r + i) * t.vectors + j] = llb_slice(g, both, i * vm->lanes, vm->lanes);
        }
    }
}

int64_t qcg_gemm_block_bytes(const qcg_gemm *m)
{
    return m->sections * qcg_gemm_section_blocks(m) * qcg_words_bytes(m);
}

/* --- along k ----------------------------------------------------------------------------------- */

/* Step `i` of an axis, each of which is `elements` of w, or of each tap. */
static qcg_places step_at(qcg *g, const qcg_summing *s, qcg_places at, llb_val i, int64_t step, int64_t elements)
{
    int64_t taps = elements == s->each ? s->taps : 1;
    at.a = llb_index(g, at.a, i, step);
    at.w = llb_index(g, at.w, i, elements * qcg_words_bytes(s->m));
    at.last = at.last ? llb_index(g, at.last, i, elements * qcg_words_bytes(s->m) / 2) : NULL;
    at.fetch = at.fetch ? llb_index(g, at.fetch, i, elements * taps * s->fetch_step) : NULL;
    return at;
}

static void sum_axis(qcg *g, qcg_summing *s, unsigned axis, qcg_places at);

/* All whole steps of an axis, each of which is `elements` of w. */
static void sum_steps(qcg *g, qcg_summing *s, unsigned axis, qcg_places at, int64_t elements)
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
static void sum_axis(qcg *g, qcg_summing *s, unsigned axis, qcg_places at)
{
    if (axis > QCG_RUN_AXES) {
        qcg_gemm_step(g, s, s->each, at);
        return;
    }
    bool innermost = axis == QCG_RUN_AXES;
    int64_t elements = innermost ? s->each : s->m->kblocks;
    for (unsigned i = axis + 1; i < QCG_RUN_AXES; i++)
        elements *= s->axes[i].count;
    sum_steps(g, s, axis, at, elements);
    const qcg_axis *a = &s->axes[axis];
    if (innermost && s->rest)
        qcg_gemm_step(g, s, s->rest, step_at(g, s, at, llb_i64(g, a->count), a->step, elements));
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
           weights <= QCG_MOST_VECTORS;
}

/* Sums of i16 begin with nothing, and are added to those of i32 at the end. */
static void begin_narrow(qcg *g, qcg_summing *s)
{
    for (unsigned i = 0; i < s->count; i++)
        s->sum[i] = llb_i16s(g, 0, 2 * s->m->m->lanes);
}

static void end_narrow(qcg *g, qcg_summing *s, const llb_val *start)
{
    for (unsigned i = 0; i < s->count; i++)
        s->sum[i] = s->m->m->wide->dot(g, start[i], s->sum[i], llb_i16s(g, 1, 2 * s->m->m->lanes));
}

void qcg_gemm_products(qcg *g, const qcg_gemm *m, const qcg_tile_at *at, const llb_val *start,
                       const llb_val *less, llb_val *acc)
{
    qcg_summing s = {.m = m, .tile = at->tile, .rows = at->tile.rows, .less = less, .fetch_step = at->fetch_step};
    s.tile.rows += at->counts;
    for (unsigned i = 0; i < QCG_RUN_AXES; i++)
        s.axes[i] = (qcg_axis){run_count(&m->runs[i]), m->runs[i].step};
    s.each = elements_at_once(m);
    s.rest = (unsigned)(m->kblocks % s.each);
    s.taps = qcg_gemm_shares_taps(m, at->tile) ? m->taps : 1;
    s.axes[QCG_RUN_AXES] = (qcg_axis){m->kblocks / s.each / s.taps, s.each * qcg_element_bytes(m)};
    s.count = join_rows(g, m->m, s.tile, start, s.sum);
    if (m->narrow)
        begin_narrow(g, &s);
    s.unrolled = qcg_gemm_is_unrolled(m, at->tile);
    s.halved = m->halved && at->tail;
    llb_val last = llb_at(g, at->w, (at->tile.vectors - 1) * qcg_gemm_block_bytes(m));
    sum_axis(g, &s, 0, (qcg_places){at->a, at->w, s.halved ? last : NULL, at->fetch});
    if (m->narrow)
        end_narrow(g, &s, start);
    split_rows(g, m->m, s.tile, s.sum, acc);
}
