/* Dot products and the sums whose order the specification fixes.
 *
 * f32: 16 lanes; lane l takes the indices congruent to l modulo 16 in ascending order, starting from
 * +0; then the tree (l, l+8), (l, l+4), (l, l+2), (l, l+1).  f64: ascending.  Integers: any order, the
 * sums wrap (quantized graphs are proven not to). */
#include "eval_priv.h"

enum { LANES = 16, LANE_BYTES = 64 };
typedef float lanes __attribute__((vector_size(LANE_BYTES)));

static float tree(float v[LANES])
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            v[l] = v[l] + v[l + half];
    return v[0];
}

float qir_sum16(const float *a, int64_t n)
{
    lanes sum = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes x;
        memcpy(&x, a + i, sizeof x);
        sum += x;
    }
    float v[LANES];
    memcpy(v, &sum, sizeof v);
    for (int64_t l = 0; i + l < n; l++)
        v[l] += a[i + l];
    return tree(v);
}

float qir_dot16(const float *a, const float *b, int64_t n)
{
    lanes sum = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes x, y;
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        sum += x * y;
    }
    float v[LANES];
    memcpy(v, &sum, sizeof v);
    for (int64_t l = 0; i + l < n; l++)
        v[l] += a[i + l] * b[i + l];
    return tree(v);
}

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
