/* 3x3 convolution of stride 1 by Winograd's F(t x t, 3x3), in integers: a tile of t + 2 by t + 2 operands gives
 * t x t results, t = 2 with 16 products instead of 36, t = 4 with 36 instead of 144.
 *
 *   B' d B  operands:  of bytes, i16: sums of four values, or within 68 and -50 times the largest
 *   G w G'  weights, with G scaled so that it is of integers, i16: less than 9 * 256, or 49 * 256
 *   A' m A  of the products' sums m: multiples of the results, brought back
 *
 * t = 2: every result four times.  t = 4: nine times a power of two up to 64, by its place in the tile; nines are
 * divided out modulo 2^32 (codegen/kernels/winograd.c).  All sums are of i32 and may wrap on the way:
 * they are exact where 4, or 64, times each accumulator fits.  Sizes that are no multiples of t are computed
 * further, and what is too much is dropped. */
#include "kernel/kernel.h"

#include "qir/support/checked.h"

enum { TRANSFORMED_BYTES = 448 << 10, TILES = 64, LINE = 64, TAPS = 9 };

/* 3x3 over an image, with all channels, whose weights are here to be transformed. */
static bool takes(const qir_level_info *level, const qir_op *op, const qir_window *w)
{
    for (unsigned a = 0; a < 3; a++)
        if (w->stride[a] != 1 || w->dilation[a] != 1 || w->kernel[a] != (a ? 3 : 1))
            return false;
    return w->groups == 1 && w->c >= level->vector_bytes / 2 && qir_plan_weight_const(op);
}

static int64_t whole(int64_t n, int64_t tile)
{
    return qir_ceil_div(n, tile) * tile;
}

/* Matrices one behind another, and a line more, so that elements of the same place lie in different sets of the
 * first-level cache. */
static int64_t pitch(int64_t bytes)
{
    return whole(bytes, LINE) + LINE;
}

/* The results that are computed: whole tiles. */
static void plan_tiles(qir_kernel_plan *p, int64_t tile)
{
    qir_window *w = &p->w;
    for (unsigned a = 1; a < 3; a++) {
        w->padded = w->padded || w->out[a] % tile;
        w->out[a] = whole(w->out[a], tile);
    }
    p->band_width = qir_plan_span(w, 2, w->out[2]);
    int64_t row = w->out[2] / tile, bytes = p->winograd.places * (int64_t)p->elem * p->k_stride;
    int64_t tiles = TRANSFORMED_BYTES / bytes < TILES ? TRANSFORMED_BYTES / bytes : TILES;
    int64_t most = tiles / row, all = w->out[1] / tile;
    most = most < 1 ? 1 : most < all ? most : all;
    qir_plan_bands_of(p, tile * qir_plan_fitting_blocks(all, most));
    p->panel_rows = p->block / tile * row;
}

/* Sums: of the places of one column, and lines of pixels that columns have become; also room for one row of tiles of
 * operands, transformed along one axis, of a vector of channels. */
static void plan_matrices(qir_kernel_plan *p, int64_t columns)
{
    qir_winograd *m = &p->winograd;
    int64_t rows = p->panel_rows;
    m->operand_pitch = pitch(qir_plan_times(rows, p->k_stride) * (int64_t)p->elem);
    m->sum_pitch = pitch(qir_plan_times(rows, columns) * (int64_t)sizeof(int32_t));
    p->panel_bytes = qir_plan_buffer(qir_plan_times(m->places, m->operand_pitch), 1);
    p->sum_bytes = qir_plan_buffer(qir_plan_times((m->tile + 1) * (m->tile + 2), m->sum_pitch), 1);
}

/* Weights of one block that would not stay in cache until the next run stay bytes, those of large tiles: transforming
 * them takes less time than to read the outcome from memory. */
static void plan_weights(qir_kernel_plan *p, const qir_op *op, int64_t columns)
{
    enum { CACHE_BYTES = 512 << 10 };
    qir_winograd *m = &p->winograd;
    p->stored = qir_plan_times(qir_plan_times(m->places * (int64_t)p->elem, p->k_stride), p->w.o);
    bool once = p->w.n * p->w.out[0] == 1 && p->block == p->w.out[1];
    if (m->tile == 2 || !once || p->stored <= CACHE_BYTES || !qir_plan_weight_is_i8(op))
        return;
    p->stored = p->stored / (m->places * (int64_t)p->elem) * TAPS;
    m->weight_pitch = pitch(qir_plan_times(columns, p->k_stride) * (int64_t)p->elem);
    p->weight_bytes = qir_plan_buffer(qir_plan_times(m->places, m->weight_pitch), 1);
}

/* Of products, the transforms, and the results.  Sums are written and read, and so are weights, or they are read from
 * memory, more of them than elsewhere. */
static void spend(qir_kernel_plan *p, double transform)
{
    const qir_window *w = &p->w;
    const qir_winograd *m = &p->winograd;
    double results = (double)(w->n * w->out[0] * w->out[1]) * (double)(w->out[2] * w->o);
    double sums = results * (double)m->places / (double)(m->tile * m->tile);
    double blocks = (double)(w->n * w->out[0]) * (double)w->out[1] / (double)p->block;
    double moved = blocks * (double)(p->band_bytes + p->panel_bytes) + 2.0 * sums * sizeof(int32_t);
    double weights = (double)(m->places * (int64_t)p->elem * p->k_stride * w->o);
    qir_plan_spend(p, QIR_RATE_wide, sums * (double)p->k);
    weights *= (double)(m->places - TAPS) / (double)m->places * (p->weight_bytes ? transform : 1.0);
    qir_plan_spend(p, QIR_RATE_copied, moved + weights);
    qir_plan_spend(p, QIR_RATE_stored, results);
}

/* `shift`: see qir_winograd. */
static bool plan(qir_level level, const qir_op *op, qir_kernel_plan *p, int64_t tile, unsigned shift)
{
    const qir_level_info *facts = qir_level_get(level);
    if (op->opcode != QIR_OP_conv || qir_plan_is_float(op) || !takes(facts, op, &p->w) ||
        !qir_accumulator_within(op, INT32_MAX >> shift))
        return false;
    const qir_packing_info *info = qir_packing_get(facts->wide);
    p->winograd = (qir_winograd){.tile = tile, .places = (tile + 2) * (tile + 2), .shift = shift};
    p->wide = p->own_weights = true;
    p->elem = sizeof(int16_t);
    p->kgroup = info->kgroup;
    p->k = p->w.c;
    p->k_stride = whole(p->k, p->kgroup);
    plan_tiles(p, tile);
    plan_matrices(p, QIR_WINOGRAD_VECTORS * info->nblock);
    plan_weights(p, op, QIR_WINOGRAD_VECTORS * info->nblock);
    /* Where other kernels multiply bytes, bytes are copied fast, but transformed no faster: 3x3 over 14x14 with 256
     * channels took 441 us at avx512vnni, 295 by conv_i8. */
    spend(p, qir_packing_get(facts->gemm)->elem == QIR_i8 ? 5.0 : 1.0);
    return true;
}

bool qir_plan_winograd_i8(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    return plan(level, op, p, 2, 2);
}

bool qir_plan_winograd4_i8(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    return plan(level, op, p, 4, 6);
}
