/* Between real and quantized values: quantize, dequantize, requantize with parameters per tensor; those
 * per axis or per group are affine.c's. */
#include "kernels/affine.h"
#include "kernels/elementwise.h"
#include "kernels/requant.h"
#include "qir/qmath.h"

/* --- quantize, dequantize ------------------------------------------------------------------------- */

static llb_val quantize_op(qcg *g, const llb_val *in)
{
    return qcg_quantize(g, in[0], qcg_result_type(g)->quant);
}

/* What is stored comes as floats. */
static llb_val dequantize_op(qcg *g, const llb_val *in)
{
    const qir_quant *q = qcg_operand_type(g, 0)->quant;
    unsigned n = llb_lanes(in[0]);
    llb_val v = LLVMBuildFSub(g->b, in[0], llb_f32s(g, (float)q->zero_point[0], n), "");
    return LLVMBuildFMul(g->b, v, llb_f32s(g, q->scale[0], n), "");
}

bool qir_lower_quantize(qcg *g)
{
    const qir_type *y = qcg_result_type(g);
    if (!y->quant || !y->quant->count || qir_dtype_bits(y->dtype) > 32 || y->dtype == QIR_u32)
        return qcg_unsupported(g, "quantized values of at most 32 bits (not u32)");
    return y->quant->axis < 0 ? qcg_elementwise(g, QCG_F32, quantize_op) : qcg_affine_by_type(g);
}

bool qir_lower_dequantize(qcg *g)
{
    const qir_type *x = qcg_operand_type(g, 0);
    if (!x->quant || !x->quant->count || qir_dtype_bits(x->dtype) > 32 || x->dtype == QIR_u32)
        return qcg_unsupported(g, "quantized values of at most 32 bits (not u32)");
    return x->quant->axis < 0 ? qcg_elementwise(g, QCG_F32, dequantize_op) : qcg_affine_by_type(g);
}

/* --- requantize ----------------------------------------------------------------------------------- */

/* Requantization between equal scales moves the zero point: integers all the way, and no bounds
 * where no stored byte reaches them. */
static llb_val shift_stored(qcg *g, llb_val x, int32_t by)
{
    const qir_quant *q = qcg_result_type(g)->quant;
    bool is_signed = qir_dtype_is_signed(qcg_operand_type(g, 0)->dtype);
    unsigned bits = qir_dtype_bits(qcg_operand_type(g, 0)->dtype);
    int32_t least = is_signed ? -(1 << (bits - 1)) : 0, most = least + (int32_t)((1u << bits) - 1);
    x = llb_add(g, x, llb_i32s(g, by, llb_lanes(x)));
    return least + by < q->qmin || most + by > q->qmax ? llb_clamp_i32(g, x, q->qmin, q->qmax) : x;
}

static llb_val requantize_op(qcg *g, const llb_val *in)
{
    const qir_quant *p = qcg_operand_type(g, 0)->quant, *q = qcg_result_type(g)->quant;
    unsigned n = llb_lanes(in[0]);
    qir_factor f = qir_rescale_factor(g->op, p, q);
    if (f.real == 1.0f)
        return shift_stored(g, in[0], q->zero_point[0] - p->zero_point[0]);
    llb_val x = llb_add(g, in[0], llb_i32s(g, -p->zero_point[0], n));
    return qcg_apply_factor(g, x, &f, q->qmin, q->qmax);
}

bool qir_lower_requantize(qcg *g)
{
    if (!qcg_is_scaled(qcg_operand_type(g, 0)) || !qcg_is_scaled(qcg_result_type(g)))
        return qcg_unsupported(g, "per-tensor quantized values of at most 16 bits");
    return qcg_elementwise(g, QCG_I32, requantize_op);
}
