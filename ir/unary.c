/* The unary ops as scalar functions: fp32 (the definition, from qir/fmath.def) and double (libm, for
 * building lookup tables at compile time only). */
#include <stdio.h>
#include <string.h>
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
FUNCTION(round)
FUNCTION(floor)
FUNCTION(ceil)
FUNCTION(sin)
FUNCTION(cos)
FUNCTION(atan)
FUNCTION(softplus)

#define U(name, expr, ...)                                                                         \
    static double name##_f64(double x, const float *args)                                          \
    {                                                                                              \
        (void)args;                                                                                \
        return expr;                                                                               \
    }
#include "unary.def"

#define UI(name, expr_signed, expr_unsigned)                                                       \
    static int64_t name##_i64(int64_t x)                                                           \
    {                                                                                              \
        return expr_signed;                                                                        \
    }                                                                                              \
    static uint64_t name##_as_u64(uint64_t x)                                                      \
    {                                                                                              \
        return expr_unsigned;                                                                      \
    }                                                                                              \
    static int64_t name##_u64(int64_t x)                                                           \
    {                                                                                              \
        return (int64_t)name##_as_u64((uint64_t)x);                                                \
    }
#include "unary.def"

typedef struct unary_row {
    qir_opcode opcode;
    qir_unary_f32 f32;
    qir_unary_f64 f64;
    const char *args[4]; /* attributes that become arguments */
} unary_row;

static const unary_row rows[] = {
#define U(name, expr, ...) {QIR_OP_##name, name##_f32, name##_f64, {__VA_ARGS__}},
#include "unary.def"
};

/* An attribute as a number: a float, or for "name=word" whether it is that word. */
static float argument(const qir_op *op, const char *spec)
{
    const char *word = strchr(spec, '=');
    char name[32];
    if (!word)
        return qir_op_float(op, spec);
    snprintf(name, sizeof name, "%.*s", (int)(word - spec), spec);
    return strcmp(qir_op_string(op, name), word + 1) == 0 ? 1.0f : 0.0f;
}

bool qir_unary_get(const qir_op *op, qir_unary_f32 *f32, qir_unary_f64 *f64, float args[4])
{
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (rows[r].opcode != op->opcode)
            continue;
        *f32 = rows[r].f32;
        *f64 = rows[r].f64;
        for (int i = 0; i < 4; i++)
            args[i] = rows[r].args[i] ? argument(op, rows[r].args[i]) : 0.0f;
        return true;
    }
    return false;
}

qir_unary_i64 qir_unary_int(qir_opcode opcode, qir_dtype t)
{
    switch (opcode) {
#define UI(name, expr_signed, expr_unsigned)                                                       \
    case QIR_OP_##name: return t == QIR_u64 ? name##_u64 : name##_i64;
#include "unary.def"
    default: return NULL;
    }
}
