/* Coordinates of resize: see qir/resize.h. */
#include "qir/resize.h"

#include <math.h>
#include <string.h>
#include "qir/ops.h"

typedef struct resize {
    const char *mode, *coordinates, *nearest;
    double cubic_a;
    bool exclude_outside;
    const float *scales, *roi;
    size_t nroi;
    unsigned rank;
} resize;

static resize get_resize(const qir_op *op)
{
    size_t n;
    resize r = {.mode = qir_op_string(op, "mode"),
                .coordinates = qir_op_string(op, "coordinates"),
                .nearest = qir_op_string(op, "nearest"),
                .cubic_a = (double)qir_op_float(op, "cubic_a"),
                .exclude_outside = qir_op_bool(op, "exclude_outside"),
                .rank = op->results[0].type->rank};
    r.scales = qir_op_floats(op, "scales", &n);
    r.roi = qir_op_floats(op, "roi", &r.nroi);
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

enum { TAPS = QIR_RESIZE_TAPS };
typedef qir_resize_mix mix;

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

/* Does the axis keep its elements? */
static bool is_kept(const resize *r, unsigned axis, int64_t in, int64_t out)
{
    bool cut = is_crop(r) && r->nroi == 2 * r->rank &&
               (r->roi[axis] != 0.0f || r->roi[axis + r->rank] != 1.0f);
    return in == out && !cut && r->scales[axis] == 1.0f;
}

static mix make_mix(const resize *r, unsigned axis, int64_t i, int64_t in, int64_t out)
{
    double x = coordinate(r, axis, i, in, out);
    mix m = {.n = 1, .weight = {1.0}};
    m.outside = is_crop(r) && !is_kept(r, axis, in, out) && (x < 0.0 || x > (double)(in - 1));
    if (is_kept(r, axis, in, out)) {
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

void qir_resize_axis(const qir_op *op, unsigned axis, qir_resize_mix *out)
{
    resize r = get_resize(op);
    int64_t in = op->operands[0].value->type->dims[axis], n = op->results[0].type->dims[axis];
    for (int64_t i = 0; i < n; i++)
        out[i] = make_mix(&r, axis, i, in, n);
}

double qir_resize_middle(const qir_type *t)
{
    return t->quant && t->quant->storage == QIR_u8 ? 128.0 : 0.0;
}

double qir_resize_extrapolation(const qir_op *op)
{
    const qir_type *y = op->results[0].type;
    double v = (double)qir_op_float(op, "extrapolation");
    return y->quant ? v / (double)y->quant->scale[0] + (y->quant->zero_point[0] - qir_resize_middle(y))
                    : v;
}
