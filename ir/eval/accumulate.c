/* What conv, linear and matmul share: operands before the products, bias and requantization after.
 */
#include "eval_priv.h"
#include "qir/pack.h"

eval_dot eval_product_kind(const qir_type *x, const qir_type *w, const qir_type *y)
{
    eval_class cx = eval_class_of(x), cw = eval_class_of(w), cy = eval_class_of(y);
    if (cx == EVAL_QUANT && cw == EVAL_QUANT && (cy == EVAL_QUANT || cy == EVAL_INT) &&
        !w->quant->group) {
        bool narrow = (qir_dtype_bits(x->dtype) <= 8 || qir_type_is_word_quant(x)) &&
                      qir_dtype_bits(w->dtype) <= 8;
        return narrow ? EVAL_DOT_I16 : EVAL_DOT_I32;
    }
    if (cx == EVAL_INT && cw == EVAL_INT)
        return EVAL_DOT_I64;
    return cy == EVAL_F64 ? EVAL_DOT_F64 : EVAL_DOT_F32;
}

static bool one_zero_point(const qir_quant *q)
{
    for (size_t i = 1; i < q->count; i++)
        if (q->zero_point[i] != q->zero_point[0])
            return false;
    return true;
}

/* Bytes less one zero point, to i16. */
#define CENTER(name, from)                                                                         \
    static void name(const from *v, int64_t n, int32_t zp, int16_t *dst)                           \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            dst[i] = (int16_t)(v[i] - zp);                                                         \
    }
CENTER(center_i8, int8_t)
CENTER(center_u8, uint8_t)

/* The case that takes time: false where it is another. */
static bool center_bytes(const qir_tensor *t, int64_t n, eval_dot kind, void *dst)
{
    const qir_quant *q = t->type->quant;
    if (kind != EVAL_DOT_I16 || qir_dtype_bits(t->type->dtype) != 8 || !one_zero_point(q))
        return false;
    if (qir_dtype_is_signed(t->type->dtype))
        center_i8(t->data, n, q->zero_point[0], dst);
    else
        center_u8(t->data, n, q->zero_point[0], dst);
    return true;
}

/* Stored values minus their zero points. */
static void *centered(qir_eval_args *a, const qir_tensor *t, eval_dot kind)
{
    const qir_quant *q = t->type->quant;
    int64_t n = qir_type_elements(t->type);
    void *dst = qir_arena_array(a->scratch, (size_t)n, eval_dot_bytes(kind));
    if (center_bytes(t, n, kind, dst))
        return dst;
    const int32_t *v = eval_i32(a, t);
    for (int64_t i = 0; i < n; i++) {
        int32_t zp = q->zero_point[qir_quant_index(t->type, i)];
        if (kind == EVAL_DOT_I16)
            ((int16_t *)dst)[i] = (int16_t)(v[i] - zp);
        else
            ((int32_t *)dst)[i] = (int32_t)((uint32_t)v[i] - (uint32_t)zp);
    }
    return dst;
}

const void *eval_product_operand(qir_eval_args *a, const qir_tensor *t, eval_dot kind)
{
    switch (kind) {
    case EVAL_DOT_F32: return eval_f32(a, t);
    case EVAL_DOT_F64: return eval_f64(a, t);
    case EVAL_DOT_I64: return eval_i64(a, t);
    case EVAL_DOT_I16:
    case EVAL_DOT_I32: return centered(a, t, kind);
    }
    QIR_UNREACHABLE("kind of product");
}

void *eval_product_out(qir_eval_args *a, eval_dot kind)
{
    const qir_tensor *y = &a->out[0];
    switch (kind) {
    case EVAL_DOT_F32: return eval_out_f32(a, y);
    case EVAL_DOT_F64: return eval_out_f64(a, y);
    case EVAL_DOT_I64: return eval_out_i64(a, y);
    case EVAL_DOT_I16:
    case EVAL_DOT_I32: return eval_out_i32(a, y);
    }
    QIR_UNREACHABLE("kind of product");
}

static void finish_f32(qir_eval_args *a, float *v, bool has_bias, int64_t channels, int64_t inner)
{
    const float *bias = has_bias ? eval_f32(a, &a->in[2]) : NULL;
    eval_bounds bounds = eval_get_bounds(a->op);
    int64_t n = qir_type_elements(a->out[0].type);
    for (int64_t i = 0, row = 0; i < n; row++)
        for (int64_t end = i + inner; i < end; i++)
            v[i] = eval_bound(bias ? v[i] + bias[row % channels] : v[i], bounds);
    eval_put_f32(&a->out[0], v);
}

static void finish_f64(qir_eval_args *a, double *v, bool has_bias, int64_t channels, int64_t inner)
{
    const double *bias = has_bias ? eval_f64(a, &a->in[2]) : NULL;
    eval_bounds bounds = eval_get_bounds(a->op);
    int64_t n = qir_type_elements(a->out[0].type);
    for (int64_t i = 0; i < n; i++) {
        double x = bias ? v[i] + bias[i / inner % channels] : v[i];
        v[i] = eval_bound_f64(x, bounds);
    }
    eval_put_f64(&a->out[0], v);
}

static void finish_i64(qir_eval_args *a, int64_t *v)
{
    const qir_type *y = a->out[0].type;
    eval_bounds b = eval_get_bounds(a->op);
    qir_int_range range = qir_int_bounds(y->dtype, b.min, b.max);
    int64_t n = qir_type_elements(y);
    for (int64_t i = 0; i < n; i++)
        v[i] = eval_bound_int(v[i], range);
    eval_put_i64(&a->out[0], v);
}

static void add_bias_i32(qir_eval_args *a, int32_t *v, int64_t channels, int64_t inner)
{
    const int32_t *bias = eval_i32(a, &a->in[2]);
    int64_t n = qir_type_elements(a->out[0].type);
    for (int64_t i = 0, row = 0; i < n; row++)
        for (int64_t end = i + inner; i < end; i++)
            v[i] = (int32_t)((uint32_t)v[i] + (uint32_t)bias[row % channels]);
}

/* Raw sums to a plain integer result. */
static void finish_raw(qir_eval_args *a, int32_t *v)
{
    const qir_type *y = a->out[0].type;
    eval_bounds b = eval_get_bounds(a->op);
    qir_int_range range = qir_int_bounds(y->dtype, b.min, b.max);
    int64_t n = qir_type_elements(y);
    for (int64_t i = 0; i < n; i++)
        v[i] = (int32_t)eval_bound_int(v[i], range);
    eval_put_i32(&a->out[0], v);
}

static void requantize(qir_eval_args *a, int32_t *v, const qir_quant *w, int64_t channels,
                       int64_t inner)
{
    const qir_quant *x = a->in[0].type->quant, *y = a->out[0].type->quant;
    eval_bounds b = eval_get_bounds(a->op);
    int32_t lo, hi;
    qir_quant_bounds(y, b.min, b.max, &lo, &hi);
    qir_factor *f = QIR_NEW_ARRAY(a->scratch, qir_factor, (size_t)channels);
    for (int64_t c = 0; c < channels; c++) /* groups of a transposed convolution share them */
        f[c] = qir_product_factor(a->op, x, w, (size_t)c % w->count, y);
    int64_t n = qir_type_elements(a->out[0].type);
    for (int64_t i = 0, row = 0; i < n; row++)
        for (int64_t end = i + inner; i < end; i++)
            v[i] = qir_apply_factor(v[i], &f[row % channels], lo, hi, y->zero_point[0]);
    eval_put_i32(&a->out[0], v);
}

void eval_product_finish(qir_eval_args *a, eval_dot kind, void *sums, const qir_type *w,
                         bool has_bias, int64_t channels, int64_t inner)
{
    switch (kind) {
    case EVAL_DOT_F32: finish_f32(a, sums, has_bias, channels, inner); return;
    case EVAL_DOT_F64: finish_f64(a, sums, has_bias, channels, inner); return;
    case EVAL_DOT_I64: finish_i64(a, sums); return;
    case EVAL_DOT_I16:
    case EVAL_DOT_I32:
        if (has_bias)
            add_bias_i32(a, sums, channels, inner);
        if (a->out[0].type->quant)
            requantize(a, sums, w->quant, channels, inner);
        else
            finish_raw(a, sums);
        return;
    }
}

qir_tensor eval_weight(qir_eval_args *a, uint32_t i)
{
    qir_tensor w = a->in[i];
    if (w.type->kind != QIR_PACKED)
        return w;
    const qir_type *logical = w.type->logical;
    qir_pack_shape shape;
    int64_t groups = qir_packing_get(w.type->packing)->per_channel ? logical->dims[0] : 1;
    bool ok = qir_pack_shape_get(w.type->packing, logical, groups, &shape);
    QIR_ASSERT(ok, "packed type that does not fit its weight");
    (void)ok;
    void *data = qir_arena_alloc(a->scratch, qir_type_bytes(logical));
    qir_unpack(&shape, logical, w.data, data);
    return (qir_tensor){logical, data};
}
