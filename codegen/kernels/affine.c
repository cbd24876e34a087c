/* Quantization with one pair of parameters per block: quantize_affine and dequantize_affine, whose
 * parameters are operands, and quantize and dequantize with types that hold several. */
#include "kernels/affine.h"

#include "kernels/blocks.h"
#include "kernels/requant.h"
#include "machine.h"

enum { WIDTH = 16, MAX_PARAMS = 2 };

typedef struct affine {
    bool quantize, divide;
    int32_t qmin, qmax; /* quantize */
    const qir_type *x, *y;
    qir_dtype params[MAX_PARAMS]; /* scale, zero point */
    unsigned nparams;
    llb_val at[MAX_PARAMS];
    int64_t strides[MAX_PARAMS][QIR_MAX_RANK];
} affine;

/* ptr: result, operand, scale, zero point */
typedef struct values {
    llb_val x, scale, zp; /* zp NULL: 0 */
} values;

static values load(qcg *g, const affine *a, const llb_val *ptr, const bool *splat, unsigned n)
{
    values v = {qcg_load_elements(g, a->x->dtype, ptr[1], n, splat[1]),
                qcg_load_elements(g, a->params[0], ptr[2], n, splat[2]), NULL};
    if (a->quantize) /* any float */
        v.x = qcg_to_lane(g, a->x->dtype, v.x, QCG_F32);
    if (a->nparams > 1)
        v.zp = qcg_load_elements(g, a->params[1], ptr[3], n, splat[3]);
    return v;
}

/* Zero points that are known at run time are forced into the storage range. */
static llb_val round_around(qcg *g, const affine *a, llb_val v, llb_val zp)
{
    return qcg_round_around(g, v, a->qmin, a->qmax, llb_clamp_i32(g, zp, a->qmin, a->qmax));
}

static llb_val quantize(qcg *g, const affine *a, values v)
{
    unsigned n = llb_lanes(v.x);
    llb_val q;
    if (a->divide)
        q = LLVMBuildFDiv(g->b, v.x, v.scale, "");
    else
        q = LLVMBuildFMul(g->b, v.x, LLVMBuildFDiv(g->b, llb_f32s(g, 1.0f, n), v.scale, ""), "");
    llb_val real = LLVMBuildFCmp(g->b, LLVMRealORD, q, q, "");
    q = LLVMBuildSelect(g->b, real, q, llb_f32s(g, 0.0f, n), "");
    return v.zp ? round_around(g, a, q, v.zp) : qcg_round_to_storage(g, q, a->qmin, a->qmax, 0);
}

static llb_val as_float(qcg *g, qir_dtype t, llb_val v)
{
    return qir_dtype_is_float(t) ? v : qcg_to_float(g, v);
}

static llb_val dequantize(qcg *g, const affine *a, values v)
{
    llb_val r = as_float(g, a->x->dtype, v.x);
    if (v.zp)
        r = LLVMBuildFSub(g->b, r, as_float(g, a->params[1], v.zp), "");
    return LLVMBuildFMul(g->b, r, v.scale, "");
}

static void body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    const affine *a = ctx;
    values v = load(g, a, ptr, splat, n);
    llb_val y = a->quantize ? quantize(g, a, v) : dequantize(g, a, v);
    qcg_store_elements(g, a->y->dtype, y, ptr[0]);
}

static void region(qcg *g, const qcg_blocks *b, void *ctx)
{
    affine *a = ctx;
    qcg_nest n = qcg_blocks_nest(b, true);
    int64_t strides[QIR_MAX_RANK];
    qir_type_strides(a->y, strides);
    qcg_blocks_pointer(g, b, &n, a->y->dtype, strides, g->out, false);
    qir_type_strides(a->x, strides);
    qcg_blocks_pointer(g, b, &n, a->x->dtype, strides, qcg_operand(g, 0), false);
    for (unsigned i = 0; i < a->nparams; i++)
        qcg_blocks_pointer(g, b, &n, a->params[i], a->strides[i], a->at[i], true);
    qcg_nest_run(g, &n, WIDTH, body, a);
}

/* --- parameters that are operands ----------------------------------------------------------- */

static bool has_code(qir_dtype t)
{
    return t == QIR_f32 || (qir_dtype_is_int(t) && qir_dtype_bits(t) <= 32 && t != QIR_u32);
}

bool qir_lower_affine(qcg *g)
{
    const qir_op *op = g->op;
    affine a = {.quantize = op->opcode == QIR_OP_quantize_affine,
                .x = qir_op_operand(op, 0)->type,
                .y = op->results[0].type};
    qcg_blocks b = {.x = a.x};
    size_t rank;
    const int64_t *block = qir_op_ints(op, "block", &rank);
    for (size_t d = 0; d < rank; d++)
        b.block[d] = block[d];
    if (a.quantize) {
        a.divide = qir_op_bool(op, "divide");
        a.qmin = (int32_t)qir_op_int(op, "qmin");
        a.qmax = (int32_t)qir_op_int(op, "qmax");
    }
    bool known = has_code(a.x->dtype);
    for (uint32_t i = 1; i < op->noperands && qir_op_operand(op, i); i++) {
        const qir_type *t = qir_op_operand(op, i)->type;
        known = known && has_code(t->dtype);
        a.params[a.nparams] = t->dtype;
        a.at[a.nparams] = qcg_operand(g, i);
        qir_type_strides(t, a.strides[a.nparams++]);
    }
    if (!known)
        return qcg_unsupported(g, "f32, and integers of at most 32 bits (not u32)");
    qcg_blocks_each(g, &b, region, &a);
    return true;
}

/* --- parameters of a type ------------------------------------------------------------------- */

/* Entries [dims[0]][dims[axis] / group], or one per index of the axis. */
static void type_blocks(const qir_type *t, qcg_blocks *b, int64_t *strides)
{
    const qir_quant *q = t->quant;
    int64_t entries = 1;
    for (unsigned d = 0; d < t->rank; d++) {
        b->block[d] = t->dims[d] ? t->dims[d] : 1;
        strides[d] = 0;
    }
    if (q->axis < 0)
        return;
    b->block[q->axis] = q->group ? q->group : 1;
    strides[q->axis] = 1;
    entries = t->dims[q->axis] / b->block[q->axis];
    if (q->group && q->axis > 0) {
        b->block[0] = 1;
        strides[0] = entries;
    }
}

bool qcg_affine_by_type(qcg *g)
{
    affine a = {.quantize = g->op->opcode == QIR_OP_quantize,
                .x = qir_op_operand(g->op, 0)->type,
                .y = g->op->results[0].type,
                .params = {QIR_f32, QIR_i32},
                .nparams = 2};
    const qir_type *t = a.quantize ? a.y : a.x;
    const qir_quant *q = t->quant;
    qcg_blocks b = {.x = a.x};
    a.qmin = q->qmin;
    a.qmax = q->qmax;
    a.at[0] = qcg_const(g, q->scale, q->count * sizeof *q->scale, 4);
    a.at[1] = qcg_const(g, q->zero_point, q->count * sizeof *q->zero_point, 4);
    for (unsigned i = 0; i < a.nparams; i++)
        type_blocks(t, &b, a.strides[i]);
    qcg_blocks_each(g, &b, region, &a);
    return true;
}
