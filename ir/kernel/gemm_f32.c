/* Products of floats; weights may be codes, whose rows are dequantized into the workspace. */
#include "kernel/kernel.h"

#include "qir/support/checked.h"

enum { LANES = 16, WEIGHT_BYTES = 16 << 10, TILE = 2 };

/* Float products: as many rows of the weight at a time as stay in cache, in whole tiles. */
static void plan_weight_rows(const qir_op *op, qir_kernel_plan *p)
{
    int64_t n = p->w.o / p->w.groups, tiles = qir_ceil_div(n, TILE);
    int64_t most = WEIGHT_BYTES / TILE / qir_plan_times(p->k_stride, 4);
    most = most < 1 ? 1 : most < tiles ? most : tiles;
    int64_t rows = qir_plan_fitting_blocks(tiles, most) * TILE;
    p->weight_rows = rows < n ? rows : n;
    if (qir_plan_weight(op)->quant)
        p->weight_bytes = qir_plan_buffer(qir_plan_times(p->weight_rows, p->k_stride), p->elem);
}

bool qir_plan_gemm_f32(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    (void)level;
    if (qir_op_weight(op) < 0 || qir_plan_is_dynamic(op) || !qir_plan_is_float(op) ||
        qir_plan_is_depthwise(op, &p->w))
        return false;
    p->is_float = true;
    p->elem = sizeof(float);
    p->kgroup = LANES;
    qir_plan_panels(p, op);
    plan_weight_rows(op, p);
    qir_plan_spend_all(p, QIR_RATE_gemm_f32);
    return true;
}
