/* The scalar functions of the unary ops, in fp32 (float tensors; generated code gives the same bits)
 * and in double (lookup tables, f64 tensors).  Conditions are written so that NaN passes. */
#include <math.h>
#include "eval_priv.h"

#define FN(name, expr32, expr64)                                                                   \
    static float name##_f32(float x, const float *p)                                              \
    {                                                                                              \
        (void)p;                                                                                   \
        return expr32;                                                                             \
    }                                                                                              \
    static double name##_f64(double x, const float *p)                                            \
    {                                                                                              \
        (void)p;                                                                                   \
        return expr64;                                                                             \
    }

/* t < 0 ? 0 : t, then > 1 ? 1 */
static float unit_f32(float t)
{
    t = t < 0.0f ? 0.0f : t;
    return t > 1.0f ? 1.0f : t;
}

static double unit_f64(double t)
{
    t = t < 0.0 ? 0.0 : t;
    return t > 1.0 ? 1.0 : t;
}

FN(sigmoid, qir_fm_sigmoid(x), 1.0 / (1.0 + exp(-x)))
FN(tanh, qir_fm_tanh(x), tanh(x))
FN(exp, qir_fm_exp(x), exp(x))
FN(log, qir_fm_log(x), log(x))
FN(sqrt, sqrtf(x), sqrt(x))
FN(erf, qir_fm_erf(x), erf(x))
FN(neg, -x, -x)
FN(abs, fabsf(x), fabs(x))
FN(reciprocal, 1.0f / x, 1.0 / x)
FN(hard_swish, x *unit_f32(x * (1.0f / 6.0f) + 0.5f), x *unit_f64(x * (1.0 / 6.0) + 0.5))
FN(hard_sigmoid, unit_f32(p[0] * x + p[1]), unit_f64((double)p[0] * x + (double)p[1]))
FN(elu, x > 0.0f ? x : p[0] * (qir_fm_exp(x) - 1.0f), x > 0.0 ? x : (double)p[0] * (exp(x) - 1.0))
FN(leaky_relu, x < 0.0f ? p[0] * x : x, x < 0.0 ? (double)p[0] * x : x)

typedef struct unary_row {
    qir_unary_f32 f32;
    qir_unary_f64 f64;
    const char *args[4]; /* attributes, in the order of p[] */
} unary_row;

#define ROW(name, ...) [QIR_OP_##name] = {name##_f32, name##_f64, {__VA_ARGS__}},
static const unary_row rows[QIR_NUM_OPS] = {
    ROW(sigmoid, NULL)
    ROW(tanh, NULL)
    ROW(exp, NULL)
    ROW(log, NULL)
    ROW(sqrt, NULL)
    ROW(erf, NULL)
    ROW(neg, NULL)
    ROW(abs, NULL)
    ROW(reciprocal, NULL)
    ROW(hard_swish, NULL)
    ROW(hard_sigmoid, "alpha", "beta")
    ROW(elu, "alpha")
    ROW(leaky_relu, "alpha")
};

bool qir_unary_get(const qir_op *op, qir_unary_f32 *f32, qir_unary_f64 *f64, float args[4])
{
    const unary_row *row = &rows[op->opcode];
    if (!row->f32)
        return false;
    *f32 = row->f32;
    *f64 = row->f64;
    for (int i = 0; i < 4; i++)
        args[i] = row->args[i] ? qir_op_float(op, row->args[i]) : 0.0f;
    return true;
}
