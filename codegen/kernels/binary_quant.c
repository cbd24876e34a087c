/* Arithmetic on two quantized operands of 8 or 16 bits, in integers. */
#include "kernels/binary.h"
#include "kernels/byte_sum.h"
#include "kernels/epilogue.h"
#include "kernels/requant.h"
#include "qir/qmath.h"
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

static llb_val scaled_term(qcg *g, llb_val x, int32_t zp, float factor)
{
    unsigned n = llb_lanes(x);
    return LLVMBuildFMul(g->b, qcg_to_float(g, llb_add(g, x, llb_i32s(g, -zp, n))), llb_f32s(g, factor, n), "");
}

/* qir_wide_sum_value */
static llb_val wide_sum(qcg *g, const llb_val *in)
{
    const qir_quant *y = qcg_result_type(g)->quant;
    qir_wide_sum s;
    int32_t lo, hi;
    qir_wide_sum_params(qcg_operand_type(g, 0)->quant, qcg_operand_type(g, 1)->quant, y,
                        g->op->opcode == QIR_OP_sub, &s);
    qcg_result_bounds(g->op, &lo, &hi);
    llb_val a = scaled_term(g, in[0], s.za, s.ma), b = scaled_term(g, in[1], s.zb, s.mb);
    return qcg_round_to_storage(g, LLVMBuildFAdd(g->b, a, b, ""), lo, hi, y->zero_point[0]);
}

static bool byte_sum_of(const qcg *g, qcg_byte_sum *s)
{
    float min, max;
    int32_t lo, hi;
    const qir_type *y = qcg_result_type(g);
    qcg_bounds_of(g->op, &min, &max);
    qir_quant_bounds(y->quant, min, max, &lo, &hi);
    return qcg_byte_sum_get(qcg_operand_type(g, 0), qcg_operand_type(g, 1), y, g->op->opcode == QIR_OP_sub, lo, hi,
                            s);
}

static void sum_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    llb_val in[2];
    for (unsigned i = 0; i < 2; i++) {
        llb_val v = llb_load(g, llb_vec(llb_int(g, 8), splat[i + 1] ? 1 : n), ptr[i + 1], 1);
        in[i] = splat[i + 1] ? llb_splat(g, v, n) : v;
    }
    llb_store(g, qcg_byte_sum_apply(g, ctx, in[QIR_BUG(13)], in[!QIR_BUG(13)]), ptr[0], 1);
}

static bool weighted_sum(qcg *g)
{
    qcg_byte_sum s;
    qcg_nest n;
    if (!byte_sum_of(g, &s))
        return qir_error(qir_context_diag(g->qir->ctx), g->op->loc, "codegen.scale",
                         "'%s' needs operand scales between 2^-10 and 2^8 times the result's scale",
                         qir_op_name(g->op));
    if (qir_op_compat(g->op) == QIR_COMPAT_TFLITE)
        return qcg_elementwise(g, QCG_I32, tflite_sum);
    unsigned width = g->machine->sum_bytes ? qir_level_get(g->level)->vector_bytes : QCG_ELEMENTWISE_WIDTH;
    qcg_nest_elementwise(g, &n, 2);
    qcg_nest_run(g, &n, width, sum_body, &s);
    return true;
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

static bool is_wide(const qcg *g)
{
    return qir_sum_is_wide(qcg_operand_type(g, 0)->quant, qcg_operand_type(g, 1)->quant,
                           qcg_result_type(g)->quant);
}

bool qcg_binary_quantized(qcg *g)
{
    const char *types = "f32, f16, bf16, f64 or integers; add, sub, mul, maximum and minimum also "
                        "for per-tensor quantized values of 8 and 16 bits";
    if (!qcg_is_scaled(qcg_operand_type(g, 0)) || !qcg_is_scaled(qcg_operand_type(g, 1)) ||
        !qcg_is_scaled(qcg_result_type(g)))
        return qcg_unsupported(g, types);
    switch (g->op->opcode) {
    case QIR_OP_add:
    case QIR_OP_sub: return is_wide(g) ? qcg_elementwise(g, QCG_I32, wide_sum) : weighted_sum(g);
    case QIR_OP_mul: return qcg_elementwise(g, QCG_I32, scaled_product);
    case QIR_OP_maximum:
    case QIR_OP_minimum: return qcg_elementwise(g, QCG_I32, stored_extreme);
    default: return qcg_unsupported(g, types);
    }
}
