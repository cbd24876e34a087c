/* Quantization with parameters in memory: choose_qparams, quantize_affine, dequantize_affine.
 *
 * A block need not divide its dimension: every dimension is cut into the whole blocks and the rest, and
 * each combination of these parts, a region, gets a nest of its own. */
#include <float.h>
#include "kernels/nest.h"
#include "kernels/requant.h"
#include "kernels/row.h"
#include "machine.h"
#include "qir/qmath.h"
#include "qir/support/arena.h"

enum { WIDTH = 16 };

/* Blocks first .. first + count - 1 of a dimension, `size` elements each. */
typedef struct part {
    int64_t first, count, size;
} part;

typedef struct affine affine;
typedef void (*region_fn)(qcg *g, const affine *a);
struct affine {
    const qir_type *x;
    const int64_t *block;
    part parts[QIR_MAX_RANK];
    qcg_row row;        /* choose_qparams: the elements of a block of the region */
    int32_t qmin, qmax; /* of the ops that have them */
};

static void each_region(qcg *g, affine *a, unsigned d, region_fn fn)
{
    if (d == a->x->rank) {
        fn(g, a);
        return;
    }
    int64_t block = a->block[d], whole = a->x->dims[d] / block, rest = a->x->dims[d] % block;
    if (whole) {
        a->parts[d] = (part){0, whole, block};
        each_region(g, a, d + 1, fn);
    }
    if (rest) {
        a->parts[d] = (part){whole, 1, rest};
        each_region(g, a, d + 1, fn);
    }
}

static affine get(const qcg *g)
{
    size_t rank;
    affine a = {.x = qir_op_operand(g->op, 0)->type, .block = qir_op_ints(g->op, "block", &rank)};
    if (g->op->opcode != QIR_OP_dequantize_affine) {
        a.qmin = (int32_t)qir_op_int(g->op, "qmin");
        a.qmax = (int32_t)qir_op_int(g->op, "qmax");
    }
    return a;
}

/* Pointer p of the nest reads or writes a tensor of type `t` at `ptr`: whole elements, or (`params`) one
 * per block.  Axis 2d runs over the blocks of dimension d, axis 2d + 1 (`inside`) within one. */
static void add_pointer(qcg *g, const affine *a, qcg_nest *n, unsigned p, const qir_type *t,
                        llb_val ptr, bool params)
{
    int64_t strides[QIR_MAX_RANK], start = 0;
    qir_type_strides(t, strides);
    n->elem[p] = (int64_t)qir_dtype_bytes(t->dtype);
    for (unsigned d = 0; d < t->rank; d++) {
        int64_t one = strides[d] * n->elem[p], block = params ? one : one * a->block[d];
        start += a->parts[d].first * block;
        n->step[p][2 * d] = block;
        n->step[p][2 * d + 1] = params ? 0 : one;
    }
    n->ptr[p] = llb_at(g, ptr, start);
    n->nptr = p + 1;
}

static qcg_nest region_nest(const affine *a, bool inside)
{
    qcg_nest n = {.rank = 2 * a->x->rank};
    for (unsigned d = 0; d < a->x->rank; d++) {
        n.dim[2 * d] = a->parts[d].count;
        n.dim[2 * d + 1] = inside ? a->parts[d].size : 1;
    }
    return n;
}

/* --- quantize, dequantize --------------------------------------------------------------------- */

static const qir_type *zero_points(const qcg *g)
{
    const qir_value *v = g->op->noperands > 2 ? qir_op_operand(g->op, 2) : NULL;
    return v ? v->type : NULL;
}

static llb_val load_operand(qcg *g, unsigned i, const llb_val *ptr, const bool *splat, unsigned n)
{
    return qcg_load_elements(g, qir_op_operand(g->op, i)->type->dtype, ptr[i + 1], n, splat[i + 1]);
}

/* rne of v within the storage range around zero points that are known at run time. */
static llb_val round_around(qcg *g, const affine *a, llb_val v, llb_val zp)
{
    unsigned n = llb_lanes(v);
    zp = llb_clamp_i32(g, zp, a->qmin, a->qmax);
    llb_val lo = qcg_to_float(g, LLVMBuildSub(g->b, llb_i32s(g, a->qmin, n), zp, ""));
    llb_val hi = qcg_to_float(g, LLVMBuildSub(g->b, llb_i32s(g, a->qmax, n), zp, ""));
    return llb_add(g, g->machine->rne(g, llb_fmin(g, llb_fmax(g, v, lo), hi)), zp);
}

static void quantize_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const affine *a = ctx;
    llb_val x = load_operand(g, 0, ptr, splat, n), s = load_operand(g, 1, ptr, splat, n), v;
    if (qir_op_bool(g->op, "divide"))
        v = LLVMBuildFDiv(g->b, x, s, "");
    else
        v = LLVMBuildFMul(g->b, x, LLVMBuildFDiv(g->b, llb_f32s(g, 1.0f, n), s, ""), "");
    llb_val real = LLVMBuildFCmp(g->b, LLVMRealORD, v, v, "");
    v = LLVMBuildSelect(g->b, real, v, llb_f32s(g, 0.0f, n), "");
    v = zero_points(g) ? round_around(g, a, v, load_operand(g, 2, ptr, splat, n))
                       : qcg_round_to_storage(g, v, a->qmin, a->qmax, 0);
    qcg_store_elements(g, g->op->results[0].type->dtype, v, ptr[0]);
}

static llb_val as_float(qcg *g, const qir_type *t, llb_val v)
{
    return t->dtype == QIR_f32 ? v : qcg_to_float(g, v);
}

static void dequantize_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const affine *a = ctx;
    const qir_type *zp = zero_points(g);
    llb_val v = as_float(g, a->x, load_operand(g, 0, ptr, splat, n));
    if (zp)
        v = LLVMBuildFSub(g->b, v, as_float(g, zp, load_operand(g, 2, ptr, splat, n)), "");
    v = LLVMBuildFMul(g->b, v, load_operand(g, 1, ptr, splat, n), "");
    qcg_store_elements(g, QIR_f32, v, ptr[0]);
}

static void affine_region(qcg *g, const affine *a)
{
    qcg_nest n = region_nest(a, true);
    affine region = *a;
    add_pointer(g, a, &n, 0, g->op->results[0].type, g->out, false);
    for (unsigned i = 0; i < g->op->noperands; i++)
        if (qir_op_operand(g->op, i))
            add_pointer(g, a, &n, i + 1, qir_op_operand(g->op, i)->type, qcg_operand(g, i), i > 0);
    qcg_nest_run(g, &n, WIDTH,
                 g->op->opcode == QIR_OP_quantize_affine ? quantize_body : dequantize_body,
                 &region);
}

static bool has_code(const qir_type *t)
{
    return t->dtype == QIR_f32 || (qir_dtype_is_int(t->dtype) && qir_dtype_bits(t->dtype) <= 32 &&
                                   t->dtype != QIR_u32);
}

bool qir_lower_affine(qcg *g)
{
    affine a = get(g);
    for (uint32_t i = 0; i < g->op->noperands; i++)
        if (qir_op_operand(g->op, i) && !has_code(qir_op_operand(g->op, i)->type))
            return qcg_unsupported(g, "f32, and integers of at most 32 bits (not u32)");
    each_region(g, &a, 0, affine_region);
    return true;
}

/* --- choose_qparams --------------------------------------------------------------------------- */

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

/* As qir_choose_qparams; lo and hi are not NaN. */
static llb_val scale_of(qcg *g, llb_val lo, llb_val hi, float span)
{
    float eps = qir_op_float(g->op, "eps");
    llb_val range = LLVMBuildFSub(g->b, hi, lo, ""), s;
    if (qir_op_bool(g->op, "symmetric")) {
        range = llb_fmax(g, LLVMBuildFNeg(g->b, lo, ""), hi);
        span /= 2.0f;
    }
    range = LLVMBuildFDiv(g->b, range, llb_f32s(g, span, 1), "");
    s = llb_clamp_f32(g, range, eps > FLT_MIN ? eps : FLT_MIN, FLT_MAX);
    if (eps > 0.0f)
        return s;
    llb_val none = LLVMBuildFCmp(g->b, LLVMRealOEQ, range, llb_f32s(g, 0.0f, 1), "");
    return LLVMBuildSelect(g->b, none, llb_f32s(g, 1.0f, 1), s, "");
}

/* qmin - rne(lo / scale), where lo / scale is at most 0. */
static llb_val zero_point_of(qcg *g, const affine *a, llb_val lo, llb_val scale, float span)
{
    llb_val v = llb_clamp_f32(g, LLVMBuildFDiv(g->b, lo, scale, ""), -span, 0.0f);
    return LLVMBuildSub(g->b, llb_i32s(g, a->qmin, 1), g->machine->rne(g, v), "");
}

/* ptr: scale, zero point, first element of the block */
static void params_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const affine *a = ctx;
    float scale, span = (float)(a->qmax - a->qmin);
    int32_t middle;
    (void)splat, (void)n;
    llb_val lo = extreme(g, &a->row, ptr[2], false), hi = extreme(g, &a->row, ptr[2], true);
    llb_val s = scale_of(g, lo, hi, span), zp;
    llb_store(g, s, ptr[0], 4);
    if (qir_op_bool(g->op, "symmetric")) {
        qir_choose_qparams(&(qir_qrange){a->qmin, a->qmax, true, 0.0f}, 0.0f, 0.0f, &scale, &middle);
        zp = llb_i32s(g, middle, 1);
    } else {
        zp = zero_point_of(g, a, lo, s, span);
    }
    llb_store(g, zp, ptr[1], 4);
}

/* Offsets of a block's elements. */
static qcg_row block_row(qcg *g, const affine *a)
{
    int64_t strides[QIR_MAX_RANK], index[QIR_MAX_RANK] = {0}, count = 1;
    qir_type_strides(a->x, strides);
    for (unsigned d = 0; d < a->x->rank; d++)
        count *= a->parts[d].size;
    int64_t *offset = QIR_NEW_ARRAY(g->arena, int64_t, (size_t)count);
    for (int64_t j = 0; j < count; j++) {
        for (unsigned d = 0; d < a->x->rank; d++)
            offset[j] += index[d] * strides[d] * (int64_t)sizeof(float);
        for (unsigned d = a->x->rank; d-- > 0 && ++index[d] == a->parts[d].size;)
            index[d] = 0;
    }
    return qcg_row_make(g, offset, count);
}

static void params_region(qcg *g, const affine *a)
{
    qcg_nest n = region_nest(a, false);
    affine region = *a;
    region.row = block_row(g, a);
    add_pointer(g, a, &n, 0, g->op->results[0].type, g->outs[0], true);
    add_pointer(g, a, &n, 1, g->op->results[1].type, g->outs[1], true);
    add_pointer(g, a, &n, 2, a->x, qcg_operand(g, 0), false);
    qcg_nest_run(g, &n, 1, params_body, &region);
}

bool qir_lower_choose_qparams(qcg *g)
{
    affine a = get(g);
    each_region(g, &a, 0, params_region);
    return true;
}
