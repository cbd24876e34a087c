/* Ops that look at one axis: cumsum, arg_max, arg_min, top_k.
 *
 * The latter three order elements by keys: integers in the order of the elements, in which -0 equals
 * 0 and NaN is above everything.  The best key is the largest; to look for the smallest element keys
 * are turned around. */
#include <stdlib.h>
#include "eval_priv.h"

/* The elements along the axis of row i: base(i) + j * inner. */
typedef struct line {
    int64_t count, n, inner; /* lines, elements of each */
} line;

static line lines_of(const qir_eval_args *a)
{
    const qir_type *x = a->in[0].type;
    unsigned axis = (unsigned)qir_op_int(a->op, "axis");
    int64_t inner = eval_product(x->dims, axis + 1, x->rank);
    return (line){eval_product(x->dims, 0, axis) * inner, x->dims[axis], inner};
}

/* Element 0 of line i, in a tensor with n elements along the axis. */
static int64_t base(const line *l, int64_t i, int64_t n)
{
    return i / l->inner * n * l->inner + i % l->inner;
}

/* --- cumsum ----------------------------------------------------------------------------------- */
#define CUMSUM(name, type)                                                                         \
    static void name(const qir_eval_args *a, const type *x, type *y)                               \
    {                                                                                              \
        line l = lines_of(a);                                                                      \
        bool exclusive = qir_op_bool(a->op, "exclusive"), reverse = qir_op_bool(a->op, "reverse"); \
        for (int64_t i = 0; i < l.count; i++) {                                                    \
            type sum = 0;                                                                          \
            for (int64_t j = 0; j < l.n; j++) {                                                    \
                int64_t at = base(&l, i, l.n) + (reverse ? l.n - 1 - j : j) * l.inner;             \
                type before = sum;                                                                 \
                sum += x[at];                                                                      \
                y[at] = exclusive ? before : sum;                                                  \
            }                                                                                      \
        }                                                                                          \
    }
CUMSUM(cumsum_f32, float)
CUMSUM(cumsum_f64, double)
CUMSUM(cumsum_u64, uint64_t)

bool qir_eval_cumsum(qir_eval_args *a)
{
    const qir_tensor *x = &a->in[0], *y = &a->out[0];
    if (x->type->dtype == QIR_f64) {
        cumsum_f64(a, x->data, y->data);
    } else if (qir_type_is_float(x->type)) {
        float *out = eval_out_f32(a, y);
        cumsum_f32(a, eval_f32(a, x), out);
        eval_put_f32(y, out);
    } else {
        int64_t *out = eval_out_i64(a, y);
        cumsum_u64(a, (const uint64_t *)eval_i64(a, x), (uint64_t *)out);
        eval_put_i64(y, out);
    }
    return true;
}

/* --- order ------------------------------------------------------------------------------------ */
static int64_t key_of_real(double v)
{
    int64_t bits;
    v += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &v, sizeof bits);
    return v != v ? INT64_MAX : bits < 0 ? bits ^ INT64_MAX : bits;
}

/* `smallest`: turned around, but (`nan_wins`) NaN stays above everything. */
static int64_t *keys_of(qir_eval_args *a, bool smallest, bool nan_wins)
{
    const qir_tensor *x = &a->in[0];
    bool real = qir_type_is_float(x->type);
    const double *f = real ? eval_f64(a, x) : NULL;
    const int64_t *v = real ? NULL : eval_i64(a, x);
    int64_t n = qir_type_elements(x->type), *keys = QIR_NEW_ARRAY(a->scratch, int64_t, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        int64_t k = real ? key_of_real(f[i]) : x->type->dtype == QIR_u64 ? v[i] ^ INT64_MIN : v[i];
        bool nan = real && f[i] != f[i];
        keys[i] = smallest && !(nan && nan_wins) ? ~k : k;
    }
    return keys;
}

static bool arg(qir_eval_args *a, bool smallest)
{
    line l = lines_of(a);
    bool last = qir_op_bool(a->op, "select_last");
    const int64_t *keys = keys_of(a, smallest, true);
    int64_t *out = a->out[0].data;
    for (int64_t i = 0; i < l.count; i++) {
        const int64_t *k = keys + base(&l, i, l.n);
        int64_t best = 0;
        for (int64_t j = 1; j < l.n; j++)
            if (k[j * l.inner] > k[best * l.inner] || (last && k[j * l.inner] == k[best * l.inner]))
                best = j;
        out[base(&l, i, 1)] = best;
    }
    return true;
}

bool qir_eval_arg_max(qir_eval_args *a)
{
    return arg(a, false);
}

bool qir_eval_arg_min(qir_eval_args *a)
{
    return arg(a, true);
}

typedef struct ranked {
    int64_t key, index;
} ranked;

static int best_first(const void *pa, const void *pb)
{
    const ranked *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key > b->key ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

bool qir_eval_top_k(qir_eval_args *a)
{
    line l = lines_of(a);
    int64_t k = qir_op_int(a->op, "k"), *indices = a->out[1].data;
    size_t esize = qir_dtype_bytes(a->in[0].type->dtype);
    const int64_t *keys = keys_of(a, !qir_op_bool(a->op, "largest"), false);
    ranked *rank = QIR_NEW_ARRAY(a->scratch, ranked, (size_t)l.n);
    for (int64_t i = 0; i < l.count; i++) {
        int64_t from = base(&l, i, l.n), to = base(&l, i, k);
        for (int64_t j = 0; j < l.n; j++)
            rank[j] = (ranked){keys[from + j * l.inner], j};
        qsort(rank, (size_t)l.n, sizeof *rank, best_first);
        for (int64_t j = 0; j < k; j++) {
            indices[to + j * l.inner] = rank[j].index;
            memcpy((char *)a->out[0].data + (size_t)(to + j * l.inner) * esize,
                   (const char *)a->in[0].data + (size_t)(from + rank[j].index * l.inner) * esize,
                   esize);
        }
    }
    return true;
}
