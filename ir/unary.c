/* The unary ops as scalar functions: fp32 (the definition, from qir/fmath.def) and double (libm, for
 * building lookup tables at compile time only). */
#include "qir/eval.h"

#include "fmath_scalar.h"

#define FM_OPS_ONLY
#define FM_ARG(i) (args[i])
#define FM_BEGIN(name, x)                                                                          \
    static float name##_f32(float x, const float *args)                                            \
    {                                                                                              \
        (void)args;
#define FM_END(name, result)                                                                       \
    return result;                                                                                 \
    }
#include "qir/fmath.def"

#define FUNCTION(name)                                                                             \
    static float name##_f32(float x, const float *args)                                            \
    {                                                                                              \
        (void)args;                                                                                \
        return qir_fm_##name(x);                                                                   \
    }
FUNCTION(exp)
FUNCTION(log)
FUNCTION(tanh)
FUNCTION(sigmoid)
FUNCTION(erf)

#define DOUBLE(name, expr)                                                                         \
    static double name##_f64(double x, const float *args)                                          \
    {                                                                                              \
        (void)args;                                                                                \
        return expr;                                                                               \
    }
DOUBLE(exp, exp(x))
DOUBLE(log, log(x))
DOUBLE(tanh, tanh(x))
DOUBLE(sigmoid, 1.0 / (1.0 + exp(-x)))
DOUBLE(erf, erf(x))
DOUBLE(sqrt, sqrt(x))
DOUBLE(neg, -x)
DOUBLE(abs, fabs(x))
DOUBLE(reciprocal, 1.0 / x)
DOUBLE(hard_swish, x * fmax(0.0, fmin(1.0, x / 6.0 + 0.5)))
DOUBLE(hard_sigmoid, fmax(0.0, fmin(1.0, (double)args[0] * x + (double)args[1])))
DOUBLE(elu, x > 0.0 ? x : (double)args[0] * expm1(x))
DOUBLE(leaky_relu, x < 0.0 ? (double)args[0] * x : x)

typedef struct unary_row {
    qir_opcode opcode;
    qir_unary_f32 f32;
    qir_unary_f64 f64;
    const char *args[4]; /* attributes that become arguments */
} unary_row;

#define ROW(name, ...) {QIR_OP_##name, name##_f32, name##_f64, {__VA_ARGS__}}
static const unary_row rows[] = {
    ROW(exp, NULL),
    ROW(log, NULL),
    ROW(tanh, NULL),
    ROW(sigmoid, NULL),
    ROW(erf, NULL),
    ROW(sqrt, NULL),
    ROW(neg, NULL),
    ROW(abs, NULL),
    ROW(reciprocal, NULL),
    ROW(hard_swish, NULL),
    ROW(hard_sigmoid, "alpha", "beta"),
    ROW(elu, "alpha"),
    ROW(leaky_relu, "alpha"),
};

bool qir_unary_get(const qir_op *op, qir_unary_f32 *f32, qir_unary_f64 *f64, float args[4])
{
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (rows[r].opcode != op->opcode)
            continue;
        *f32 = rows[r].f32;
        *f64 = rows[r].f64;
        for (int i = 0; i < 4; i++)
            args[i] = rows[r].args[i] ? qir_op_float(op, rows[r].args[i]) : 0.0f;
        return true;
    }
    return false;
}
