/* Arithmetic with two operands and numpy broadcasting, one row per op.
 *
 * Floats: the IEEE operation (pow: qir_fm_pow), then the bounds.
 *   maximum(a, b) = b > a or b is NaN ? b : a         NaN of either side wins
 *   minimum(a, b) = b < a or b is NaN ? b : a
 *   prelu(x, s)   = x < 0 ? s * x : x
 *   mod(a, b)     = the exact remainder; every NaN is the positive one
 * Integers compute in 64 bits (u64 unsigned, all others signed), wrapping to the type after the
 * bounds; they divide towards 0, by zero with the result 0.  Shifts count b as unsigned.
 * Quantized: eval_binary_quant.c; the rest dequantizes, computes in f32, bounds and quantizes. */
#include <math.h>
#include "eval_priv.h"

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
#define NO_REMAINDER(a, b) (isnan(a) || isnan(b) || isinf(a) || (b) == 0)
FLOAT_FN(remainder, NO_REMAINDER(a, b) ? NAN : fmodf(a, b),
         NO_REMAINDER(a, b) ? (double)NAN : fmod(a, b))

/* Moves a remainder to the side of the divisor. */
#define SIDE_OF(r, b) ((r) != 0 && ((r) < 0) != ((b) < 0) ? (r) + (b) : (r))
FLOAT_FN(mod, SIDE_OF(remainder_f32(a, b), b), SIDE_OF(remainder_f64(a, b), b))

/* Both forms of an integer op; U(v): unsigned, so that it wraps. */
#define U(v) ((uint64_t)(v))
#define INT_FN(name, expr_signed, expr_unsigned)                                                   \
    static int64_t name##_i64(int64_t a, int64_t b)                                                \
    {                                                                                              \
        return (int64_t)(expr_signed);                                                             \
    }                                                                                              \
    static uint64_t name##_u64(uint64_t a, uint64_t b)                                             \
    {                                                                                              \
        return (expr_unsigned);                                                                    \
    }
INT_FN(add, U(a) + U(b), a + b)
INT_FN(sub, U(a) - U(b), a - b)
INT_FN(mul, U(a) * U(b), a * b)
INT_FN(div, b == 0 ? 0 : b == -1 ? (int64_t)(0 - U(a)) : a / b, b == 0 ? 0 : a / b)
INT_FN(maximum, a > b ? a : b, a > b ? a : b)
INT_FN(minimum, a < b ? a : b, a < b ? a : b)
INT_FN(remainder, b == 0 || b == -1 ? 0 : a % b, b == 0 ? 0 : a % b)
INT_FN(mod, SIDE_OF(remainder_i64(a, b), b), remainder_u64(a, b))
INT_FN(and, a & b, a & b)
INT_FN(or, a | b, a | b)
INT_FN(xor, a ^ b, a ^ b)
INT_FN(shift_left, U(b) < 64 ? U(a) << b : 0, b < 64 ? a << b : 0)
INT_FN(shift_right, a >> (U(b) < 64 ? b : 63), b < 64 ? a >> b : 0)

static uint64_t pow_u64(uint64_t a, uint64_t b)
{
    uint64_t r = 1;
    for (; b; b >>= 1, a *= a)
        r *= b & 1 ? a : 1;
    return r;
}

/* Negative exponents truncate 1 / a^|b|. */
static int64_t pow_i64(int64_t a, int64_t b)
{
    if (b < 0)
        return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
    return (int64_t)pow_u64(U(a), U(b));
}

typedef struct binary_row {
    qir_opcode opcode;
    float (*f32)(float, float);
    double (*f64)(double, double);
    int64_t (*i64)(int64_t, int64_t);
    uint64_t (*u64)(uint64_t, uint64_t);
} binary_row;

#define ALL(op, fn) {QIR_OP_##op, fn##_f32, fn##_f64, fn##_i64, fn##_u64}
#define INTS(op) {QIR_OP_##op, NULL, NULL, op##_i64, op##_u64}
static const binary_row rows[] = {
    ALL(add, add), ALL(sub, sub), ALL(mul, mul), ALL(div, div), ALL(pow, pow),
    ALL(maximum, maximum), ALL(minimum, minimum), ALL(mod, mod),
    INTS(and), INTS(or), INTS(xor), INTS(shift_left), INTS(shift_right),
    {QIR_OP_prelu, prelu_f32, prelu_f64, NULL, NULL},
};
static const binary_row truncated_mod = ALL(mod, remainder);

/* --- by class --------------------------------------------------------------------------------- */

static eval_bounds bounds_of(const qir_op *op)
{
    if (qir_op_has_trait(op, QIR_TRAIT_CLAMPED))
        return eval_get_bounds(op);
    return (eval_bounds){-INFINITY, INFINITY};
}

static void binary_f32(qir_eval_args *a, const binary_row *row)
{
    const qir_tensor *y = &a->out[0];
    const float *p = eval_broadcast(a, eval_f32(a, &a->in[0]), 4, a->in[0].type, y->type);
    const float *q = eval_broadcast(a, eval_f32(a, &a->in[1]), 4, a->in[1].type, y->type);
    float *out = eval_out_f32(a, y);
    eval_bounds b = bounds_of(a->op);
    int64_t n = qir_type_elements(y->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = eval_bound(row->f32(p[i], q[i]), b);
    eval_put_f32(y, out);
}

static void binary_f64(qir_eval_args *a, const binary_row *row)
{
    const qir_tensor *y = &a->out[0];
    const double *p = eval_broadcast(a, eval_f64(a, &a->in[0]), 8, a->in[0].type, y->type);
    const double *q = eval_broadcast(a, eval_f64(a, &a->in[1]), 8, a->in[1].type, y->type);
    double *out = eval_out_f64(a, y);
    eval_bounds b = bounds_of(a->op);
    int64_t n = qir_type_elements(y->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = eval_bound_f64(row->f64(p[i], q[i]), b);
    eval_put_f64(y, out);
}

static void binary_int(qir_eval_args *a, const binary_row *row)
{
    const qir_tensor *y = &a->out[0];
    const int64_t *p = eval_broadcast(a, eval_i64(a, &a->in[0]), 8, a->in[0].type, y->type);
    const int64_t *q = eval_broadcast(a, eval_i64(a, &a->in[1]), 8, a->in[1].type, y->type);
    int64_t *out = eval_out_i64(a, y), n = qir_type_elements(y->type);
    bool is_u64 = y->type->dtype == QIR_u64;
    eval_bounds bounds = bounds_of(a->op);
    qir_int_range range = qir_int_bounds(y->type->dtype, bounds.min, bounds.max);
    for (int64_t i = 0; i < n; i++) {
        int64_t v = is_u64 ? (int64_t)row->u64(U(p[i]), U(q[i])) : row->i64(p[i], q[i]);
        out[i] = eval_bound_int(v, range);
    }
    eval_put_i64(y, out);
}

static const binary_row *row_of(const qir_op *op)
{
    if (op->opcode == QIR_OP_mod && qir_op_bool(op, "truncated"))
        return &truncated_mod;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opcode == op->opcode)
            return &rows[i];
    QIR_UNREACHABLE("binary op without row");
}

bool qir_eval_binary(qir_eval_args *a)
{
    const binary_row *row = row_of(a->op);
    bool ok;
    if (eval_binary_quantized(a, &ok))
        return ok;
    switch (eval_class_of(a->out[0].type)) {
    case EVAL_F64: binary_f64(a, row); break;
    case EVAL_INT: binary_int(a, row); break;
    case EVAL_F32:
    case EVAL_QUANT: binary_f32(a, row); break;
    }
    return true;
}
