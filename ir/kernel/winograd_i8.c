/* 3x3 convolution of stride 1 by Winograd's F(2x2,3x3), in integers: a tile of 4x4 operands gives 2x2
 * results with 16 products instead of 36.
 *
 *   B' d B  operands:  sums of four 8-bit values, i16
 *   G w G'  weights, with G doubled so that it is integer: less than 9 * 256, i16
 *   A' m A  of the products' sums m: four times the results, shifted back
 *
 * All sums are of i32 and may wrap on the way: they are exact where four times each accumulator fits.
 * Sizes that are odd are computed one row or column further, whose results are dropped. */
#include "kernel/kernel.h"

#include "qir/layout.h"
#include "qir/support/checked.h"

enum { TILE = 2, PLACES = QIR_WINOGRAD_PLACES, TRANSFORMED_BYTES = 448 << 10, TILES = 64 };

/* 3x3 over an image, with all channels, whose weights are here to be transformed. */
static bool takes(const qir_level_info *level, const qir_op *op, const qir_window *w)
{
    for (unsigned a = 0; a < 3; a++)
        if (w->stride[a] != 1 || w->dilation[a] != 1 || w->kernel[a] != (a ? 3 : 1))
            return false;
    qir_value *weight = qir_op_operand(op, (uint32_t)qir_op_weight(op));
    return w->groups == 1 && w->c >= level->vector_bytes / 2 && weight->type->kind == QIR_TENSOR &&
           qir_value_const(qir_value_root(weight));
}

static int64_t even(int64_t n)
{
    return qir_ceil_div(n, TILE) * TILE;
}

/* The results that are computed: whole tiles. */
static void plan_tiles(qir_kernel_plan *p)
{
    qir_window *w = &p->w;
    for (unsigned a = 1; a < 3; a++) {
        w->padded = w->padded || w->out[a] % TILE;
        w->out[a] = even(w->out[a]);
    }
    p->band_width = qir_plan_span(w, 2, w->out[2]);
    int64_t row = w->out[2] / TILE, bytes = PLACES * (int64_t)p->elem * p->k_stride;
    int64_t tiles = TRANSFORMED_BYTES / bytes < TILES ? TRANSFORMED_BYTES / bytes : TILES;
    int64_t most = tiles / row, all = w->out[1] / TILE;
    most = most < 1 ? 1 : most < all ? most : all;
    qir_plan_bands_of(p, TILE * qir_plan_fitting_blocks(all, most));
    p->panel_rows = p->block / TILE * row;
}

/* Of products, both transforms, and the results.  Sums are written and read. */
static void spend(qir_kernel_plan *p)
{
    const qir_window *w = &p->w;
    double results = (double)(w->n * w->out[0] * w->out[1]) * (double)(w->out[2] * w->o);
    double places = results * PLACES / (TILE * TILE);
    double blocks = (double)(w->n * w->out[0]) * (double)w->out[1] / (double)p->block;
    double moved = blocks * (double)(p->band_bytes + p->panel_bytes) + 2.0 * places * sizeof(int32_t);
    qir_plan_spend(p, QIR_RATE_wide, places * (double)p->k);
    qir_plan_spend(p, QIR_RATE_copied, moved);
    qir_plan_spend(p, QIR_RATE_stored, results);
}

bool qir_plan_winograd_i8(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    const qir_level_info *facts = qir_level_get(level);
    if (op->opcode != QIR_OP_conv || qir_plan_is_float(op) || !takes(facts, op, &p->w) ||
        !qir_accumulator_within(op, INT32_MAX / (TILE * TILE)))
        return false;
    const qir_packing_info *info = qir_packing_get(facts->wide);
    p->wide = p->own_weights = true;
    p->elem = sizeof(int16_t);
    p->kgroup = info->kgroup;
    p->k = p->w.c;
    p->k_stride = qir_ceil_div(p->k, p->kgroup) * p->kgroup;
    p->stored = qir_plan_times(qir_plan_times(PLACES * (int64_t)p->elem, p->k_stride), p->w.o);
    plan_tiles(p);
    p->panel_bytes = qir_plan_buffer(qir_plan_times(PLACES * p->panel_rows, p->k_stride), p->elem);
    p->sum_bytes = qir_plan_buffer(qir_plan_times(PLACES * p->panel_rows, QIR_WINOGRAD_VECTORS * info->nblock),
                                   sizeof(int32_t));
    spend(p);
    return true;
}
