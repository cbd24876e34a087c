/* Elements of tensors in and out of the compute types.  Storage types differ in width only; types
 * below a byte take one byte each and hold their value sign- or zero-extended. */
#include "eval_priv.h"

/* Integer types and the C type that stores them, each with `arg`. */
#define INT_TYPES(X, arg)                                                                          \
    X(i1, uint8_t, arg)                                                                            \
    X(i2, int8_t, arg)                                                                             \
    X(i4, int8_t, arg)                                                                             \
    X(i8, int8_t, arg)                                                                             \
    X(i16, int16_t, arg)                                                                           \
    X(i32, int32_t, arg)                                                                           \
    X(i64, int64_t, arg)                                                                           \
    X(u2, uint8_t, arg)                                                                            \
    X(u4, uint8_t, arg)                                                                            \
    X(u8, uint8_t, arg)                                                                            \
    X(u16, uint16_t, arg)                                                                          \
    X(u32, uint32_t, arg)                                                                          \
    X(u64, uint64_t, arg)
#define NOT_INT                                                                                    \
    case QIR_f32:                                                                                  \
    case QIR_f64:                                                                                  \
    case QIR_f16:                                                                                  \
    case QIR_bf16:                                                                                 \
    case QIR_NUM_DTYPES: QIR_UNREACHABLE("not an integer type");

eval_class eval_class_of(const qir_type *t)
{
    if (t->quant)
        return EVAL_QUANT;
    if (t->dtype == QIR_f64)
        return EVAL_F64;
    return qir_dtype_is_float(t->dtype) ? EVAL_F32 : EVAL_INT;
}

/* One function per compute type that integers are loaded into. */
#define LOAD(name, ctype, to)                                                                      \
    case QIR_##name:                                                                               \
        for (int64_t i = 0; i < n; i++)                                                            \
            dst[i] = (to)((const ctype *)t->data)[i];                                              \
        break;
#define LOADER(function, to)                                                                       \
    static void function(const qir_tensor *t, int64_t n, to *dst)                                  \
    {                                                                                              \
        switch (t->type->dtype) {                                                                  \
            INT_TYPES(LOAD, to)                                                                    \
            NOT_INT                                                                                \
        }                                                                                          \
    }
LOADER(load_i64, int64_t)
LOADER(load_i32, int32_t)
LOADER(load_int_as_f32, float)
LOADER(load_int_as_f64, double)

static void dequantize(qir_eval_args *a, const qir_tensor *t, int64_t n, float *dst)
{
    const qir_quant *q = t->type->quant;
    const int32_t *v = eval_i32(a, t);
    for (int64_t i = 0; i < n; i++) {
        size_t p = qir_quant_index(t->type, i);
        dst[i] = qir_dequantize_value(v[i], q->scale[p], q->zero_point[p]);
    }
}

static void load_f32(qir_eval_args *a, const qir_tensor *t, int64_t n, float *dst)
{
    qir_dtype d = t->type->dtype;
    if (t->type->quant) {
        dequantize(a, t, n, dst);
    } else if (d == QIR_f16) {
        for (int64_t i = 0; i < n; i++)
            dst[i] = qir_f16_to_f32(((const uint16_t *)t->data)[i]);
    } else if (d == QIR_bf16) {
        for (int64_t i = 0; i < n; i++)
            dst[i] = qir_bf16_to_f32(((const uint16_t *)t->data)[i]);
    } else if (d == QIR_f64) {
        for (int64_t i = 0; i < n; i++)
            dst[i] = (float)((const double *)t->data)[i];
    } else {
        load_int_as_f32(t, n, dst);
    }
}

const float *eval_f32(qir_eval_args *a, const qir_tensor *t)
{
    if (t->type->dtype == QIR_f32)
        return t->data;
    int64_t n = qir_type_elements(t->type);
    float *dst = QIR_NEW_ARRAY(a->scratch, float, (size_t)n);
    load_f32(a, t, n, dst);
    return dst;
}

const double *eval_f64(qir_eval_args *a, const qir_tensor *t)
{
    if (t->type->dtype == QIR_f64)
        return t->data;
    int64_t n = qir_type_elements(t->type);
    double *dst = QIR_NEW_ARRAY(a->scratch, double, (size_t)n);
    if (qir_dtype_is_float(t->type->dtype) || t->type->quant) {
        const float *f = eval_f32(a, t);
        for (int64_t i = 0; i < n; i++)
            dst[i] = (double)f[i];
    } else {
        load_int_as_f64(t, n, dst);
    }
    return dst;
}

const int64_t *eval_i64(qir_eval_args *a, const qir_tensor *t)
{
    if (t->type->dtype == QIR_i64)
        return t->data;
    int64_t n = qir_type_elements(t->type);
    int64_t *dst = QIR_NEW_ARRAY(a->scratch, int64_t, (size_t)n);
    load_i64(t, n, dst);
    return dst;
}

const int32_t *eval_i32(qir_eval_args *a, const qir_tensor *t)
{
    if (t->type->dtype == QIR_i32)
        return t->data;
    int64_t n = qir_type_elements(t->type);
    int32_t *dst = QIR_NEW_ARRAY(a->scratch, int32_t, (size_t)n);
    load_i32(t, n, dst);
    return dst;
}

/* --- results ---------------------------------------------------------------------------------- */
static void *out_buffer(qir_eval_args *a, const qir_tensor *t, qir_dtype native, size_t size)
{
    if (t->type->dtype == native)
        return t->data;
    return qir_arena_array(a->scratch, (size_t)qir_type_elements(t->type), size);
}

float *eval_out_f32(qir_eval_args *a, const qir_tensor *t)
{
    return out_buffer(a, t, QIR_f32, sizeof(float));
}

double *eval_out_f64(qir_eval_args *a, const qir_tensor *t)
{
    return out_buffer(a, t, QIR_f64, sizeof(double));
}

int64_t *eval_out_i64(qir_eval_args *a, const qir_tensor *t)
{
    return out_buffer(a, t, QIR_i64, sizeof(int64_t));
}

int32_t *eval_out_i32(qir_eval_args *a, const qir_tensor *t)
{
    return out_buffer(a, t, QIR_i32, sizeof(int32_t));
}

/* Integers wrap to their type (booleans keep != 0); those below a byte fill one with their sign. */
static inline int64_t wrap(qir_dtype t, int64_t v)
{
    unsigned unused = 64 - qir_dtype_bits(t);
    if (t == QIR_i1)
        return v != 0;
    return qir_dtype_is_signed(t) ? (int64_t)((uint64_t)v << unused) >> unused
                                  : (int64_t)((uint64_t)v << unused >> unused);
}

#define STORE(name, ctype, unused)                                                                 \
    case QIR_##name:                                                                               \
        for (int64_t i = 0; i < n; i++)                                                            \
            ((ctype *)t->data)[i] = (ctype)(BITS_##name < 8 ? wrap(QIR_##name, v[i]) : v[i]);      \
        break;
enum {
#define D(name, bits, cls) BITS_##name = bits,
#include "dtypes.def"
#undef D
};
#define STORER(function, from)                                                                     \
    void function(const qir_tensor *t, const from *v)                                              \
    {                                                                                              \
        if ((const void *)v == t->data)                                                            \
            return;                                                                                \
        int64_t n = qir_type_elements(t->type);                                                    \
        switch (t->type->dtype) {                                                                  \
            INT_TYPES(STORE, unused)                                                               \
            NOT_INT                                                                                \
        }                                                                                          \
    }
STORER(eval_put_i64, int64_t)
STORER(eval_put_i32, int32_t)

static void put_quantized(const qir_tensor *t, const float *v, int64_t n)
{
    const qir_quant *q = t->type->quant;
    enum { CHUNK = 1024 };
    int32_t part[CHUNK];
    size_t bytes = qir_dtype_bytes(t->type->dtype);
    for (int64_t i = 0; i < n; i += CHUNK) {
        int64_t m = n - i < CHUNK ? n - i : CHUNK;
        for (int64_t j = 0; j < m; j++) {
            size_t p = qir_quant_index(t->type, i + j);
            part[j] = qir_quantize_value(v[i + j], q->scale[p], q->zero_point[p], q->qmin, q->qmax);
        }
        qir_type piece = *t->type;
        piece.rank = 1, piece.dims = &m, piece.quant = NULL;
        qir_tensor dst = {&piece, (char *)t->data + (size_t)i * bytes};
        eval_put_i32(&dst, part);
    }
}

void eval_put_f32(const qir_tensor *t, const float *v)
{
    if ((const void *)v == t->data)
        return;
    int64_t n = qir_type_elements(t->type);
    if (t->type->quant) {
        put_quantized(t, v, n);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        if (t->type->dtype == QIR_f16)
            ((uint16_t *)t->data)[i] = qir_f32_to_f16(v[i]);
        else if (t->type->dtype == QIR_bf16)
            ((uint16_t *)t->data)[i] = qir_f32_to_bf16(v[i]);
        else if (t->type->dtype == QIR_f32)
            ((float *)t->data)[i] = v[i];
        else
            ((double *)t->data)[i] = (double)v[i];
    }
}

void eval_put_f64(const qir_tensor *t, const double *v)
{
    QIR_ASSERT(t->type->dtype == QIR_f64, "f64 values to another type");
    if ((const void *)v != t->data)
        memcpy(t->data, v, (size_t)qir_type_elements(t->type) * sizeof *v);
}
