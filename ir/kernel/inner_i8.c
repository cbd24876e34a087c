/* Products of sums: Winograd's inner product of 1968.  Of a row of k values x, y are the halves of operands, u, v those of
 * weights:
 *
 *   sum of x u + y v  =  sum of (x + v)(y + u)  -  sum of x y  -  sum of u v
 *
 * Half as many products are left; x y is summed up once for a row and all its results, u v when the code is made.  Bytes
 * and weights without their zero points add up to less than 2^10, so that sums fit i16; those of products may wrap, as the
 * result does not.  It pays where products have fewer ports than additions, and results are many. */
#include "kernel/kernel.h"

#include "qir/pack.h"
#include "qir/support/checked.h"

/* A step takes a pair of each half. */
enum { STEP = 4, TILE_ROWS = 4 };

/* Products of pairs of i16, a register of columns at a time: with two (sse2) those of both halves are too many, and layers
 * took 1.13 of the time. */
static bool multiplies_pairs(const qir_level_info *level)
{
    const qir_packing_info *gemm = qir_packing_get(level->gemm);
    return gemm->elem == QIR_i16 && gemm->kgroup == STEP / 2 && gemm->nblock * (int64_t)sizeof(int32_t) == level->vector_bytes;
}

/* Rows are read once more, half by half, and their lanes summed up.  Where there are fewer tiles than hide it, rows of a
 * last tile that are computed twice count. */
static void spend(qir_kernel_plan *p)
{
    enum { LANES = 64 };
    const qir_window *w = &p->w;
    double rows = (double)(w->n * w->out[0]) * (double)(w->out[1] * w->out[2]);
    double computed = (double)(qir_ceil_div(p->panel_rows, TILE_ROWS) * TILE_ROWS) / (double)p->panel_rows;
    qir_plan_spend_all(p, QIR_RATE_inner);
    p->spent[QIR_RATE_inner] *= computed;
    qir_plan_spend(p, QIR_RATE_copied, rows * ((double)p->k / 2.0 + LANES));
}

bool qir_plan_inner_i8(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    const qir_level_info *facts = qir_level_get(level);
    if (!multiplies_pairs(facts) || !qir_plan_products_i8(level, op, p) || p->packing != facts->gemm ||
        p->w.groups > 1 || p->w.c * p->w.taps % STEP || !qir_plan_is_of_bytes(op) || !qir_plan_weight_const(op))
        return false;
    p->own_weights = true;
    p->kgroup = STEP;
    p->tile_rows = TILE_ROWS;
    qir_plan_panels(p, op);
    p->sum_bytes = qir_plan_buffer(p->panel_rows, sizeof(int32_t));
    spend(p);
    return true;
}
