/* choose_qparams: the range of each block, then scale and zero point as qir_choose_qparams has it.
 */
#include <float.h>

#include "kernels/blocks.h"
#include "kernels/row.h"
#include "machine.h"
#include "qir/qmath.h"
#include "qir/support/arena.h"

enum { WIDTH = 16 };

typedef struct chooser {
    qir_qrange range;
    float span;  /* qmax - qmin */
    qcg_row row; /* the elements of a block of the region */
} chooser;

/* --- range --------------------------------------------------------------------------------------
 */

static llb_val pick(qcg *g, llb_val acc, llb_val x, bool largest)
{
    LLVMRealPredicate wins = largest ? LLVMRealOGT : LLVMRealOLT;
    return LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, wins, x, acc, ""), x, acc, "");
}

static llb_val pick_next(qcg *g, void *ctx, llb_val acc, llb_val at, llb_val j)
{
    (void)j;
    llb_val x = llb_load(g, llb_vec(llb_float(g), llb_lanes(acc)), at, 4);
    return pick(g, acc, x, *(const bool *)ctx);
}

/* The larger of 0 and the block's elements, or the smaller, in any order: all orders agree. */
static llb_val extreme(qcg *g, const qcg_row *row, llb_val ptr, bool largest)
{
    llb_val acc = llb_f32s(g, 0.0f, 1);
    int64_t wide = row->even && row->stride == 4 ? row->count / WIDTH : 0;
    if (!row->even)
        return qcg_row_fold(g, row, ptr, acc, pick_next, &largest);
    if (wide) {
        qcg_row lanes = qcg_row_even(wide, WIDTH * 4);
        acc = qcg_row_fold(g, &lanes, ptr, llb_f32s(g, 0.0f, WIDTH), pick_next, &largest);
        for (unsigned half = WIDTH / 2; half > 0; half /= 2)
            acc = pick(g, llb_slice(g, acc, 0, half), llb_slice(g, acc, half, half), largest);
    }
    qcg_row rest = qcg_row_even(row->count - wide * WIDTH, row->stride);
    return qcg_row_fold(g, &rest, llb_at(g, ptr, wide * WIDTH * 4), acc, pick_next, &largest);
}

/* --- parameters ---------------------------------------------------------------------------------
 */

/* lo is at most and hi at least 0. */
static llb_val scale_of(qcg *g, const chooser *c, llb_val lo, llb_val hi)
{
    const qir_qrange *r = &c->range;
    llb_val width = r->symmetric ? llb_fmax(g, LLVMBuildFNeg(g->b, lo, ""), hi)
                                 : LLVMBuildFSub(g->b, hi, lo, "");
    width = LLVMBuildFDiv(g->b, width, llb_f32s(g, r->symmetric ? c->span / 2.0f : c->span, 1), "");
    llb_val s = llb_clamp_f32(g, width, r->eps > FLT_MIN ? r->eps : FLT_MIN, FLT_MAX);
    if (r->eps > 0.0f)
        return s;
    llb_val none = LLVMBuildFCmp(g->b, LLVMRealOEQ, width, llb_f32s(g, 0.0f, 1), "");
    return LLVMBuildSelect(g->b, none, llb_f32s(g, 1.0f, 1), s, "");
}

/* qmin - rne(lo / scale), where lo / scale is at most 0; symmetric: a constant. */
static llb_val zero_point_of(qcg *g, const chooser *c, llb_val lo, llb_val scale)
{
    float unused;
    int32_t middle;
    if (c->range.symmetric) {
        qir_choose_qparams(&c->range, 0.0f, 0.0f, &unused, &middle);
        return llb_i32s(g, middle, 1);
    }
    llb_val v = llb_clamp_f32(g, LLVMBuildFDiv(g->b, lo, scale, ""), -c->span, 0.0f);
    return LLVMBuildSub(g->b, llb_i32s(g, c->range.qmin, 1), g->machine->rne(g, v), "");
}

/* qir_xnnpack_qparams: the pair for the range [lo, hi], which holds 0. */
static llb_val xnnpack_pair(qcg *g, const chooser *c, llb_val lo, llb_val hi, llb_val *zp)
{
    llb_val one = llb_f32s(g, 1.0f, 1), qmin = llb_f32s(g, (float)c->range.qmin, 1);
    llb_val qmax = llb_f32s(g, (float)c->range.qmax, 1);
    llb_val m = LLVMBuildFDiv(g->b, llb_f32s(g, c->span, 1), LLVMBuildFSub(g->b, hi, lo, ""), "");
    m = llb_clamp_f32(g, m, FLT_MIN, FLT_MAX);
    m = LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealOEQ, lo, hi, ""), one, m, "");
    llb_val below = LLVMBuildFMul(g->b, lo, m, ""), above = LLVMBuildFMul(g->b, hi, m, "");
    llb_val error = LLVMBuildFAdd(g->b, LLVMBuildFAdd(g->b, qmin, below, ""),
                                  LLVMBuildFAdd(g->b, qmax, above, ""), "");
    llb_val positive = LLVMBuildFCmp(g->b, LLVMRealOGT, error, llb_f32s(g, 0.0f, 1), "");
    llb_val z = LLVMBuildSelect(g->b, positive, LLVMBuildFSub(g->b, qmin, below, ""),
                                LLVMBuildFSub(g->b, qmax, above, ""), "");
    z = llb_clamp_f32(g, z, (float)c->range.qmin, (float)c->range.qmax);
    *zp = g->machine->rne(g, z);
    return LLVMBuildFDiv(g->b, one, m, "");
}

/* ptr: scale, zero point, first element of the block */
static void body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const chooser *c = ctx;
    (void)splat, (void)n;
    llb_val lo = extreme(g, &c->row, ptr[2], false), hi = extreme(g, &c->row, ptr[2], true);
    llb_val zp, scale;
    if (qir_op_compat(g->op) == QIR_COMPAT_XNNPACK && !c->range.symmetric) {
        scale = xnnpack_pair(g, c, lo, hi, &zp);
    } else {
        scale = scale_of(g, c, lo, hi);
        zp = zero_point_of(g, c, lo, scale);
    }
    llb_store(g, scale, ptr[0], 4);
    llb_store(g, zp, ptr[1], 4);
}

/* --- blocks -------------------------------------------------------------------------------------
 */

static qcg_row block_row(qcg *g, const qcg_blocks *b)
{
    int64_t strides[QIR_MAX_RANK], index[QIR_MAX_RANK] = {0}, count = 1;
    qir_type_strides(b->x, strides);
    for (unsigned d = 0; d < b->x->rank; d++)
        count *= b->parts[d].size;
    int64_t *offset = QIR_NEW_ARRAY(g->arena, int64_t, (size_t)count);
    for (int64_t j = 0; j < count; j++) {
        for (unsigned d = 0; d < b->x->rank; d++)
            offset[j] += index[d] * strides[d] * (int64_t)sizeof(float);
        for (unsigned d = b->x->rank; d-- > 0 && ++index[d] == b->parts[d].size;)
            index[d] = 0;
    }
    return qcg_row_make(g, offset, count);
}

static void region(qcg *g, const qcg_blocks *b, void *ctx)
{
    chooser *c = ctx;
    qcg_nest n = qcg_blocks_nest(b, false);
    int64_t strides[QIR_MAX_RANK];
    c->row = block_row(g, b);
    for (unsigned i = 0; i < 2; i++) {
        qir_type_strides(g->op->results[i].type, strides);
        qcg_blocks_pointer(g, b, &n, g->op->results[i].type->dtype, strides, g->outs[i], true);
    }
    qir_type_strides(b->x, strides);
    qcg_blocks_pointer(g, b, &n, QIR_f32, strides, qcg_operand(g, 0), false);
    qcg_nest_run(g, &n, 1, body, c);
}

bool qir_lower_choose_qparams(qcg *g)
{
    const qir_op *op = g->op;
    chooser c = {.range = {.qmin = (int32_t)qir_op_int(op, "qmin"),
                           .qmax = (int32_t)qir_op_int(op, "qmax"),
                           .symmetric = qir_op_bool(op, "symmetric"),
                           .eps = qir_op_float(op, "eps")}};
    c.span = (float)(c.range.qmax - c.range.qmin);
    qcg_blocks b = {.x = qir_op_operand(op, 0)->type};
    size_t rank;
    const int64_t *block = qir_op_ints(op, "block", &rank);
    for (size_t d = 0; d < rank; d++)
        b.block[d] = block[d];
    qcg_blocks_each(g, &b, region, &c);
    return true;
}
