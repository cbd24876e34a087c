/* Reading and writing at indices.  Each op lists where in x its pieces lie (`places`), then either
 * copies the pieces out or, in order, combines x with the updates.  Pieces are contiguous.
 *
 * Combining: f16 and bf16 round after every step; max and min are EVAL_MAX and EVAL_MIN (quantized:
 * of what is stored). */
#include "eval_priv.h"

typedef struct places {
    int64_t count, piece; /* elements per piece */
    int64_t *at;          /* element offsets in x */
} places;

/* Adds the index to an offset whose dimension has `dim` elements and this stride. */
static bool add_index(qir_eval_args *a, int64_t index, int64_t dim, int64_t stride, int64_t *at)
{
    int64_t i = index < 0 ? index + dim : index;
    if (i < 0 || i >= dim)
        return qir_error(a->diag, a->op->loc, "eval.index",
                         "index %lld of '%s' is outside a dimension of size %lld",
                         (long long)index, qir_op_name(a->op), (long long)dim);
    *at += i * stride;
    return true;
}

static places new_places(qir_eval_args *a, int64_t count, int64_t piece)
{
    return (places){count, piece, QIR_NEW_ARRAY(a->scratch, int64_t, (size_t)count)};
}

/* One piece per index, for every position in front of `axis`. */
static bool slices(qir_eval_args *a, places *p)
{
    const qir_type *x = a->in[0].type;
    unsigned axis = (unsigned)qir_op_int(a->op, "axis");
    int64_t dim = x->dims[axis], n = qir_type_elements(a->in[1].type);
    int64_t outer = eval_product(x->dims, 0, axis);
    const int64_t *indices = eval_i64(a, &a->in[1]);
    *p = new_places(a, outer * n, eval_product(x->dims, axis + 1, x->rank));
    for (int64_t k = 0; k < p->count; k++) {
        p->at[k] = k / n * dim * p->piece;
        if (!add_index(a, indices[k % n], dim, p->piece, &p->at[k]))
            return false;
    }
    return true;
}

/* One element per index, at the index's own position but along `axis`. */
static bool elements(qir_eval_args *a, places *p)
{
    const qir_type *x = a->in[0].type, *t = a->in[1].type;
    unsigned axis = (unsigned)qir_op_int(a->op, "axis");
    int64_t strides[QIR_MAX_RANK];
    const int64_t *indices = eval_i64(a, &a->in[1]);
    eval_row_strides(x->rank, x->dims, strides);
    *p = new_places(a, qir_type_elements(t), 1);
    for (int64_t k = 0; k < p->count; k++) {
        int64_t rest = k;
        for (unsigned d = t->rank; d-- > 0; rest /= t->dims[d])
            p->at[k] += d == axis ? 0 : rest % t->dims[d] * strides[d];
        if (!add_index(a, indices[k], x->dims[axis], strides[axis], &p->at[k]))
            return false;
    }
    return true;
}

/* One piece per tuple of indices into the dimensions after the first `batch`. */
static bool tuples(qir_eval_args *a, unsigned batch, places *p)
{
    const qir_type *x = a->in[0].type, *t = a->in[1].type;
    int64_t m = t->dims[t->rank - 1], strides[QIR_MAX_RANK];
    const int64_t *indices = eval_i64(a, &a->in[1]);
    int64_t per_batch = eval_product(t->dims, batch, t->rank - 1);
    eval_row_strides(x->rank, x->dims, strides);
    *p = new_places(a, eval_product(t->dims, 0, t->rank - 1),
                    eval_product(x->dims, batch + (unsigned)m, x->rank));
    for (int64_t k = 0; k < p->count; k++) {
        p->at[k] = k / per_batch * eval_product(x->dims, batch, x->rank);
        for (int64_t j = 0; j < m; j++)
            if (!add_index(a, indices[k * m + j], x->dims[batch + j], strides[batch + j],
                           &p->at[k]))
                return false;
    }
    return true;
}

/* --- gather ----------------------------------------------------------------------------------- */
static bool copy_out(qir_eval_args *a, const places *p)
{
    size_t esize = qir_dtype_bytes(a->out[0].type->dtype), piece = (size_t)p->piece * esize;
    for (int64_t k = 0; k < p->count && piece; k++)
        memcpy((char *)a->out[0].data + (size_t)k * piece,
               (const char *)a->in[0].data + (size_t)p->at[k] * esize, piece);
    return true;
}

/* Real values of a quantized table. */
static void dequantize_out(qir_eval_args *a, const places *p)
{
    const float *x = eval_f32(a, &a->in[0]);
    float *y = a->out[0].data;
    for (int64_t k = 0; k < p->count && p->piece; k++)
        memcpy(y + k * p->piece, x + p->at[k], (size_t)p->piece * sizeof *y);
}

bool qir_eval_gather(qir_eval_args *a)
{
    places p;
    if (!slices(a, &p))
        return false;
    if (!a->in[0].type->quant || a->out[0].type->quant)
        return copy_out(a, &p);
    dequantize_out(a, &p);
    return true;
}

bool qir_eval_gather_elements(qir_eval_args *a)
{
    places p;
    return elements(a, &p) && copy_out(a, &p);
}

bool qir_eval_gather_nd(qir_eval_args *a)
{
    places p;
    return tuples(a, (unsigned)qir_op_int(a->op, "batch_dims"), &p) && copy_out(a, &p);
}

/* --- scatter ---------------------------------------------------------------------------------- */
static void replace(qir_eval_args *a, const places *p)
{
    size_t esize = qir_dtype_bytes(a->out[0].type->dtype), piece = (size_t)p->piece * esize;
    for (int64_t k = 0; k < p->count && piece; k++)
        memcpy((char *)a->out[0].data + (size_t)p->at[k] * esize,
               (const char *)a->in[2].data + (size_t)k * piece, piece);
}

static float as_stored(qir_dtype t, float v)
{
    return t == QIR_f16    ? qir_f16_to_f32(qir_f32_to_f16(v))
           : t == QIR_bf16 ? qir_bf16_to_f32(qir_f32_to_bf16(v))
                           : v;
}

/* v[at] = v[at] how u, for one compute type. */
#define COMBINE(name, ctype, sum, product, stored, max, min)                                       \
    static void name(const qir_eval_args *a, const places *p, ctype *v, const ctype *u)            \
    {                                                                                              \
        const char *how = qir_op_string(a->op, "reduction");                                       \
        qir_dtype t = a->out[0].type->dtype;                                                       \
        for (int64_t i = 0; i < p->count * p->piece; i++) {                                        \
            ctype *x = &v[p->at[i / p->piece] + i % p->piece], y = u[i];                           \
            *x = !strcmp(how, "add")   ? stored(t, sum)                                            \
                 : !strcmp(how, "mul") ? stored(t, product)                                        \
                 : !strcmp(how, "max") ? max(t, *x, y)                                             \
                                       : min(t, *x, y);                                            \
        }                                                                                          \
    }
#define EXACT(t, v) ((void)(t), (v))
#define REAL_MAX(t, a, b) EVAL_MAX(a, b)
#define REAL_MIN(t, a, b) EVAL_MIN(a, b)
#define INT_MAX_OF(t, a, b) (eval_int_larger(t, b, a) ? (b) : (a))
#define INT_MIN_OF(t, a, b) (eval_int_larger(t, a, b) ? (b) : (a))
COMBINE(combine_f32, float, *x + y, *x *y, as_stored, REAL_MAX, REAL_MIN)
COMBINE(combine_f64, double, *x + y, *x *y, EXACT, REAL_MAX, REAL_MIN)
COMBINE(combine_i64, int64_t, (int64_t)((uint64_t)*x + (uint64_t)y),
        (int64_t)((uint64_t)*x * (uint64_t)y), EXACT, INT_MAX_OF, INT_MIN_OF)

/* A copy of the operand's elements in their compute type. */
static void *start(qir_eval_args *a, const void *x, size_t esize)
{
    size_t n = (size_t)qir_type_elements(a->in[0].type);
    void *v = qir_arena_array(a->scratch, n, esize);
    return n ? memcpy(v, x, n * esize) : v;
}

static bool combine(qir_eval_args *a, const places *p)
{
    const qir_tensor *x = &a->in[0], *u = &a->in[2];
    void *v;
    switch (eval_class_of(x->type)) {
    case EVAL_F32:
        combine_f32(a, p, v = start(a, eval_f32(a, x), sizeof(float)), eval_f32(a, u));
        eval_put_f32(&a->out[0], v);
        break;
    case EVAL_F64:
        combine_f64(a, p, v = start(a, eval_f64(a, x), sizeof(double)), eval_f64(a, u));
        eval_put_f64(&a->out[0], v);
        break;
    case EVAL_INT:
    case EVAL_QUANT:
        combine_i64(a, p, v = start(a, eval_i64(a, x), sizeof(int64_t)), eval_i64(a, u));
        eval_put_i64(&a->out[0], v);
        break;
    }
    return true;
}

static bool scatter(qir_eval_args *a, const places *p)
{
    size_t bytes = qir_type_bytes(a->out[0].type);
    if (strcmp(qir_op_string(a->op, "reduction"), "none") != 0)
        return combine(a, p);
    if (bytes)
        memcpy(a->out[0].data, a->in[0].data, bytes);
    replace(a, p);
    return true;
}

bool qir_eval_scatter_elements(qir_eval_args *a)
{
    places p;
    return elements(a, &p) && scatter(a, &p);
}

bool qir_eval_scatter_nd(qir_eval_args *a)
{
    places p;
    return tuples(a, 0, &p) && scatter(a, &p);
}
