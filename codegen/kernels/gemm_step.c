/* One step of the products of a register tile: see gemm_step.h. */
#include "kernels/gemm_step.h"

enum { MOST_ROWS = 32, MOST_LOADS = 2 };

unsigned qcg_step_rows(const qcg_machine *vm)
{
    return vm->turn ? 2 : 1;
}

int64_t qcg_words_bytes(const qcg_gemm *m)
{
    return m->m->kgroup * m->m->elem_bytes * m->m->lanes;
}

/* From one group of k to the next. */
static int64_t group_bytes(const qcg_gemm *m)
{
    return m->m->kgroup * m->m->elem_bytes / (m->second ? 2 : 1);
}

int64_t qcg_element_bytes(const qcg_gemm *m)
{
    return m->parts * group_bytes(m);
}

/* --- the operand ---------------------------------------------------------------------------------- */
static int64_t row_offset(const qcg_gemm *m, unsigned row)
{
    return row / m->rows * m->a_line + row % m->rows * m->a_stride;
}

/* Groups of k of every row: all of a step, if the machine picks them from registers. */
typedef struct operand {
    llb_val at; /* the first group of the first row */
    llb_val row[MOST_ROWS][MOST_LOADS];
} operand;

static void load_rows(qcg *g, const qcg_summing *s, unsigned elements, operand *x)
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

static llb_val group_of(qcg *g, const qcg_summing *s, const operand *x, unsigned row, unsigned i)
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
static llb_val step_operand(qcg *g, const qcg_summing *s, const operand *x, unsigned row, unsigned i)
{
    if (s->m->pairs)
        return x->row[row + i % 2][i / 2];
    llb_val first = group_of(g, s, x, row, i);
    if (qcg_step_rows(s->m->m) == 1)
        return first;
    return llb_concat(g, first, row + 1 < s->tile.rows ? group_of(g, s, x, row + 1, i) : first);
}

/* --- weights ---------------------------------------------------------------------------------------- */
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

/* Element `i` of w. */
static llb_val load_words(qcg *g, const qcg_summing *s, qcg_places at, unsigned i, unsigned vector)
{
    const qcg_machine *vm = s->m->m;
    llb_type elem = llb_int(g, 8 * vm->elem_bytes);
    unsigned n = vm->lanes * vm->kgroup;
    if (s->halved && vector + 1 == s->tile.vectors) {
        llb_type half = llb_vec(elem, n / 2);
        llb_val words = llb_load(g, half, llb_at(g, at.last, i * qcg_words_bytes(s->m) / 2), vm->elem_bytes);
        return llb_concat(g, words, LLVMConstNull(half));
    }
    llb_val w = llb_at(g, at.w, i * qcg_words_bytes(s->m) + vector * qcg_gemm_block_bytes(s->m));
    return llb_load(g, llb_vec(elem, n), w, 8 * vm->elem_bytes);
}

static llb_val weights(qcg *g, const qcg_summing *s, unsigned vector, llb_val words, unsigned part)
{
    llb_val v = qcg_gemm_cut_out(g, s->m, words, part);
    return s->less ? LLVMBuildSub(g->b, v, s->less[vector], "") : v;
}

/* --- products --------------------------------------------------------------------------------------- */
/* A dot step, or the first half of one. */
static llb_val add_product(qcg *g, const qcg_summing *s, llb_val sum, llb_val a, llb_val w)
{
    const qcg_machine *vm = s->m->m;
    return s->m->narrow ? llb_add(g, sum, vm->pairs(g, a, w)) : vm->dot(g, sum, a, w);
}

/* Column by column: the rows, or the only one, stay in registers, a vector of weights is used up at once. */
static void add_columns(qcg *g, qcg_summing *s, const operand *x, unsigned element, qcg_places at)
{
    const qcg_machine *vm = s->m->m;
    for (unsigned j = 0; j < s->tile.vectors; j++) {
        llb_val words = load_words(g, s, at, element, j);
        for (unsigned part = 0; part < s->m->parts; part++) {
            llb_val wv = weights(g, s, j, words, part), *sum = s->sum + j;
            for (unsigned r = 0; r < s->tile.rows; r += qcg_step_rows(vm), sum += s->tile.vectors)
                *sum = add_product(g, s, *sum, step_operand(g, s, x, r, element * s->m->parts + part), wv);
        }
    }
}

/* Row by row: the weights stay in registers, a group of the operand is used up at once. */
static void add_rows(qcg *g, qcg_summing *s, const operand *x, unsigned element, qcg_places at)
{
    llb_val words[QCG_MOST_VECTORS], wv[QCG_MOST_VECTORS];
    for (unsigned j = 0; j < s->tile.vectors; j++)
        words[j] = load_words(g, s, at, element, j);
    for (unsigned part = 0; part < s->m->parts; part++) {
        for (unsigned j = 0; j < s->tile.vectors; j++)
            wv[j] = weights(g, s, j, words[j], part);
        llb_val *sum = s->sum;
        for (unsigned r = 0; r < s->tile.rows; r += qcg_step_rows(s->m->m)) {
            llb_val a = step_operand(g, s, x, r, element * s->m->parts + part);
            for (unsigned j = 0; j < s->tile.vectors; j++, sum++)
                *sum = add_product(g, s, *sum, a, wv[j]);
        }
    }
}

/* A group of every position under the tile, with the weights of each tap: those of all taps stay in registers. */
static void add_taps(qcg *g, qcg_summing *s, const operand *x, qcg_places at)
{
    unsigned vectors = s->tile.vectors, rows = s->tile.rows;
    llb_val words[QCG_MOST_VECTORS];
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

void qcg_gemm_step(qcg *g, qcg_summing *s, unsigned elements, qcg_places at)
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
