/* Elementwise ops: quantize, dequantize, requantize, unary and binary ops on f32 and 8-bit tensors.
 * The arithmetic is that of qir/qmath.h and of the evaluator, one vector at a time. */
#include <math.h>
#include "fmath_ir.h"
#include "kernels/affine.h"
#include "kernels/nest.h"
#include "kernels/requant.h"
#include "qir/eval.h"
#include "qir/qmath.h"
#include "qir/support/assert.h"

enum { WIDTH = 16 };

static const qir_type *operand_type(const qcg *g, unsigned i)
{
    return qir_op_operand(g->op, i)->type;
}

static const qir_type *result_type(const qcg *g)
{
    return g->op->results[0].type;
}

static bool is_scaled(const qir_type *t) /* per tensor, stored in at most 16 bits */
{
    return t->quant && t->quant->count == 1 && t->quant->axis < 0 && qir_dtype_bits(t->dtype) <= 16;
}

static bool is_byte(const qir_type *t)
{
    return is_scaled(t) && qir_dtype_bytes(t->dtype) == 1;
}

/* x * (1/scale), clamped, rounded, + zp; NaN gives zp. */
static llb_val quantize_value(qcg *g, const qir_quant *q, llb_val x)
{
    unsigned n = llb_lanes(x);
    int32_t zp = q->zero_point[0];
    llb_val v = LLVMBuildFMul(g->b, x, llb_f32s(g, 1.0f / q->scale[0], n), "");
    llb_val real = LLVMBuildFCmp(g->b, LLVMRealORD, v, v, "");
    v = LLVMBuildSelect(g->b, real, v, llb_f32s(g, 0.0f, n), "");
    return qcg_round_to_storage(g, v, q->qmin, q->qmax, zp);
}

static llb_val dequantize_value(qcg *g, const qir_quant *q, llb_val v)
{
    unsigned n = llb_lanes(v);
    v = LLVMBuildFSub(g->b, qcg_to_float(g, v), llb_f32s(g, (float)q->zero_point[0], n), "");
    return LLVMBuildFMul(g->b, v, llb_f32s(g, q->scale[0], n), "");
}

/* --- one operand ------------------------------------------------------------------------------ */

typedef llb_val (*unary_fn)(qcg *g, llb_val x);

static void unary_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    llb_val x = qcg_load_elements(g, operand_type(g, 0)->dtype, ptr[1], n, splat[1]);
    qcg_store_elements(g, result_type(g)->dtype, (*(unary_fn *)ctx)(g, x), ptr[0]);
}

static bool run_unary(qcg *g, unary_fn fn)
{
    qcg_nest n;
    qcg_nest_elementwise(g, &n, 1);
    qcg_nest_run(g, &n, WIDTH, unary_body, &fn);
    return true;
}

static llb_val quantize_op(qcg *g, llb_val x)
{
    return quantize_value(g, result_type(g)->quant, x);
}

static llb_val dequantize_op(qcg *g, llb_val x)
{
    return dequantize_value(g, operand_type(g, 0)->quant, x);
}

/* Requantization between equal scales moves the zero point: integers all the way, and no bounds
 * where no stored byte reaches them. */
static llb_val shift_stored(qcg *g, llb_val x, int32_t by)
{
    const qir_quant *q = result_type(g)->quant;
    bool is_signed = qir_dtype_is_signed(operand_type(g, 0)->dtype);
    unsigned bits = qir_dtype_bits(operand_type(g, 0)->dtype);
    int32_t least = is_signed ? -(1 << (bits - 1)) : 0, most = least + (int32_t)((1u << bits) - 1);
    x = llb_add(g, x, llb_i32s(g, by, llb_lanes(x)));
    return least + by < q->qmin || most + by > q->qmax ? llb_clamp_i32(g, x, q->qmin, q->qmax) : x;
}

static llb_val requantize_op(qcg *g, llb_val x)
{
    const qir_quant *p = operand_type(g, 0)->quant, *q = result_type(g)->quant;
    unsigned n = llb_lanes(x);
    qir_factor f = qir_rescale_factor(g->op, p, q);
    if (f.real == 1.0f)
        return shift_stored(g, x, q->zero_point[0] - p->zero_point[0]);
    x = llb_add(g, x, llb_i32s(g, -p->zero_point[0], n));
    return qcg_apply_factor(g, x, &f, q->qmin, q->qmax);
}

bool qir_lower_quantize(qcg *g)
{
    const qir_type *y = result_type(g);
    if (operand_type(g, 0)->dtype != QIR_f32 || !y->quant || qir_dtype_bits(y->dtype) > 16)
        return qcg_unsupported(g, "f32 to quantized values of at most 16 bits");
    return is_scaled(y) ? run_unary(g, quantize_op) : qcg_affine_by_type(g);
}

bool qir_lower_dequantize(qcg *g)
{
    const qir_type *x = operand_type(g, 0);
    if (!x->quant || qir_dtype_bits(x->dtype) > 32 || x->dtype == QIR_u32 ||
        result_type(g)->dtype != QIR_f32)
        return qcg_unsupported(g, "quantized values to f32");
    return x->quant->axis < 0 ? run_unary(g, dequantize_op) : qcg_affine_by_type(g);
}

bool qir_lower_requantize(qcg *g)
{
    if (!is_scaled(operand_type(g, 0)) || !is_scaled(result_type(g)))
        return qcg_unsupported(g, "per-tensor quantized values of at most 16 bits");
    return run_unary(g, requantize_op);
}

/* Bounds of relu and clamp. */
static void bounds_of(const qir_op *op, float *min, float *max)
{
    bool clamped = qir_op_has_trait(op, QIR_TRAIT_CLAMPED), relu = op->opcode == QIR_OP_relu;
    *min = relu ? 0.0f : clamped ? qir_op_float(op, "min") : -INFINITY;
    *max = clamped ? qir_op_float(op, "max") : INFINITY;
}

static llb_val bound_float(qcg *g, llb_val v)
{
    float min, max;
    unsigned n = llb_lanes(v);
    bounds_of(g->op, &min, &max);
    if (min > -INFINITY)
        v = llb_fmax(g, llb_f32s(g, min, n), v);
    if (max < INFINITY)
        v = llb_fmin(g, llb_f32s(g, max, n), v);
    return v;
}

static llb_val bound_stored(qcg *g, llb_val v)
{
    float min, max;
    int32_t lo, hi;
    bounds_of(g->op, &min, &max);
    qir_quant_bounds(result_type(g)->quant, min, max, &lo, &hi);
    return llb_clamp_i32(g, v, lo, hi);
}

static llb_val float_op(qcg *g, llb_val x)
{
    return qcg_fm_unary(g, g->op, x);
}

/* 8 bits to 8 bits: a table at compile time, one load per element at run time. */
static void table_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    (void)splat, (void)n;
    llb_type i8 = llb_int(g, 8);
    llb_val x = llb_load(g, i8, ptr[1], 1);
    if (qir_dtype_is_signed(operand_type(g, 0)->dtype))
        x = LLVMBuildXor(g->b, x, LLVMConstInt(i8, 0x80, 0), "");
    llb_val index = LLVMBuildZExt(g->b, x, llb_int(g, 64), "");
    llb_store(g, llb_load(g, i8, llb_offset(g, ctx, index), 1), ptr[0], 1);
}

static bool lookup(qcg *g)
{
    qir_unary_f32 f32;
    qir_unary_f64 f64;
    float args[4];
    bool known = qir_unary_get(g->op, &f32, &f64, args);
    QIR_ASSERT(known, "op without scalar function");
    (void)known;
    int8_t table[256];
    qir_lookup_table(operand_type(g, 0)->quant, result_type(g)->quant, f64, args, table);
    qcg_nest n;
    qcg_nest_elementwise(g, &n, 1);
    qcg_nest_run(g, &n, 1, table_body, qcg_const(g, table, sizeof table, 64));
    return true;
}

bool qir_lower_unary(qcg *g)
{
    const qir_type *x = operand_type(g, 0), *y = result_type(g);
    bool bound = g->op->opcode == QIR_OP_relu || g->op->opcode == QIR_OP_clamp;
    if (x->dtype == QIR_f32 && !x->quant && y->dtype == QIR_f32 && !y->quant)
        return run_unary(g, bound ? bound_float : float_op);
    if (!is_byte(x) || !is_byte(y))
        return qcg_unsupported(g, "f32 or per-tensor 8-bit quantized values");
    return bound ? run_unary(g, bound_stored) : lookup(g);
}

/* --- two operands ----------------------------------------------------------------------------- */

typedef llb_val (*binary_fn)(qcg *g, llb_val a, llb_val b);

static void binary_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    llb_val a = qcg_load_elements(g, operand_type(g, 0)->dtype, ptr[1], n, splat[1]);
    llb_val b = qcg_load_elements(g, operand_type(g, 1)->dtype, ptr[2], n, splat[2]);
    qcg_store_elements(g, result_type(g)->dtype, (*(binary_fn *)ctx)(g, a, b), ptr[0]);
}

static bool run_binary(qcg *g, binary_fn fn)
{
    qcg_nest n;
    qcg_nest_elementwise(g, &n, 2);
    qcg_nest_run(g, &n, WIDTH, binary_body, &fn);
    return true;
}

/* b if it wins or is NaN, else a. */
static llb_val extreme(qcg *g, llb_val a, llb_val b, LLVMRealPredicate wins)
{
    return LLVMBuildSelect(
        g->b, LLVMBuildFCmp(g->b, wins, b, a, ""), b,
        LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealUNO, b, b, ""), b, a, ""), "");
}

static llb_val prelu(qcg *g, llb_val x, llb_val slope)
{
    llb_val negative = LLVMBuildFCmp(g->b, LLVMRealOLT, x, llb_f32s(g, 0.0f, llb_lanes(x)), "");
    return LLVMBuildSelect(g->b, negative, LLVMBuildFMul(g->b, slope, x, ""), x, "");
}

#define FLOAT_BINARY(name, expr)                                                                   \
    static llb_val name##_f32(qcg *g, llb_val a, llb_val b)                                        \
    {                                                                                              \
        return bound_float(g, expr);                                                               \
    }
FLOAT_BINARY(add, LLVMBuildFAdd(g->b, a, b, ""))
FLOAT_BINARY(sub, LLVMBuildFSub(g->b, a, b, ""))
FLOAT_BINARY(mul, LLVMBuildFMul(g->b, a, b, ""))
FLOAT_BINARY(div, LLVMBuildFDiv(g->b, a, b, ""))
FLOAT_BINARY(pow, qcg_fm_pow(g, a, b))
FLOAT_BINARY(maximum, extreme(g, a, b, LLVMRealOGT))
FLOAT_BINARY(minimum, extreme(g, a, b, LLVMRealOLT))
FLOAT_BINARY(prelu, prelu(g, a, b))

static llb_val fixed(qcg *g, llb_val v, const qir_factor *f)
{
    unsigned n = llb_lanes(v);
    return qcg_scale_fixed(g, v, llb_i32s(g, f->fraction, n), llb_i32s(g, f->exponent, n), false);
}

/* qir_tflite_sum_value */
static llb_val tflite_sum(qcg *g, llb_val a, llb_val b)
{
    const qir_quant *p = operand_type(g, 0)->quant, *q = operand_type(g, 1)->quant;
    const qir_quant *y = result_type(g)->quant;
    unsigned n = llb_lanes(a);
    qir_tflite_sum s = qir_tflite_sum_get(p->scale[0], q->scale[0], y->scale[0]);
    a = LLVMBuildMul(g->b, llb_add(g, a, llb_i32s(g, -p->zero_point[0], n)), llb_i32s(g, 1 << 20, n), "");
    b = LLVMBuildMul(g->b, llb_add(g, b, llb_i32s(g, -q->zero_point[0], n)), llb_i32s(g, 1 << 20, n), "");
    a = fixed(g, a, &s.a);
    b = fixed(g, b, &s.b);
    llb_val v = g->op->opcode == QIR_OP_sub ? LLVMBuildSub(g->b, a, b, "") : llb_add(g, a, b);
    return bound_stored(g, llb_add(g, fixed(g, v, &s.y), llb_i32s(g, y->zero_point[0], n)));
}

/* clamp(((bias + a * ma + b * mb) >> shift) + zp) */
static llb_val weighted_sum(qcg *g, llb_val a, llb_val b)
{
    if (qir_op_compat(g->op) == QIR_COMPAT_TFLITE)
        return tflite_sum(g, a, b);
    const qir_quant *p = operand_type(g, 0)->quant, *q = operand_type(g, 1)->quant;
    const qir_quant *y = result_type(g)->quant;
    unsigned n = llb_lanes(a);
    qir_qadd k = {0};
    bool ok = (g->op->opcode == QIR_OP_sub ? qir_qsub_params : qir_qadd_params)(
        p->scale[0], p->zero_point[0], q->scale[0], q->zero_point[0], y->scale[0], &k);
    QIR_ASSERT(ok, "ratio of scales was checked");
    (void)ok;
    llb_val v = llb_add(g, llb_i32s(g, k.bias, n), LLVMBuildMul(g->b, a, llb_i32s(g, k.ma, n), ""));
    v = llb_add(g, v, LLVMBuildMul(g->b, b, llb_i32s(g, k.mb, n), ""));
    v = LLVMBuildAShr(g->b, v, llb_i32s(g, k.shift, n), "");
    return bound_stored(g, llb_add(g, v, llb_i32s(g, y->zero_point[0], n)));
}

static llb_val scaled_product(qcg *g, llb_val a, llb_val b)
{
    const qir_quant *p = operand_type(g, 0)->quant, *q = operand_type(g, 1)->quant;
    const qir_quant *y = result_type(g)->quant;
    qir_factor f = qir_product_factor(g->op, p, q, 0, y);
    float min, max;
    unsigned n = llb_lanes(a);
    int32_t lo, hi;
    bounds_of(g->op, &min, &max);
    qir_quant_bounds(y, min, max, &lo, &hi);
    a = llb_add(g, a, llb_i32s(g, -p->zero_point[0], n));
    b = llb_add(g, b, llb_i32s(g, -q->zero_point[0], n));
    return qcg_apply_factor(g, LLVMBuildMul(g->b, a, b, ""), &f, lo, hi);
}

/* Of equal parameters, so what is stored decides. */
static llb_val stored_extreme(qcg *g, llb_val a, llb_val b)
{
    bool largest = g->op->opcode == QIR_OP_maximum;
    return bound_stored(g, largest ? llb_smax(g, a, b) : llb_smin(g, a, b));
}

static bool sum_scales_ok(qcg *g)
{
    const qir_quant *p = operand_type(g, 0)->quant, *q = operand_type(g, 1)->quant;
    qir_qadd k;
    if (qir_qadd_params(p->scale[0], 0, q->scale[0], 0, result_type(g)->quant->scale[0], &k))
        return true;
    return qir_error(qir_context_diag(g->qir->ctx), g->op->loc, "codegen.scale",
                     "'%s' needs operand scales between 2^-10 and 2^8 times the result's scale",
                     qir_op_name(g->op));
}

bool qir_lower_binary(qcg *g)
{
    static const struct {
        qir_opcode opcode;
        binary_fn real, stored;
    } rows[] = {
        {QIR_OP_add, add_f32, weighted_sum},   {QIR_OP_sub, sub_f32, weighted_sum},
        {QIR_OP_mul, mul_f32, scaled_product}, {QIR_OP_div, div_f32, NULL},
        {QIR_OP_pow, pow_f32, NULL},           {QIR_OP_maximum, maximum_f32, stored_extreme},
        {QIR_OP_prelu, prelu_f32, NULL},       {QIR_OP_minimum, minimum_f32, stored_extreme},
    };
    const qir_type *a = operand_type(g, 0), *b = operand_type(g, 1), *y = result_type(g);
    bool real = a->dtype == QIR_f32 && b->dtype == QIR_f32 && y->dtype == QIR_f32;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].opcode != g->op->opcode)
            continue;
        if (real)
            return run_binary(g, rows[i].real);
        if (rows[i].stored && is_byte(a) && is_byte(b) && is_byte(y))
            return (rows[i].stored != weighted_sum || sum_scales_ok(g)) &&
                   run_binary(g, rows[i].stored);
    }
    return qcg_unsupported(g, "f32; add, sub, mul, maximum and minimum also for per-tensor 8-bit "
                              "quantized values");
}
