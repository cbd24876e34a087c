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

#define U(name, expr, ...)                                                                         \
    static double name##_f64(double x, const float *args)                                          \
    {                                                                                              \
        (void)args;                                                                                \
        return expr;                                                                               \
    }
#include "unary.def"
#undef U

typedef struct unary_row {
    qir_opcode opcode;
    qir_unary_f32 f32;
    qir_unary_f64 f64;
    const char *args[4]; /* attributes that become arguments */
} unary_row;

static const unary_row rows[] = {
#define U(name, expr, ...) {QIR_OP_##name, name##_f32, name##_f64, {__VA_ARGS__}},
#include "unary.def"
#undef U
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
