/* resize: one axis after the other, in double (qir/resize.h has the coordinates); f32 results are
 * rounded once.  Integers and quantized values mix what is stored, less the middle of u8 storage (so that
 * relabelled values give the same), and round to nearest even.  Where
 * every result is one operand element it is copied as it is stored. */
#include <math.h>
#include "eval_priv.h"
#include "qir/resize.h"

typedef struct axis_mix {
    qir_resize_mix *at; /* per result index */
    int64_t size;
} axis_mix;

/* [outer][in][inner] to [outer][out][inner] along one axis. */
static double *resize_axis(qir_eval_args *a, const axis_mix *m, unsigned axis, const double *x,
                           int64_t *dims)
{
    unsigned rank = a->in[0].type->rank;
    int64_t in = dims[axis], outer = eval_product(dims, 0, axis);
    int64_t inner = eval_product(dims, axis + 1, rank);
    double *y = QIR_NEW_ARRAY(a->scratch, double, (size_t)(outer * m->size * inner));
    for (int64_t i = 0; i < outer * m->size * inner; i++) {
        const qir_resize_mix *t = &m->at[i / inner % m->size];
        const double *row = x + i / inner / m->size * in * inner + i % inner;
        double sum = t->weight[0] * row[t->index[0] * inner];
        for (int k = 1; k < t->n; k++)
            sum += t->weight[k] * row[t->index[k] * inner];
        y[i] = sum;
    }
    dims[axis] = m->size;
    return y;
}

/* Elements outside the operand along some axis become `value`. */
static void extrapolate(const qir_type *t, double *v, const axis_mix *m, double value)
{
    int64_t n = qir_type_elements(t);
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i;
        for (unsigned d = t->rank; d-- > 0; rest /= t->dims[d])
            if (m[d].at[rest % t->dims[d]].outside)
                v[i] = value;
    }
}

/* Reals, or stored integers rounded and saturated. */
static void put(qir_eval_args *a, const qir_tensor *y, const double *v)
{
    int64_t n = qir_type_elements(y->type);
    const qir_quant *q = y->type->quant;
    if (y->type->dtype == QIR_f64) {
        eval_put_f64(y, v);
        return;
    }
    if (qir_type_is_float(y->type)) {
        float *f = eval_out_f32(a, y);
        for (int64_t i = 0; i < n; i++)
            f[i] = (float)v[i];
        eval_put_f32(y, f);
        return;
    }
    double lo = (double)(q ? q->qmin : qir_dtype_min(y->type->dtype));
    double hi = (double)(q ? q->qmax : qir_dtype_max(y->type->dtype));
    double middle = qir_resize_middle(y->type);
    int64_t *out = eval_out_i64(a, y);
    for (int64_t i = 0; i < n; i++) {
        double r = rint(v[i]) + middle;
        out[i] = r < lo ? (int64_t)lo : r >= hi ? (int64_t)hi : (int64_t)r;
    }
    eval_put_i64(y, out);
}

/* Operand as doubles: reals, or stored integers less their middle. */
static const double *load(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type;
    qir_type stored = *x;
    stored.quant = NULL;
    const double *v = eval_f64(a, &(qir_tensor){&stored, a->in[0].data});
    double middle = qir_resize_middle(x);
    if (middle == 0.0)
        return v;
    int64_t n = qir_type_elements(x);
    double *less = QIR_NEW_ARRAY(a->scratch, double, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        less[i] = v[i] - middle;
    return less;
}

static void interpolate(qir_eval_args *a, const axis_mix *m)
{
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    int64_t dims[QIR_MAX_RANK];
    memcpy(dims, x->dims, x->rank * sizeof *dims);
    const double *v = load(a);
    double *last = NULL;
    for (unsigned d = 0; d < x->rank; d++)
        if (m[d].at[0].n > 1)
            v = last = resize_axis(a, &m[d], d, v, dims);
    extrapolate(y, last, m, qir_resize_extrapolation(a->op));
    put(a, &a->out[0], v);
}

static void copy(qir_eval_args *a, const axis_mix *m)
{
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    int64_t ss[QIR_MAX_RANK], *maps[QIR_MAX_RANK];
    eval_row_strides(x->rank, x->dims, ss);
    for (unsigned d = 0; d < x->rank; d++) {
        maps[d] = QIR_NEW_ARRAY(a->scratch, int64_t, (size_t)m[d].size);
        for (int64_t i = 0; i < m[d].size; i++)
            maps[d][i] = m[d].at[i].outside ? -1 : m[d].at[i].index[0];
    }
    qir_type scalar = *y;
    scalar.rank = 0;
    char fill[8];
    put(a, &(qir_tensor){&scalar, fill}, &(double){qir_resize_extrapolation(a->op)});
    eval_map_nd(y->rank, y->dims, qir_dtype_bytes(y->dtype), a->out[0].data, a->in[0].data, ss, maps,
                fill);
}

bool qir_eval_resize(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    axis_mix m[QIR_MAX_RANK];
    bool mixes = false;
    if (qir_type_elements(x) == 0 || qir_type_elements(y) == 0)
        return true;
    for (unsigned d = 0; d < x->rank; d++) {
        m[d].size = y->dims[d];
        m[d].at = QIR_NEW_ARRAY(a->scratch, qir_resize_mix, (size_t)m[d].size);
        qir_resize_axis(a->op, d, m[d].at);
        mixes = mixes || m[d].at[0].n > 1;
    }
    if (mixes)
        interpolate(a, m);
    else
        copy(a, m);
    return true;
}
