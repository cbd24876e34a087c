/* Elementwise ops with two operands and numpy broadcasting.
 *
 * Floats: the IEEE operation (pow: qir_fm_pow), then the bounds.
 *   maximum(a, b) = b > a or b is NaN ? b : a         NaN of either side wins
 *   minimum(a, b) = b < a or b is NaN ? b : a
 *   prelu(x, s)   = x < 0 ? s * x : x
 * Integers: int64, wrapping to the type; division truncates; bounds apply before wrapping.
 * Quantized: add and sub in integers (qir_qadd), mul = requantized product, maximum and minimum of
 * equal parameters compare what is stored; other ops and types dequantize, compute in f32, bound
 * and quantize. */
#include <math.h>
#include "eval_priv.h"

typedef float (*fn_f32)(float, float);
typedef double (*fn_f64)(double, double);
typedef int64_t (*fn_i64)(int64_t, int64_t);

#define FLOAT_FN(name, expr32, expr64)                                                             \
    static float name##_f32(float a, float b)                                                      \
    {                                                                                              \
        return expr32;                                                                             \
    }                                                                                              \
    static double name##_f64(double a, double b)                                                   \
    {                                                                                              \
        return expr64;                                                                             \
    }
FLOAT_FN(add, a + b, a + b)
FLOAT_FN(sub, a - b, a - b)
FLOAT_FN(mul, a *b, a *b)
FLOAT_FN(div, a / b, a / b)
FLOAT_FN(pow, qir_fm_pow(a, b), pow(a, b))
FLOAT_FN(maximum, EVAL_MAX(a, b), EVAL_MAX(a, b))
FLOAT_FN(minimum, EVAL_MIN(a, b), EVAL_MIN(a, b))
FLOAT_FN(prelu, a < 0.0f ? b * a : a, a < 0.0 ? b * a : a)

static int64_t add_i64(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t sub_i64(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t mul_i64(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* Division by zero gives 0; the one quotient that does not fit wraps. */
static int64_t div_i64(int64_t a, int64_t b)
{
    return b == 0 ? 0 : b == -1 ? sub_i64(0, a) : a / b;
}

/* Negative exponents truncate 1 / a^|b|. */
static int64_t pow_i64(int64_t a, int64_t b)
{
    if (b < 0)
        return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
    int64_t r = 1;
    for (; b; b >>= 1, a = mul_i64(a, a))
        if (b & 1)
            r = mul_i64(r, a);
    return r;
}

static int64_t maximum_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t minimum_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- by class --------------------------------------------------------------------------------- */
static eval_bounds bounds_of(const qir_op *op)
{
    if (qir_op_has_trait(op, QIR_TRAIT_CLAMPED))
        return eval_get_bounds(op);
    return (eval_bounds){-INFINITY, INFINITY};
}

static void binary_f32(qir_eval_args *a, fn_f32 fn)
{
    const qir_tensor *y = &a->out[0];
    const float *p = eval_broadcast(a, eval_f32(a, &a->in[0]), 4, a->in[0].type, y->type);
    const float *q = eval_broadcast(a, eval_f32(a, &a->in[1]), 4, a->in[1].type, y->type);
    float *out = eval_out_f32(a, y);
    eval_bounds b = bounds_of(a->op);
    int64_t n = qir_type_elements(y->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = eval_bound(fn(p[i], q[i]), b);
    eval_put_f32(y, out);
}

static void binary_f64(qir_eval_args *a, fn_f64 fn)
{
    const qir_tensor *y = &a->out[0];
    const double *p = eval_broadcast(a, eval_f64(a, &a->in[0]), 8, a->in[0].type, y->type);
    const double *q = eval_broadcast(a, eval_f64(a, &a->in[1]), 8, a->in[1].type, y->type);
    double *out = eval_out_f64(a, y);
    eval_bounds b = bounds_of(a->op);
    int64_t n = qir_type_elements(y->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = eval_bound_f64(fn(p[i], q[i]), b);
    eval_put_f64(y, out);
}

static void binary_i64(qir_eval_args *a, fn_i64 fn)
{
    const qir_tensor *y = &a->out[0];
    const int64_t *p = eval_broadcast(a, eval_i64(a, &a->in[0]), 8, a->in[0].type, y->type);
    const int64_t *q = eval_broadcast(a, eval_i64(a, &a->in[1]), 8, a->in[1].type, y->type);
    int64_t *out = eval_out_i64(a, y), lo, hi;
    eval_int_bounds(bounds_of(a->op), &lo, &hi);
    int64_t n = qir_type_elements(y->type);
    for (int64_t i = 0; i < n; i++) {
        int64_t v = fn(p[i], q[i]);
        out[i] = v < lo ? lo : v > hi ? hi : v;
    }
    eval_put_i64(y, out);
}

static bool run(qir_eval_args *a, fn_f32 f32, fn_f64 f64, fn_i64 i64)
{
    switch (eval_class_of(a->out[0].type)) {
    case EVAL_F64: binary_f64(a, f64); break;
    case EVAL_INT: binary_i64(a, i64); break;
    case EVAL_F32:
    case EVAL_QUANT: binary_f32(a, f32); break;
    }
    return true;
}

/* --- quantized add, sub, mul ------------------------------------------------------------------ */
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
    eval_bounds b = bounds_of(a->op);
    quantized z = {.n = qir_type_elements(y->type), .out = eval_out_i32(a, y)};
    z.p = eval_broadcast(a, eval_i32(a, &a->in[0]), 4, a->in[0].type, y->type);
    z.q = eval_broadcast(a, eval_i32(a, &a->in[1]), 4, a->in[1].type, y->type);
    qir_quant_bounds(y->type->quant, b.min, b.max, &z.lo, &z.hi);
    return z;
}

typedef bool (*params_fn)(float sa, int32_t za, float sb, int32_t zb, float sy, qir_qadd *out);

static bool quantized_add(qir_eval_args *a, params_fn params)
{
    const qir_quant *p = a->in[0].type->quant, *q = a->in[1].type->quant;
    const qir_quant *y = a->out[0].type->quant;
    qir_qadd k;
    if (!params(p->scale[0], p->zero_point[0], q->scale[0], q->zero_point[0], y->scale[0], &k))
        return qir_error(a->diag, a->op->loc, "eval.scale",
                         "'%s' needs operand scales between 2^-10 and 2^8 times the result's scale",
                         qir_op_name(a->op));
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
    float m = qir_requant_multiplier(p->scale[0], q->scale[0], y->scale[0]);
    quantized z = quantized_begin(a);
    for (int64_t i = 0; i < z.n; i++) {
        uint32_t u = (uint32_t)z.p[i] - (uint32_t)p->zero_point[0];
        uint32_t v = (uint32_t)z.q[i] - (uint32_t)q->zero_point[0];
        z.out[i] = qir_requantize((int32_t)(u * v), m, z.lo, z.hi, y->zero_point[0]);
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

/* --- ops -------------------------------------------------------------------------------------- */
bool qir_eval_add(qir_eval_args *a)
{
    return is_integer_arithmetic(a) ? quantized_add(a, qir_qadd_params)
                                    : run(a, add_f32, add_f64, add_i64);
}

bool qir_eval_sub(qir_eval_args *a)
{
    return is_integer_arithmetic(a) ? quantized_add(a, qir_qsub_params)
                                    : run(a, sub_f32, sub_f64, sub_i64);
}

bool qir_eval_mul(qir_eval_args *a)
{
    return is_integer_arithmetic(a) ? quantized_mul(a) : run(a, mul_f32, mul_f64, mul_i64);
}

bool qir_eval_div(qir_eval_args *a)
{
    return run(a, div_f32, div_f64, div_i64);
}

bool qir_eval_pow(qir_eval_args *a)
{
    return run(a, pow_f32, pow_f64, pow_i64);
}

bool qir_eval_maximum(qir_eval_args *a)
{
    return has_shared_params(a) ? quantized_extreme(a, true)
                                : run(a, maximum_f32, maximum_f64, maximum_i64);
}

bool qir_eval_minimum(qir_eval_args *a)
{
    return has_shared_params(a) ? quantized_extreme(a, false)
                                : run(a, minimum_f32, minimum_f64, minimum_i64);
}

bool qir_eval_prelu(qir_eval_args *a)
{
    return run(a, prelu_f32, prelu_f64, maximum_i64);
}
