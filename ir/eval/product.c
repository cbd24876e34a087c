/* Dot products of rows.  f32: the fixed order of qir_dot16.  f64: ascending.  Integers: any order,
 * the sums wrap (quantized graphs are proven not to). */
#include "eval_priv.h"

static double dot_f64(const double *a, const double *b, int64_t n)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static int32_t dot_i16(const int16_t *a, const int16_t *b, int64_t n)
{
    uint32_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (uint32_t)((int32_t)a[i] * b[i]);
    return (int32_t)sum;
}

static int32_t dot_i32(const int32_t *a, const int32_t *b, int64_t n)
{
    uint32_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (uint32_t)a[i] * (uint32_t)b[i];
    return (int32_t)sum;
}

static int64_t dot_i64(const int64_t *a, const int64_t *b, int64_t n)
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (uint64_t)a[i] * (uint64_t)b[i];
    return (int64_t)sum;
}

/* One row per kind: element type, result type, dot product. */
#define KINDS(X)                                                                                   \
    X(EVAL_DOT_F32, float, float, qir_dot16)                                                       \
    X(EVAL_DOT_F64, double, double, dot_f64)                                                       \
    X(EVAL_DOT_I16, int16_t, int32_t, dot_i16)                                                     \
    X(EVAL_DOT_I32, int32_t, int32_t, dot_i32)                                                     \
    X(EVAL_DOT_I64, int64_t, int64_t, dot_i64)

size_t eval_dot_bytes(eval_dot k)
{
#define BYTES(kind, elem, result, dot) [kind] = sizeof(elem),
    static const size_t bytes[] = {KINDS(BYTES)};
#undef BYTES
    return bytes[k];
}

size_t eval_dot_result_bytes(eval_dot k)
{
#define BYTES(kind, elem, result, dot) [kind] = sizeof(result),
    static const size_t bytes[] = {KINDS(BYTES)};
#undef BYTES
    return bytes[k];
}

void eval_gemm(eval_dot kind, int64_t m, int64_t n, int64_t k, const void *a, const void *b,
               void *out, int64_t rs, int64_t cs)
{
    switch (kind) {
#define GEMM(name, elem, result, dot)                                                              \
    case name:                                                                                     \
        for (int64_t j = 0; j < n; j++)                                                            \
            for (int64_t i = 0; i < m; i++)                                                        \
                ((result *)out)[i * rs + j * cs] =                                                 \
                    dot((const elem *)a + i * k, (const elem *)b + j * k, k);                      \
        break;
        KINDS(GEMM)
#undef GEMM
    }
}
