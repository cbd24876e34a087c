/* Arithmetic on two 8-bit quantized operands, in integers. */
#include "kernels/binary.h"
#include "kernels/requant.h"
#include "qir/qmath.h"
#include "qir/support/assert.h"
#include "qir/support/bug.h"

static llb_val fixed(qcg *g, llb_val v, const qir_factor *f)
{
    unsigned n = llb_lanes(v);
    return qcg_scale_fixed(g, v, llb_i32s(g, f->fraction, n), llb_i32s(g, f->exponent, n), false);
}

/* (x - zero point) * 2^20 by a factor */
static llb_val tflite_term(qcg *g, llb_val x, const qir_quant *q, const qir_factor *f)
{
    unsigned n = llb_lanes(x);
    x = llb_add(g, x, llb_i32s(g, -q->zero_point[0], n));
    return fixed(g, LLVMBuildMul(g->b, x, llb_i32s(g, 1 << 20, n), ""), f);
}

/* qir_tflite_sum_value */
static llb_val tflite_sum(qcg *g, const llb_val *in)
{
    const qir_quant *p = qcg_operand_type(g, 0)->quant, *q = qcg_operand_type(g, 1)->quant;
    const qir_quant *y = qcg_result_type(g)->quant;
    unsigned n = llb_lanes(in[0]);
    qir_tflite_sum s = qir_tflite_sum_get(p->scale[0], q->scale[0], y->scale[0]);
    llb_val a = tflite_term(g, in[0], p, &s.a), b = tflite_term(g, in[1], q, &s.b);
    llb_val v = g->op->opcode == QIR_OP_sub ? LLVMBuildSub(g->b, a, b, "") : llb_add(g, a, b);
    return qcg_bound_stored(g, llb_add(g, fixed(g, v, &s.y), llb_i32s(g, y->zero_point[0], n)));
}

/* clamp(((bias + a * ma + b * mb) >> shift) + zp) */
static llb_val weighted_sum(qcg *g, const llb_val *in)
{
    if (qir_op_compat(g->op) == QIR_COMPAT_TFLITE)
        return tflite_sum(g, in);
    const qir_quant *p = qcg_operand_type(g, 0)->quant, *q = qcg_operand_type(g, 1)->quant;
    const qir_quant *y = qcg_result_type(g)->quant;
    unsigned n = llb_lanes(in[0]);
    qir_qadd k = {0};
    bool ok = (g->op->opcode == QIR_OP_sub ? qir_qsub_params : qir_qadd_params)(
        p->scale[0], p->zero_point[0], q->scale[0], q->zero_point[0], y->scale[0], &k);
    QIR_ASSERT(ok, "ratio of scales was checked");
    (void)ok;
    llb_val v = llb_add(g, llb_i32s(g, k.bias, n),
                        LLVMBuildMul(g->b, in[QIR_BUG(13)], llb_i32s(g, k.ma, n), ""));
    v = llb_add(g, v, LLVMBuildMul(g->b, in[!QIR_BUG(13)], llb_i32s(g, k.mb, n), ""));
    v = LLVMBuildAShr(g->b, v, llb_i32s(g, k.shift, n), "");
    return qcg_bound_stored(g, llb_add(g, v, llb_i32s(g, y->zero_point[0], n)));
}

static llb_val scaled_product(qcg *g, const llb_val *in)
{
    const qir_quant *p = qcg_operand_type(g, 0)->quant, *q = qcg_operand_type(g, 1)->quant;
    const qir_quant *y = qcg_result_type(g)->quant;
    qir_factor f = qir_product_factor(g->op, p, q, 0, y);
    float min, max;
    unsigned n = llb_lanes(in[0]);
    int32_t lo, hi;
    qcg_bounds_of(g->op, &min, &max);
    qir_quant_bounds(y, min, max, &lo, &hi);
    llb_val a = llb_add(g, in[0], llb_i32s(g, -p->zero_point[0], n));
    llb_val b = llb_add(g, in[1], llb_i32s(g, -q->zero_point[0], n));
    return qcg_apply_factor(g, LLVMBuildMul(g->b, a, b, ""), &f, lo, hi);
}

/* Of equal parameters, so what is stored decides. */
static llb_val stored_extreme(qcg *g, const llb_val *in)
{
    bool largest = g->op->opcode == QIR_OP_maximum;
    return qcg_bound_stored(g, largest ? llb_smax(g, in[0], in[1]) : llb_smin(g, in[0], in[1]));
}

static bool sum_scales_ok(qcg *g)
{
    const qir_quant *p = qcg_operand_type(g, 0)->quant, *q = qcg_operand_type(g, 1)->quant;
    qir_qadd k;
    if (qir_qadd_params(p->scale[0], 0, q->scale[0], 0, qcg_result_type(g)->quant->scale[0], &k))
        return true;
    return qir_error(qir_context_diag(g->qir->ctx), g->op->loc, "codegen.scale",
                     "'%s' needs operand scales between 2^-10 and 2^8 times the result's scale",
                     qir_op_name(g->op));
}

bool qcg_binary_quantized(qcg *g)
{
    const char *types = "f32, f16, bf16, f64 or integers; add, sub, mul, maximum and minimum also "
                        "for per-tensor 8-bit quantized values";
    if (!qcg_is_byte(qcg_operand_type(g, 0)) || !qcg_is_byte(qcg_operand_type(g, 1)) ||
        !qcg_is_byte(qcg_result_type(g)))
        return qcg_unsupported(g, types);
    switch (g->op->opcode) {
    case QIR_OP_add:
    case QIR_OP_sub: return sum_scales_ok(g) && qcg_elementwise(g, QCG_I32, weighted_sum);
    case QIR_OP_mul: return qcg_elementwise(g, QCG_I32, scaled_product);
    case QIR_OP_maximum:
    case QIR_OP_minimum: return qcg_elementwise(g, QCG_I32, stored_extreme);
    default: return qcg_unsupported(g, types);
    }
}
