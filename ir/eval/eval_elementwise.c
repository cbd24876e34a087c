/* Elementwise ops with one operand.
 *
 *   relu(x)     = x < 0 ? 0 : x                       NaN and -0 pass
 *   clamp(x)    = x < min ? min : x, then > max       NaN passes
 * On quantized tensors both clamp the stored integers; the other ops of this file are tables of
 * their real function there (qir_lookup_table). */
#include <math.h>
#include "eval_priv.h"

static bool bound_quantized(qir_eval_args *a, float min, float max)
{
    const qir_type *y = a->out[0].type;
    int32_t lo, hi, *out = eval_out_i32(a, &a->out[0]);
    qir_quant_bounds(y->quant, min, max, &lo, &hi);
    const int32_t *x = eval_i32(a, &a->in[0]);
    int64_t n = qir_type_elements(y);
    for (int64_t i = 0; i < n; i++)
        out[i] = x[i] < lo ? lo : x[i] > hi ? hi : x[i];
    eval_put_i32(&a->out[0], out);
    return true;
}

static bool bound_elements(qir_eval_args *a, eval_bounds b)
{
    const qir_tensor *x = &a->in[0], *y = &a->out[0];
    int64_t n = qir_type_elements(y->type);
    switch (eval_class_of(y->type)) {
    case EVAL_QUANT: return bound_quantized(a, b.min, b.max);
    case EVAL_INT: {
        const int64_t *v = eval_i64(a, x);
        int64_t *out = eval_out_i64(a, y);
        qir_int_range range = qir_int_bounds(y->type->dtype, b.min, b.max);
        for (int64_t i = 0; i < n; i++)
            out[i] = eval_bound_int(v[i], range);
        eval_put_i64(y, out);
        return true;
    }
    case EVAL_F64: {
        const double *v = eval_f64(a, x);
        double *out = eval_out_f64(a, y);
        for (int64_t i = 0; i < n; i++)
            out[i] = eval_bound_f64(v[i], b);
        eval_put_f64(y, out);
        return true;
    }
    case EVAL_F32: {
        const float *v = eval_f32(a, x);
        float *out = eval_out_f32(a, y);
        for (int64_t i = 0; i < n; i++)
            out[i] = eval_bound(v[i], b);
        eval_put_f32(y, out);
        return true;
    }
    }
    QIR_UNREACHABLE("class of a type");
}

bool qir_eval_relu(qir_eval_args *a)
{
    return bound_elements(a, (eval_bounds){0.0f, INFINITY});
}

bool qir_eval_clamp(qir_eval_args *a)
{
    return bound_elements(a, eval_get_bounds(a->op));
}

/* Quantized with 8-bit storage on both sides: one table entry per stored value. */
static void unary_table(qir_eval_args *a, qir_unary_f64 fn, const float *args)
{
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    int8_t table[256];
    qir_lookup_table(x->quant, y->quant, fn, args, table);
    int64_t n = qir_type_elements(x);
    const uint8_t *src = a->in[0].data;
    uint8_t *dst = a->out[0].data;
    /* Signed storage starts at -128: its sign bit flipped is the index. */
    uint8_t flip = qir_dtype_is_signed(x->dtype) ? 0x80 : 0;
    for (int64_t i = 0; i < n; i++)
        dst[i] = (uint8_t)table[src[i] ^ flip];
}

/* Other quantized types: the table's definition, one value at a time. */
static void unary_quantized(qir_eval_args *a, qir_unary_f64 fn, const float *args)
{
    const float *x = eval_f32(a, &a->in[0]);
    float *out = QIR_NEW_ARRAY(a->scratch, float, (size_t)qir_type_elements(a->out[0].type));
    int64_t n = qir_type_elements(a->out[0].type);
    for (int64_t i = 0; i < n; i++)
        out[i] = (float)fn((double)x[i], args);
    eval_put_f32(&a->out[0], out);
}

static bool unary_int(qir_eval_args *a, qir_unary_i64 fn)
{
    const int64_t *v = eval_i64(a, &a->in[0]);
    int64_t *out = eval_out_i64(a, &a->out[0]), n = qir_type_elements(a->out[0].type);
    for (int64_t i = 0; i < n; i++)
        out[i] = fn(v[i]);
    eval_put_i64(&a->out[0], out);
    return true;
}

static int64_t complement(int64_t x)
{
    return ~x;
}

static int64_t is_zero(int64_t x)
{
    return x == 0;
}

bool qir_eval_not(qir_eval_args *a)
{
    return unary_int(a, a->out[0].type->dtype == QIR_i1 ? is_zero : complement);
}

bool qir_eval_unary(qir_eval_args *a)
{
    const qir_tensor *x = &a->in[0], *y = &a->out[0];
    if (eval_class_of(y->type) == EVAL_INT)
        return unary_int(a, qir_unary_int(a->op->opcode, y->type->dtype));
    qir_unary_f32 f32;
    qir_unary_f64 f64;
    float args[4];
    bool known = qir_unary_get(a->op, &f32, &f64, args);
    QIR_ASSERT(known, "op without scalar function");
    (void)known;
    int64_t n = qir_type_elements(y->type);
    if (qir_type_is_byte_quant(x->type) && qir_type_is_byte_quant(y->type)) {
        unary_table(a, f64, args);
    } else if (x->type->quant) {
        unary_quantized(a, f64, args);
    } else if (eval_class_of(y->type) == EVAL_F64) {
        const double *v = eval_f64(a, x);
        double *out = eval_out_f64(a, y);
        for (int64_t i = 0; i < n; i++)
            out[i] = f64(v[i], args);
        eval_put_f64(y, out);
    } else {
        const float *v = eval_f32(a, x);
        float *out = eval_out_f32(a, y);
        for (int64_t i = 0; i < n; i++)
            out[i] = f32(v[i], args);
        eval_put_f32(y, out);
    }
    return true;
}
