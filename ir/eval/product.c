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

static inline int32_t dot_i16(const int16_t *a, const int16_t *b, int64_t n)
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

/* --- on the vectors of the CPU -------------------------------------------------------------------
 * The same functions for wider vectors: lanes, their order and the absence of fused multiply-adds are
 * the source's, so results are the same everywhere. */
#define INLINE static inline __attribute__((always_inline))

typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef float half __attribute__((vector_size(32)));
typedef float quarter __attribute__((vector_size(16)));

enum { LANES = 16, TILE = 4 };

/* The tree of qir_sum16. */
INLINE float fold(const lanes *sum)
{
    half h = __builtin_shufflevector(*sum, *sum, 0, 1, 2, 3, 4, 5, 6, 7) +
             __builtin_shufflevector(*sum, *sum, 8, 9, 10, 11, 12, 13, 14, 15);
    quarter q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
    return (q[0] + q[2]) + (q[1] + q[3]);
}

/* qir_dot16 of `x` with TILE rows that are `k` apart. */
INLINE void dots_f32(const float *x, const float *rows, int64_t k, float *out, int64_t stride)
{
    lanes sum[TILE] = {0};
    int64_t i = 0;
    for (; i + LANES <= k; i += LANES)
        for (int r = 0; r < TILE; r++)
            sum[r] += *(const lanes *)(x + i) * *(const lanes *)(rows + r * k + i);
    for (int r = 0; r < TILE; r++) {
        for (int64_t l = i; l < k; l++)
            sum[r][l - i] += x[l] * rows[r * k + l];
        out[r * stride] = fold(&sum[r]);
    }
}

/* dot_i16 of `x` with TILE rows that are `k` apart; without a loop over them the compiler sees sums of pairs. */
INLINE void dots_i16(const int16_t *x, const int16_t *rows, int64_t k, int32_t *out, int64_t stride)
{
    const int16_t *a = rows, *b = a + k, *c = b + k, *d = c + k;
    uint32_t sa = 0, sb = 0, sc = 0, sd = 0;
    for (int64_t i = 0; i < k; i++) {
        sa += (uint32_t)((int32_t)x[i] * a[i]);
        sb += (uint32_t)((int32_t)x[i] * b[i]);
        sc += (uint32_t)((int32_t)x[i] * c[i]);
        sd += (uint32_t)((int32_t)x[i] * d[i]);
    }
    out[0] = (int32_t)sa, out[stride] = (int32_t)sb;
    out[2 * stride] = (int32_t)sc, out[3 * stride] = (int32_t)sd;
}

/* Rows of `a` side by side; of `b`, if `a` has one. */
#define GEMM_TILED(name, elem, result, dots, dot)                                                  \
    INLINE void name(int64_t m, int64_t n, int64_t k, const elem *a, const elem *b, result *out,   \
                     int64_t rs, int64_t cs)                                                       \
    {                                                                                              \
        bool turn = m == 1;                                                                        \
        int64_t many = turn ? n : m, few = turn ? m : n;                                           \
        int64_t step = turn ? cs : rs, other = turn ? rs : cs;                                     \
        const elem *tiled = turn ? b : a, *single = turn ? a : b;                                  \
        for (int64_t j = 0; j < few; j++) {                                                        \
            int64_t i = 0;                                                                         \
            for (; i + TILE <= many; i += TILE)                                                    \
                dots(single + j * k, tiled + i * k, k, out + j * other + i * step, step);          \
            for (; i < many; i++)                                                                  \
                out[j * other + i * step] = dot(tiled + i * k, single + j * k, k);                 \
        }                                                                                          \
    }
GEMM_TILED(gemm_f32, float, float, dots_f32, qir_dot16)
GEMM_TILED(gemm_i16, int16_t, int32_t, dots_i16, dot_i16)

INLINE bool gemm_wide(eval_dot kind, int64_t m, int64_t n, int64_t k, const void *a, const void *b,
                      void *out, int64_t rs, int64_t cs)
{
    if (kind == EVAL_DOT_F32)
        gemm_f32(m, n, k, a, b, out, rs, cs);
    else if (kind == EVAL_DOT_I16)
        gemm_i16(m, n, k, a, b, out, rs, cs);
    return kind == EVAL_DOT_F32 || kind == EVAL_DOT_I16;
}

#if defined(__x86_64__)
#define WIDE(name, isa)                                                                            \
    __attribute__((target(isa))) static bool name(eval_dot kind, int64_t m, int64_t n, int64_t k,  \
                                                  const void *a, const void *b, void *out,         \
                                                  int64_t rs, int64_t cs)                          \
    {                                                                                              \
        return gemm_wide(kind, m, n, k, a, b, out, rs, cs);                                        \
    }
WIDE(gemm_avx2, "avx2")
WIDE(gemm_avx512, "avx512f,avx512bw")

static bool gemm_of_cpu(eval_dot kind, int64_t m, int64_t n, int64_t k, const void *a,
                        const void *b, void *out, int64_t rs, int64_t cs)
{
    if (__builtin_cpu_supports("avx512bw"))
        return gemm_avx512(kind, m, n, k, a, b, out, rs, cs);
    return __builtin_cpu_supports("avx2") && gemm_avx2(kind, m, n, k, a, b, out, rs, cs);
}
#else
#define gemm_of_cpu gemm_wide
#endif

void eval_gemm(eval_dot kind, int64_t m, int64_t n, int64_t k, const void *a, const void *b,
               void *out, int64_t rs, int64_t cs)
{
    if (gemm_of_cpu(kind, m, n, k, a, b, out, rs, cs))
        return;
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
