/* Reductions over axes: the reduced elements of one result, in row-major order, form a row.
 *
 *   reduce_sum    f32: qir_sum16 of the row; f64: ascending; integers wrap
 *   reduce_prod   ascending; integers wrap
 *   reduce_mean   f32: qir_sum16 of the row / n; integers: sum / n, truncated;
 *                 quantized: FP32-RNE of sum(q) - n * z_x by s_x / (s_y * n)
 *   reduce_max, reduce_min   folds EVAL_MAX, EVAL_MIN; of stored values when quantized */
#include <math.h>
#include "eval_priv.h"

typedef struct rows {
    const void *data; /* [count][n] */
    int64_t count, n;
} rows;

/* Elements `x` (of the type of operand 0) with the reduced axes moved to the end. */
static rows make_rows(qir_eval_args *a, const void *x, size_t esize)
{
    const qir_type *t = a->in[0].type;
    size_t naxes;
    const int64_t *axes = qir_op_ints(a->op, "axes", &naxes);
    int64_t own[QIR_MAX_RANK], dims[QIR_MAX_RANK], ss[QIR_MAX_RANK], ds[QIR_MAX_RANK];
    eval_row_strides(t->rank, t->dims, own);
    bool reduced[QIR_MAX_RANK] = {false};
    for (size_t i = 0; i < naxes; i++)
        reduced[axes[i]] = true;
    unsigned at = 0;
    rows r = {.count = 1, .n = 1};
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < t->rank; i++) {
            if (reduced[i] != (pass == 1))
                continue;
            *(pass ? &r.n : &r.count) *= t->dims[i];
            dims[at] = t->dims[i];
            ss[at++] = own[i];
        }
    }
    eval_row_strides(t->rank, dims, ds);
    void *data = qir_arena_array(a->scratch, (size_t)(r.count * r.n), esize);
    if (r.count > 0 && r.n > 0)
        eval_copy_nd(t->rank, dims, esize, data, ds, x, ss);
    r.data = data;
    return r;
}

/* --- sum, product, mean ----------------------------------------------------------------------- */
typedef enum fold { SUM, PRODUCT, MEAN } fold;

static float product_f32(const float *v, int64_t n)
{
    float p = 1.0f;
    for (int64_t i = 0; i < n; i++)
        p *= v[i];
    return p;
}

static void fold_f32(qir_eval_args *a, fold f)
{
    rows r = make_rows(a, eval_f32(a, &a->in[0]), sizeof(float));
    float *out = eval_out_f32(a, &a->out[0]);
    for (int64_t i = 0; i < r.count; i++) {
        const float *row = (const float *)r.data + i * r.n;
        float s = f == PRODUCT ? product_f32(row, r.n) : qir_sum16(row, r.n);
        out[i] = f == MEAN ? s / (float)r.n : s;
    }
    eval_put_f32(&a->out[0], out);
}

static void fold_f64(qir_eval_args *a, fold f)
{
    rows r = make_rows(a, eval_f64(a, &a->in[0]), sizeof(double));
    double *out = eval_out_f64(a, &a->out[0]);
    for (int64_t i = 0; i < r.count; i++) {
        const double *row = (const double *)r.data + i * r.n;
        double s = f == PRODUCT ? 1.0 : 0.0;
        for (int64_t j = 0; j < r.n; j++)
            s = f == PRODUCT ? s * row[j] : s + row[j];
        out[i] = f == MEAN ? s / (double)r.n : s;
    }
    eval_put_f64(&a->out[0], out);
}

static void fold_i64(qir_eval_args *a, fold f)
{
    rows r = make_rows(a, eval_i64(a, &a->in[0]), sizeof(int64_t));
    int64_t *out = eval_out_i64(a, &a->out[0]);
    for (int64_t i = 0; i < r.count; i++) {
        const uint64_t *row = (const uint64_t *)r.data + i * r.n;
        uint64_t s = f == PRODUCT;
        for (int64_t j = 0; j < r.n; j++)
            s = f == PRODUCT ? s * row[j] : s + row[j];
        out[i] = f == MEAN && r.n ? (int64_t)s / r.n : (int64_t)s;
    }
    eval_put_i64(&a->out[0], out);
}

static void mean_quantized(qir_eval_args *a)
{
    const qir_quant *qx = a->in[0].type->quant, *qy = a->out[0].type->quant;
    rows r = make_rows(a, eval_i32(a, &a->in[0]), sizeof(int32_t));
    int32_t *out = eval_out_i32(a, &a->out[0]);
    qir_factor f = r.n ? qir_mean_factor(a->op, qx, qy, r.n) : (qir_factor){0};
    for (int64_t i = 0; i < r.count; i++) {
        uint32_t s = 0;
        for (int64_t j = 0; j < r.n; j++)
            s += ((const uint32_t *)r.data)[i * r.n + j] - (uint32_t)qx->zero_point[0];
        out[i] = qir_apply_factor((int32_t)s, &f, qy->qmin, qy->qmax, qy->zero_point[0]);
    }
    eval_put_i32(&a->out[0], out);
}

static bool fold_rows(qir_eval_args *a, fold f)
{
    switch (eval_class_of(a->out[0].type)) {
    case EVAL_F32: fold_f32(a, f); break;
    case EVAL_F64: fold_f64(a, f); break;
    case EVAL_INT: fold_i64(a, f); break;
    case EVAL_QUANT:
        if (f == MEAN && a->in[0].type->quant)
            mean_quantized(a);
        else
            fold_f32(a, f);
        break;
    }
    return true;
}

bool qir_eval_reduce_sum(qir_eval_args *a)
{
    return fold_rows(a, SUM);
}

bool qir_eval_reduce_prod(qir_eval_args *a)
{
    return fold_rows(a, PRODUCT);
}

bool qir_eval_reduce_mean(qir_eval_args *a)
{
    return fold_rows(a, MEAN);
}

/* --- largest and smallest --------------------------------------------------------------------- */
static void extreme_f64(qir_eval_args *a, bool largest)
{
    rows r = make_rows(a, eval_f64(a, &a->in[0]), sizeof(double));
    double *out = QIR_NEW_ARRAY(a->scratch, double, (size_t)r.count);
    for (int64_t i = 0; i < r.count; i++) {
        const double *row = (const double *)r.data + i * r.n;
        double m = r.n ? row[0] : largest ? -INFINITY : INFINITY;
        for (int64_t j = 1; j < r.n; j++)
            m = largest ? EVAL_MAX(m, row[j]) : EVAL_MIN(m, row[j]);
        out[i] = m;
    }
    if (a->out[0].type->dtype == QIR_f64) {
        eval_put_f64(&a->out[0], out);
        return;
    }
    float *f = eval_out_f32(a, &a->out[0]);
    for (int64_t i = 0; i < r.count; i++)
        f[i] = (float)out[i]; /* exact: it was one of the operand's values */
    eval_put_f32(&a->out[0], f);
}

static void extreme_i64(qir_eval_args *a, bool largest)
{
    rows r = make_rows(a, eval_i64(a, &a->in[0]), sizeof(int64_t));
    int64_t *out = eval_out_i64(a, &a->out[0]);
    qir_dtype d = a->in[0].type->dtype;
    for (int64_t i = 0; i < r.count; i++) {
        const int64_t *row = (const int64_t *)r.data + i * r.n;
        int64_t m = r.n ? row[0] : largest ? qir_dtype_min(d) : qir_dtype_max(d);
        for (int64_t j = 1; j < r.n; j++)
            if (largest ? eval_int_larger(d, row[j], m) : eval_int_larger(d, m, row[j]))
                m = row[j];
        out[i] = m;
    }
    eval_put_i64(&a->out[0], out);
}

static bool extreme(qir_eval_args *a, bool largest)
{
    if (qir_type_is_float(a->in[0].type))
        extreme_f64(a, largest);
    else
        extreme_i64(a, largest);
    return true;
}

bool qir_eval_reduce_max(qir_eval_args *a)
{
    return extreme(a, true);
}

bool qir_eval_reduce_min(qir_eval_args *a)
{
    return extreme(a, false);
}
