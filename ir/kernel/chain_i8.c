/* Products of bytes that i16 can sum: see qir/chains.h.  It pays where weights are small or many of them 0. */
#include "kernel/kernel.h"

#include <stdlib.h>
#include "qir/chains.h"
#include "qir/context.h"
#include "qir/pack.h"

enum { LEAST_K = 16, MEAN = 24 };

/* Gains are less than the count of instructions promises. */
static const double margin = 1.15;

/* Of weights that are larger than MEAN on average chains are too short to pay. */
static bool are_small(const int8_t *w, int64_t n)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += abs(w[i]);
    return sum <= n * MEAN;
}

static const int8_t *packed(const qir_op *op, qir_arena *arena, qir_pack_shape *shape)
{
    const qir_type *t = qir_plan_weight(op);
    qir_const *c = qir_plan_weight_const(op);
    if (!c || !qir_plan_weight_is_i8(op) || !qir_pack_shape_get_groups(QIR_PACKING_gemm_i8n16k4, t, 1, shape))
        return NULL;
    const int8_t *data = qir_const_data(c);
    if (!data || !are_small(data, qir_type_elements(t)))
        return NULL;
    int8_t *out = qir_arena_alloc(arena, qir_pack_bytes(shape));
    qir_pack(shape, t, data, out);
    return out;
}

bool qir_plan_chains(const qir_op *op, qir_arena *arena, int64_t length, qir_chains *out)
{
    qir_pack_shape shape;
    const int8_t *w = packed(op, arena, &shape);
    if (w)
        qir_chains_make(arena, w, shape.nblocks, shape.kblocks, length, out);
    return w != NULL;
}

/* Instructions for one row: products and additions of every step in both vectors of a block, and one of
 * each that adds a chain to i32.  Sets the best length, and the bytes. */
static double instructions(qir_arena *arena, const int8_t *w, const qir_pack_shape *s, qir_kernel_plan *p)
{
    static const int64_t lengths[] = {8, 6, 4, 3, 2};
    double least = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int64_t count = qir_chains_count(arena, w, s->nblocks, s->kblocks, lengths[i]);
        double all = 2.0 * (double)(count * (2 * lengths[i] + 1));
        if (i && all >= least)
            continue;
        least = all;
        p->chain = lengths[i];
        p->stored = count * lengths[i] * (QIR_CHAIN_COLUMNS * QIR_CHAIN_K + (int64_t)sizeof(int32_t));
    }
    return least;
}

static bool choose_length(const qir_op *op, qir_kernel_plan *p, double *row)
{
    qir_pack_shape shape;
    qir_arena *arena = qir_context_new_arena(qir_op_module(op)->ctx);
    const int8_t *w = packed(op, arena, &shape);
    if (w)
        *row = instructions(arena, w, &shape, p);
    qir_arena_destroy(arena);
    return w != NULL;
}

/* Products that saturate, and none of bytes that do not. */
static bool has_chains(const qir_level_info *level)
{
    return qir_packing_get(level->gemm)->elem == QIR_i16 && qir_packing_get(level->low)->elem == QIR_u8;
}

bool qir_plan_chain_i8(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    const qir_window *w = &p->w;
    double row;
    if (!has_chains(qir_level_get(level)) || qir_op_weight(op) < 0 || qir_plan_is_dynamic(op) ||
        !qir_plan_is_of_bytes(op) || w->groups > 1 || w->c * w->taps < LEAST_K || !choose_length(op, p, &row))
        return false;
    p->own_weights = true;
    p->elem = sizeof(int8_t);
    p->kgroup = QIR_CHAIN_K;
    p->raised = op->operands[0].value->type->dtype == QIR_i8;
    qir_plan_panels(p, op);
    double rows = (double)(w->n * w->out[0] * w->out[1] * w->out[2]);
    qir_plan_spend_all(p, QIR_RATE_chained);
    p->spent[QIR_RATE_chained] = margin * rows * row;
    return true;
}
