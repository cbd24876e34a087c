/* resize, as ONNX Resize 13 defines it: one axis after the other, in double; f32 results are
 * rounded once.  Integers and quantized values interpolate what is stored and round to nearest
 * even. */
#include <math.h>
#include "eval_priv.h"

typedef struct resize {
    const char *mode, *coordinates, *nearest;
    double cubic_a, extrapolation;
    bool exclude_outside;
    const float *scales, *roi;
    size_t nroi;
    unsigned rank;
} resize;

static resize get_resize(const qir_eval_args *a)
{
    size_t n;
    resize r = {.mode = qir_op_string(a->op, "mode"),
                .coordinates = qir_op_string(a->op, "coordinates"),
                .nearest = qir_op_string(a->op, "nearest"),
                .cubic_a = (double)qir_op_float(a->op, "cubic_a"),
                .extrapolation = (double)qir_op_float(a->op, "extrapolation"),
                .exclude_outside = qir_op_bool(a->op, "exclude_outside"),
                .rank = a->in[0].type->rank};
    r.scales = qir_op_floats(a->op, "scales", &n);
    r.roi = qir_op_floats(a->op, "roi", &r.nroi);
    return r;
}

static bool is_crop(const resize *r)
{
    return !strcmp(r->coordinates, "tf_crop_and_resize");
}

/* Coordinate in the operand of index `i` of the result along `axis`. */
static double coordinate(const resize *r, unsigned axis, int64_t i, int64_t in, int64_t out)
{
    double x = (double)i, scale = (double)r->scales[axis], last = (double)(in - 1);
    if (!strcmp(r->coordinates, "asymmetric"))
        return x / scale;
    if (!strcmp(r->coordinates, "align_corners"))
        return out == 1 ? 0.0 : x * last / (double)(out - 1);
    if (!strcmp(r->coordinates, "pytorch_half_pixel") && out == 1)
        return 0.0;
    if (is_crop(r)) {
        double start = r->nroi == 2 * r->rank ? (double)r->roi[axis] : 0.0;
        double end = r->nroi == 2 * r->rank ? (double)r->roi[axis + r->rank] : 1.0;
        return out == 1 ? 0.5 * (start + end) * last
                        : start * last + x * (end - start) * last / (double)(out - 1);
    }
    return (x + 0.5) / scale - 0.5;
}

enum { TAPS = 4 };
/* The operand elements that one result index mixes along an axis. */
typedef struct mix {
    int64_t index[TAPS];
    double weight[TAPS];
    int n;
    bool outside; /* the result is the extrapolation value */
} mix;

static int64_t clamp_index(double i, int64_t dim)
{
    return i<0.0 ? 0 : i>(double)(dim - 1) ? dim - 1 : (int64_t)i;
}

static double round_nearest(const char *how, double x)
{
    if (!strcmp(how, "round_prefer_floor"))
        return ceil(x - 0.5);
    if (!strcmp(how, "round_prefer_ceil"))
        return floor(x + 0.5);
    return strcmp(how, "floor") ? ceil(x) : floor(x);
}

/* Keys' cubic kernel at distances 1+t, t, 1-t, 2-t. */
static void cubic_weights(double a, double t, double w[TAPS])
{
    double u = 1.0 - t;
    w[0] = ((a * (t + 1.0) - 5.0 * a) * (t + 1.0) + 8.0 * a) * (t + 1.0) - 4.0 * a;
    w[1] = ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0;
    w[2] = ((a + 2.0) * u - (a + 3.0)) * u * u + 1.0;
    w[3] = ((a * (u + 1.0) - 5.0 * a) * (u + 1.0) + 8.0 * a) * (u + 1.0) - 4.0 * a;
}

static void mix_cubic(const resize *r, double x, int64_t dim, mix *m)
{
    double base = floor(x), sum = 0.0;
    m->n = TAPS;
    cubic_weights(r->cubic_a, x - base, m->weight);
    for (int k = 0; k < TAPS; k++) {
        double at = base - 1.0 + k;
        if (r->exclude_outside && (at < 0.0 || at >= (double)dim))
            m->weight[k] = 0.0;
        m->index[k] = clamp_index(at, dim);
        sum += m->weight[k];
    }
    if (r->exclude_outside)
        for (int k = 0; k < TAPS; k++)
            m->weight[k] /= sum;
}

static mix make_mix(const resize *r, unsigned axis, int64_t i, int64_t in, int64_t out)
{
    double x = coordinate(r, axis, i, in, out);
    mix m = {.n = 1, .weight = {1.0}};
    m.outside = is_crop(r) && (x < 0.0 || x > (double)(in - 1));
    if (in == out && !is_crop(r) && r->scales[axis] == 1.0f) {
        m.index[0] = i;
    } else if (!strcmp(r->mode, "nearest")) {
        m.index[0] = clamp_index(round_nearest(r->nearest, x), in);
    } else if (!strcmp(r->mode, "cubic")) {
        mix_cubic(r, x, in, &m);
    } else {
        m.n = 2;
        m.index[0] = clamp_index(floor(x), in);
        m.index[1] = clamp_index(floor(x) + 1.0, in);
        m.weight[1] = x - floor(x);
        m.weight[0] = 1.0 - m.weight[1];
    }
    return m;
}

/* [outer][in][inner] to [outer][out][inner] along one axis. */
static double *resize_axis(qir_eval_args *a, const resize *r, unsigned axis, const double *x,
                           int64_t *dims, int64_t out, bool *outside)
{
    int64_t in = dims[axis], outer = eval_product(dims, 0, axis);
    int64_t inner = eval_product(dims, axis + 1, r->rank);
    double *y = QIR_NEW_ARRAY(a->scratch, double, (size_t)(outer * out * inner));
    for (int64_t i = 0; i < out; i++) {
        mix m = make_mix(r, axis, i, in, out);
        outside[i] = m.outside;
        for (int64_t o = 0; o < outer; o++)
            for (int64_t k = 0; k < inner; k++) {
                double sum = 0.0;
                for (int t = 0; t < m.n; t++)
                    sum += m.weight[t] * x[(o * in + m.index[t]) * inner + k];
                y[(o * out + i) * inner + k] = sum;
            }
    }
    dims[axis] = out;
    return y;
}

/* Elements outside the operand along some axis become `value`. */
static void extrapolate(const qir_type *t, double *v, bool *const *outside, double value)
{
    int64_t n = qir_type_elements(t);
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i;
        for (unsigned d = t->rank; d-- > 0; rest /= t->dims[d])
            if (outside[d][rest % t->dims[d]])
                v[i] = value;
    }
}

static void put(qir_eval_args *a, const double *v)
{
    const qir_tensor *y = &a->out[0];
    int64_t n = qir_type_elements(y->type);
    const qir_quant *q = y->type->quant;
    if (qir_type_is_float(y->type)) {
        float *f = y->type->dtype == QIR_f64 ? NULL : eval_out_f32(a, y);
        for (int64_t i = 0; f && i < n; i++)
            f[i] = (float)v[i];
        if (f)
            eval_put_f32(y, f);
        else
            eval_put_f64(y, v);
        return;
    }
    double lo = (double)(q ? q->qmin : qir_dtype_min(y->type->dtype));
    double hi = (double)(q ? q->qmax : qir_dtype_max(y->type->dtype));
    int64_t *out = eval_out_i64(a, y);
    for (int64_t i = 0; i < n; i++) {
        double r = rint(v[i]);
        out[i] = r < lo ? (int64_t)lo : r >= hi ? (int64_t)hi : (int64_t)r;
    }
    eval_put_i64(y, out);
}

/* Operand as doubles: reals, or stored integers. */
static const double *load(qir_eval_args *a)
{
    qir_type stored = *a->in[0].type;
    stored.quant = NULL;
    return eval_f64(a, &(qir_tensor){&stored, a->in[0].data});
}

bool qir_eval_resize(qir_eval_args *a)
{
    resize r = get_resize(a);
    const qir_type *x = a->in[0].type, *y = a->out[0].type;
    int64_t dims[QIR_MAX_RANK];
    bool *outside[QIR_MAX_RANK];
    for (unsigned d = 0; d < x->rank; d++)
        dims[d] = x->dims[d];
    double *v = NULL;
    const double *current = load(a);
    if (qir_type_elements(x) == 0 || qir_type_elements(y) == 0)
        return true;
    for (unsigned d = 0; d < x->rank; d++) {
        outside[d] = QIR_NEW_ARRAY(a->scratch, bool, (size_t)y->dims[d]);
        v = resize_axis(a, &r, d, current, dims, y->dims[d], outside[d]);
        current = v;
    }
    double value = r.extrapolation;
    if (y->quant)
        value = value / (double)y->quant->scale[0] + y->quant->zero_point[0];
    if (v && is_crop(&r))
        extrapolate(y, v, outside, value);
    put(a, current);
    return true;
}
