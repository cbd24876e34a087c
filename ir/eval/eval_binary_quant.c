/* Quantized arithmetic with two operands: add and sub in integers (qir_qadd), mul = requantized
 * product, maximum and minimum of equal parameters compare what is stored. */
#include "eval_priv.h"

/* Operands and result in integers. */
typedef struct quantized {
    const int32_t *p, *q; /* stored values in the result's shape */
    int32_t *out;
    int64_t n;
    int32_t lo, hi;
} quantized;

static bool is_integer_arithmetic(const qir_eval_args *a)
{
    const qir_quant *p = a->in[0].type->quant, *q = a->in[1].type->quant;
    const qir_quant *y = a->out[0].type->quant;
    return p && q && y && p->axis < 0 && q->axis < 0 && y->axis < 0;
}

static quantized quantized_begin(qir_eval_args *a)
{
    const qir_tensor *y = &a->out[0];
    eval_bounds b = eval_get_bounds(a->op);
    quantized z = {.n = qir_type_elements(y->type), .out = eval_out_i32(a, y)};
    z.p = eval_broadcast(a, eval_i32(a, &a->in[0]), 4, a->in[0].type, y->type);
    z.q = eval_broadcast(a, eval_i32(a, &a->in[1]), 4, a->in[1].type, y->type);
    qir_quant_bounds(y->type->quant, b.min, b.max, &z.lo, &z.hi);
    return z;
}

static void tflite_add(qir_eval_args *a)
{
    const qir_quant *p = a->in[0].type->quant, *q = a->in[1].type->quant;
    const qir_quant *y = a->out[0].type->quant;
    qir_tflite_sum s = qir_tflite_sum_get(p->scale[0], q->scale[0], y->scale[0]);
    quantized z = quantized_begin(a);
    for (int64_t i = 0; i < z.n; i++)
        z.out[i] = qir_tflite_sum_value(&s, z.p[i] - p->zero_point[0], z.q[i] - q->zero_point[0],
                                        a->op->opcode == QIR_OP_sub, z.lo, z.hi, y->zero_point[0]);
    eval_put_i32(&a->out[0], z.out);
}

static bool wide_add(qir_eval_args *a)
{
    const qir_quant *y = a->out[0].type->quant;
    qir_wide_sum s;
    qir_wide_sum_params(a->in[0].type->quant, a->in[1].type->quant, y, a->op->opcode == QIR_OP_sub, &s);
    quantized z = quantized_begin(a);
    for (int64_t i = 0; i < z.n; i++)
        z.out[i] = qir_wide_sum_value(&s, z.p[i], z.q[i], z.lo, z.hi, y->zero_point[0]);
    eval_put_i32(&a->out[0], z.out);
    return true;
}

typedef bool (*params_fn)(float sa, int32_t za, float sb, int32_t zb, float sy, qir_qadd *out);

static bool quantized_add(qir_eval_args *a, params_fn params)
{
    const qir_quant *p = a->in[0].type->quant, *q = a->in[1].type->quant;
    const qir_quant *y = a->out[0].type->quant;
    qir_qadd k;
    if (qir_sum_is_wide(p, q, y))
        return wide_add(a);
    if (!params(p->scale[0], p->zero_point[0], q->scale[0], q->zero_point[0], y->scale[0], &k))
        return qir_error(a->diag, a->op->loc, "eval.scale",
                         "'%s' needs operand scales between 2^-10 and 2^8 times the result's scale",
                         qir_op_name(a->op));
    if (qir_op_compat(a->op) == QIR_COMPAT_TFLITE) {
        tflite_add(a);
        return true;
    }
    quantized z = quantized_begin(a);
    for (int64_t i = 0; i < z.n; i++)
        z.out[i] = qir_qadd_value(&k, z.p[i], z.q[i], z.lo, z.hi, y->zero_point[0]);
    eval_put_i32(&a->out[0], z.out);
    return true;
}

static bool quantized_mul(qir_eval_args *a)
{
    const qir_quant *p = a->in[0].type->quant, *q = a->in[1].type->quant;
    const qir_quant *y = a->out[0].type->quant;
    qir_factor f = qir_product_factor(a->op, p, q, 0, y);
    quantized z = quantized_begin(a);
    for (int64_t i = 0; i < z.n; i++) {
        uint32_t u = (uint32_t)z.p[i] - (uint32_t)p->zero_point[0];
        uint32_t v = (uint32_t)z.q[i] - (uint32_t)q->zero_point[0];
        z.out[i] = qir_apply_factor((int32_t)(u * v), &f, z.lo, z.hi, y->zero_point[0]);
    }
    eval_put_i32(&a->out[0], z.out);
    return true;
}

static bool has_shared_params(const qir_eval_args *a)
{
    const qir_quant *y = a->out[0].type->quant;
    return y && a->in[0].type->quant == y && a->in[1].type->quant == y && y->axis < 0;
}

static bool quantized_extreme(qir_eval_args *a, bool largest)
{
    quantized z = quantized_begin(a);
    for (int64_t i = 0; i < z.n; i++) {
        int32_t v = (z.p[i] > z.q[i]) == largest ? z.p[i] : z.q[i];
        z.out[i] = v < z.lo ? z.lo : v > z.hi ? z.hi : v;
    }
    eval_put_i32(&a->out[0], z.out);
    return true;
}

bool eval_binary_quantized(qir_eval_args *a, bool *ok)
{
    qir_opcode op = a->op->opcode;
    bool extreme = op == QIR_OP_maximum || op == QIR_OP_minimum;
    if (extreme ? !has_shared_params(a) : !is_integer_arithmetic(a))
        return false;
    if (extreme)
        *ok = quantized_extreme(a, op == QIR_OP_maximum);
    else if (op == QIR_OP_mul)
        *ok = quantized_mul(a);
    else if (op == QIR_OP_add || op == QIR_OP_sub)
        *ok = quantized_add(a, op == QIR_OP_add ? qir_qadd_params : qir_qsub_params);
    else
        return false;
    return true;
}
