/* Pools and resizing. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/compose.h"
#include "pt2/import.h"

/* --- pools ------------------------------------------------------------------------------------------- */
/* Spatial axes come from the operator's name: max_pool2d has two. */
static unsigned spatial_axes(const pt2_call *c)
{
    const char *digit = strpbrk(c->row->target, "123");
    return digit ? (unsigned)(*digit - '0') : 0;
}

typedef struct pool {
    qir_value *x;
    fe_window w;
    bool ceil_mode, unbatched;
} pool;

static bool read_pool(pt2_call *c, bool dilated, pool *p)
{
    p->w.n = spatial_axes(c);
    p->x = pt2_batched(c, pt2_self(c), p->w.n + 2, &p->unbatched);
    if (!p->x)
        return false;
    if (p->x->type->rank != p->w.n + 2)
        return fe_error(c->fe, "shape", "operand of rank %u, expected %u or %u", p->x->type->rank,
                        p->w.n + 1, p->w.n + 2);
    for (unsigned i = 0; i < p->w.n; i++)
        p->w.dilations[i] = 1;
    p->ceil_mode = pt2_bool(c, "ceil_mode");
    return pt2_spatial(c, "kernel_size", p->w.n, NULL, 1, p->w.kernel) &&
           pt2_spatial(c, "stride", p->w.n, p->w.kernel, 1, p->w.strides) && pt2_pads(c, &p->w) &&
           (!dilated || pt2_spatial(c, "dilation", p->w.n, NULL, 1, p->w.dilations));
}

static qir_value *emit_pool(pt2_call *c, qir_opcode opcode, const pool *p, qir_named_attr extra)
{
    fe_builder *fe = c->fe;
    const fe_window *w = &p->w;
    return fe_emit1(fe, opcode, p->x,
                    QIR_ATTRS({"kernel", qir_attr_ints(fe->ctx, w->kernel, w->n)},
                              {"strides", fe_unless(fe, w->strides, w->n, 1)},
                              {"pads", fe_unless(fe, w->pads, 2 * w->n, 0)},
                              {"dilations", fe_unless(fe, w->dilations, w->n, 1)},
                              {"ceil_mode", p->ceil_mode ? qir_attr_bool(fe->ctx, true) : NULL}, extra));
}

/* torch counts positions within one channel, QIR through the whole operand. */
static qir_value *plane_indices(pt2_call *c, const pool *p)
{
    const qir_type *t = p->x->type;
    qir_value *v = emit_pool(c, QIR_OP_max_pool_indices, p, (qir_named_attr){"ceil_mode", NULL});
    int64_t plane = 1;
    for (unsigned i = 2; i < t->rank; i++)
        plane *= t->dims[i];
    return fe_emit2(c->fe, QIR_OP_mod, v, fe_scalar(c->fe, QIR_i64, (double)plane));
}

static bool set_max_pool(pt2_call *c, const pool *p)
{
    qir_value *y = emit_pool(c, QIR_OP_max_pool, p, (qir_named_attr){NULL, NULL});
    return pt2_set_unbatched(c, 0, y, p->unbatched) &&
           (!pt2_wanted(c, 1) || pt2_set_unbatched(c, 1, plane_indices(c, p), p->unbatched));
}

bool pt2_op_max_pool(pt2_call *c)
{
    pool p = {0};
    return read_pool(c, true, &p) && set_max_pool(c, &p);
}

bool pt2_op_avg_pool(pt2_call *c)
{
    pool p = {0};
    if (!read_pool(c, false, &p))
        return false;
    if (pt2_knows(c, "divisor_override") && pt2_has(c, "divisor_override"))
        return fe_error(c->fe, "arg", "divisor_override is not supported");
    bool count = pt2_bool(c, "count_include_pad");
    qir_value *y = emit_pool(c, QIR_OP_avg_pool, &p,
                             (qir_named_attr){"count_pads", qir_attr_bool(c->fe->ctx, count)});
    return pt2_set_unbatched(c, 0, y, p.unbatched);
}

/* --- adaptive pools ------------------------------------------------------------------------------------ */
/* Sizes of the result; None keeps one. */
static bool read_sizes(pt2_call *c, pool *p, int64_t *sizes)
{
    const pt2_arg *given = pt2_get(c, "output_size");
    p->w.n = spatial_axes(c);
    p->x = pt2_batched(c, pt2_self(c), p->w.n + 2, &p->unbatched);
    if (!p->x)
        return false;
    if (p->x->type->rank != p->w.n + 2 || (given->kind == PT2_LIST && given->n != p->w.n))
        return fe_error(c->fe, "shape", "operand of rank %u for %u spatial axes", p->x->type->rank,
                        p->w.n);
    for (unsigned i = 0; i < p->w.n; i++) {
        const pt2_arg *size = given->kind == PT2_LIST ? &given->items[i] : given;
        int64_t dim = p->x->type->dims[i + 2];
        sizes[i] = size->kind == PT2_NONE ? dim : size->i;
        if (sizes[i] < 1 || dim < 1)
            return fe_error(c->fe, "arg", "output_size %" PRId64 " of %" PRId64, sizes[i], dim);
    }
    return true;
}

/* Windows of one size, side by side?  Then it is a common pool. */
static bool is_regular(pool *p, const int64_t *sizes)
{
    for (unsigned i = 0; i < p->w.n; i++) {
        int64_t dim = p->x->type->dims[i + 2];
        if (dim % sizes[i])
            return false;
        p->w.kernel[i] = p->w.strides[i] = dim / sizes[i];
        p->w.dilations[i] = 1;
    }
    return true;
}

static bool all_ones(const int64_t *list, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (list[i] != 1)
            return false;
    return true;
}

/* [in, out]: column k averages the window of result k. */
static qir_value *averages(pt2_call *c, int64_t in, int64_t out)
{
    float *m = QIR_NEW_ARRAY(c->fe->scratch, float, (size_t)(in * out));
    for (int64_t k = 0; k < out; k++) {
        int64_t first = k * in / out, end = ((k + 1) * in + out - 1) / out;
        for (int64_t i = first; i < end; i++)
            m[i * out + k] = 1.0f / (float)(end - first);
    }
    return fe_const(c->fe, QIR_f32, (int64_t[]){in, out}, 2, m);
}

/* Windows of several sizes: a product with averages along each axis. */
static qir_value *average_unequal(pt2_call *c, const pool *p, const int64_t *sizes)
{
    qir_value *v = p->x;
    unsigned last = v->type->rank - 1;
    for (unsigned i = 0; v && i < p->w.n; i++) {
        int64_t in = v->type->dims[i + 2];
        if (in > 4096 || sizes[i] > 4096)
            return fe_error(c->fe, "shape", "windows of several sizes over %" PRId64, in), NULL;
        if (in == sizes[i])
            continue;
        v = fe_swap_axes(c->fe, v, i + 2, last);
        v = fe_emit2(c->fe, QIR_OP_matmul, v, averages(c, in, sizes[i]));
        v = v ? fe_swap_axes(c->fe, v, i + 2, last) : NULL;
    }
    return v;
}

static qir_value *global_average(pt2_call *c, const pool *p)
{
    int64_t axes[QIR_MAX_RANK];
    for (unsigned i = 0; i < p->w.n; i++)
        axes[i] = i + 2;
    return fe_emit1(c->fe, QIR_OP_reduce_mean, p->x,
                    QIR_ATTRS({"axes", qir_attr_ints(c->fe->ctx, axes, p->w.n)}));
}

bool pt2_op_adaptive_avg_pool(pt2_call *c)
{
    pool p = {0};
    int64_t sizes[QIR_MAX_RANK];
    if (!read_sizes(c, &p, sizes))
        return false;
    bool regular = is_regular(&p, sizes);
    qir_value *y = all_ones(sizes, p.w.n) ? global_average(c, &p)
                   : regular && all_ones(p.w.kernel, p.w.n)
                       ? p.x
                   : regular ? emit_pool(c, QIR_OP_avg_pool, &p, (qir_named_attr){NULL, NULL})
                             : average_unequal(c, &p, sizes);
    return pt2_set_unbatched(c, 0, y, p.unbatched);
}

bool pt2_op_adaptive_max_pool(pt2_call *c)
{
    pool p = {0};
    int64_t sizes[QIR_MAX_RANK];
    if (!read_sizes(c, &p, sizes))
        return false;
    if (!is_regular(&p, sizes))
        return fe_error(c->fe, "arg", "windows of several sizes are not supported");
    return set_max_pool(c, &p);
}

/* --- resizing ----------------------------------------------------------------------------------------- */
typedef struct resize {
    const char *mode, *coordinates, *nearest;
} resize;

/* Ratio of spatial axis i if the model gave one: scale_factors[i], or scales_h and scales_w. */
static double given_scale(const pt2_call *c, unsigned i)
{
    bool vec = pt2_knows(c, "scale_factors");
    const pt2_arg *arg = pt2_get(c, vec ? "scale_factors" : i == 0 ? "scales_h" : "scales_w");
    if (arg->kind == PT2_LIST)
        return i < arg->n ? pt2_number(&arg->items[i]) : 0;
    return arg->kind == PT2_NONE ? 0 : pt2_number(arg);
}

/* result / operand, rounded down: what divides by it must not fall short of a whole coordinate. */
static float ratio(int64_t size, int64_t dim)
{
    float r = (float)size / (float)dim;
    return (double)r * (double)dim > (double)size ? nextafterf(r, 0) : r;
}

static bool set_resized(pt2_call *c, const resize *r)
{
    fe_builder *fe = c->fe;
    qir_value *x = pt2_self(c);
    int64_t sizes[QIR_MAX_RANK];
    float scales[QIR_MAX_RANK];
    unsigned n = spatial_axes(c);
    size_t given;
    const int64_t *want = pt2_ints(c, "output_size", &given);
    if (!x || x->type->rank != n + 2 || (given && given != n))
        return x && fe_error(fe, "shape", "operand of rank %u for %u spatial axes", x->type->rank, n);
    for (unsigned i = 0; i < n + 2; i++) {
        double scale = i < 2 ? 1 : given_scale(c, i - 2);
        int64_t dim = x->type->dims[i];
        double size = i >= 2 && given ? (double)want[i - 2] : floor((double)dim * scale);
        if (!(size >= 0) || size > (double)QIR_MAX_ELEMENTS || (i >= 2 && (size < 1 || dim < 1)))
            return fe_error(fe, "arg", "size of axis %u is %g", i, size);
        sizes[i] = (int64_t)size;
        scales[i] = scale > 0 ? (float)scale : ratio(sizes[i], dim);
    }
    qir_context *ctx = fe->ctx;
    qir_named_attr *attrs =
        QIR_ATTRS({"sizes", qir_attr_ints(ctx, sizes, n + 2)}, {"scales", qir_attr_floats(ctx, scales, n + 2)},
                  {"mode", qir_attr_string(ctx, r->mode, strlen(r->mode))},
                  {"coordinates", qir_attr_string(ctx, r->coordinates, strlen(r->coordinates))},
                  {"nearest", qir_attr_string(ctx, r->nearest, strlen(r->nearest))});
    return pt2_set(c, 0, fe_emit1(fe, QIR_OP_resize, x, attrs));
}

bool pt2_op_upsample_nearest(pt2_call *c)
{
    return set_resized(c, &(resize){"nearest", "asymmetric", "floor"});
}

bool pt2_op_upsample_exact(pt2_call *c)
{
    return set_resized(c, &(resize){"nearest", "half_pixel", "round_prefer_ceil"});
}

bool pt2_op_upsample_linear(pt2_call *c)
{
    const char *coordinates = pt2_bool(c, "align_corners") ? "align_corners" : "half_pixel";
    return set_resized(c, &(resize){"linear", coordinates, "floor"});
}

bool pt2_op_upsample_cubic(pt2_call *c)
{
    const char *coordinates = pt2_bool(c, "align_corners") ? "align_corners" : "half_pixel";
    return set_resized(c, &(resize){"cubic", coordinates, "floor"});
}
