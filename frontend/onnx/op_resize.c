/* Resize of every operator set, normalised to sizes, scales and the attributes of QIR's resize. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "onnx/import.h"

typedef struct resize_spec {
    int64_t sizes[QIR_MAX_RANK];
    float scales[QIR_MAX_RANK], roi[2 * QIR_MAX_RANK];
    size_t nroi;
    const char *mode, *coordinates, *nearest;
    float cubic_a, extrapolation;
    bool exclude_outside;
} resize_spec;

static const qir_attr *text(onnx_call *c, const char *s)
{
    return qir_attr_string(c->fe->ctx, s, strlen(s));
}

static bool set_resize(onnx_call *c, const resize_spec *s)
{
    qir_context *ctx = c->fe->ctx;
    unsigned rank = c->in[0]->type->rank;
    qir_named_attr attrs[] = {{"sizes", qir_attr_ints(ctx, s->sizes, rank)},
                              {"scales", qir_attr_floats(ctx, s->scales, rank)},
                              {"mode", text(c, s->mode)},
                              {"coordinates", text(c, s->coordinates)},
                              {"nearest", text(c, s->nearest)},
                              {"cubic_a", qir_attr_float(ctx, s->cubic_a)},
                              {"exclude_outside", qir_attr_bool(ctx, s->exclude_outside)},
                              {"roi", s->nroi ? qir_attr_floats(ctx, s->roi, s->nroi) : NULL},
                              {"extrapolation", qir_attr_float(ctx, s->extrapolation)},
                              {NULL, NULL}};
    return onnx_set(c, 0, fe_emit1(c->fe, QIR_OP_resize, c->in[0], attrs));
}

static bool sizes_from_scales(onnx_call *c, resize_spec *s)
{
    const qir_type *t = c->in[0]->type;
    for (unsigned i = 0; i < t->rank; i++) {
        double size = floor((double)t->dims[i] * (double)s->scales[i]);
        if (!(s->scales[i] > 0) || !(size < (double)QIR_MAX_ELEMENTS))
            return fe_error(c->fe, "attr", "scale %g of dimension %u", (double)s->scales[i], i);
        s->sizes[i] = (int64_t)size;
    }
    return true;
}

/* Resize 10, and Upsample, in whose first version they are an attribute: scales only, asymmetric
 * coordinates, rounding down. */
bool onnx_resize10(onnx_call *c)
{
    resize_spec s = {.coordinates = "asymmetric", .nearest = "floor", .cubic_a = -0.75f};
    const onnx_attr *given = onnx_attr_find(c, "scales", ONNX_ATTR_FLOATS);
    size_t n = given ? given->n : 0;
    const float *scales = given ? given->floats : NULL;
    if (onnx_in(c, 1))
        scales = fe_const_floats(c->fe, c->in[1], &n);
    s.mode = onnx_attr_string(c, "mode", "nearest");
    if (c->fe->failed)
        return false;
    if (!scales || n != c->in[0]->type->rank)
        return fe_error(c->fe, "shape", "%zu scales for rank %u", n, c->in[0]->type->rank);
    memcpy(s.scales, scales, n * sizeof *scales);
    return sizes_from_scales(c, &s) && set_resize(c, &s);
}

/* tf_half_pixel_for_nn is (x + 0.5) / scale: half_pixel plus one half, which moves into the
 * rounding. */
static bool normalise_coordinates(onnx_call *c, resize_spec *s)
{
    if (strcmp(s->coordinates, "tf_half_pixel_for_nn") != 0)
        return true;
    if (strcmp(s->mode, "nearest") != 0)
        return fe_error(c->fe, "attr", "tf_half_pixel_for_nn is for mode nearest");
    s->coordinates = "half_pixel";
    if (strcmp(s->nearest, "round_prefer_floor") == 0)
        s->nearest = "ceil";
    else if (strcmp(s->nearest, "floor") == 0)
        s->nearest = "round_prefer_ceil";
    else
        return fe_error(c->fe, "attr", "tf_half_pixel_for_nn with nearest_mode '%s'", s->nearest);
    return true;
}

static bool read_attrs(onnx_call *c, resize_spec *s)
{
    s->mode = onnx_attr_string(c, "mode", "nearest");
    s->coordinates = onnx_attr_string(c, "coordinate_transformation_mode", "half_pixel");
    s->nearest = onnx_attr_string(c, "nearest_mode", "round_prefer_floor");
    s->cubic_a = onnx_attr_float(c, "cubic_coeff_a", -0.75f);
    s->exclude_outside = onnx_attr_int(c, "exclude_outside", 0);
    s->extrapolation = onnx_attr_float(c, "extrapolation_value", 0);
    if (onnx_attr_int(c, "antialias", 0))
        return fe_error(c->fe, "attr", "antialias is not supported");
    if (strcmp(onnx_attr_string(c, "keep_aspect_ratio_policy", "stretch"), "stretch") != 0)
        return fe_error(c->fe, "attr", "keep_aspect_ratio_policy is not supported");
    return normalise_coordinates(c, s);
}

/* Dimension that entry i of sizes, scales and roi is for. */
static bool read_axes(onnx_call *c, unsigned rank, int64_t *axes, size_t *n)
{
    const int64_t *given = onnx_attr_ints(c, "axes", n);
    if (given && *n > rank)
        return fe_error(c->fe, "attr", "%zu axes for rank %u", *n, rank);
    if (!given)
        *n = rank;
    for (size_t i = 0; i < *n; i++)
        if (!fe_axis(c->fe, given ? given[i] : (int64_t)i, rank, false, &axes[i]))
            return false;
    return true;
}

static bool read_roi(onnx_call *c, const int64_t *axes, size_t naxes, resize_spec *s)
{
    unsigned rank = c->in[0]->type->rank;
    size_t n = 0;
    const float *roi = onnx_in(c, 1) ? fe_const_floats(c->fe, c->in[1], &n) : NULL;
    for (unsigned i = 0; i < rank; i++)
        s->roi[rank + i] = 1;
    if (strcmp(s->coordinates, "tf_crop_and_resize") != 0)
        return !c->fe->failed;
    if (!roi || n != 2 * naxes)
        return fe_error(c->fe, "shape", "roi has %zu entries, expected %zu", n, 2 * naxes);
    for (size_t i = 0; i < naxes; i++) {
        s->roi[axes[i]] = roi[i];
        s->roi[rank + axes[i]] = roi[naxes + i];
    }
    s->nroi = 2 * (size_t)rank;
    return true;
}

/* Either scales or sizes; an empty tensor counts as absent. */
static bool read_target(onnx_call *c, const int64_t *axes, size_t naxes, resize_spec *s)
{
    const qir_type *t = c->in[0]->type;
    size_t ns = 0, nz = 0;
    const float *scales = onnx_in(c, 2) ? fe_const_floats(c->fe, c->in[2], &ns) : NULL;
    const int64_t *sizes = onnx_in(c, 3) ? fe_const_ints(c->fe, c->in[3], &nz) : NULL;
    if (c->fe->failed)
        return false;
    if ((ns != naxes || nz) && (nz != naxes || ns))
        return fe_error(c->fe, "shape", "%zu scales and %zu sizes for %zu axes", ns, nz, naxes);
    for (unsigned i = 0; i < t->rank; i++) {
        s->scales[i] = 1;
        s->sizes[i] = t->dims[i];
    }
    for (size_t i = 0; i < naxes; i++) {
        int64_t dim = t->dims[axes[i]];
        if (nz && (sizes[i] < 1 || dim < 1))
            return fe_error(c->fe, "shape", "size %" PRId64, sizes[i]);
        s->sizes[axes[i]] = nz ? sizes[i] : dim;
        s->scales[axes[i]] = nz ? (float)sizes[i] / (float)dim : scales[i];
    }
    return nz || sizes_from_scales(c, s);
}

bool onnx_resize(onnx_call *c)
{
    resize_spec s = {0};
    int64_t axes[QIR_MAX_RANK];
    size_t n;
    return read_attrs(c, &s) && read_axes(c, c->in[0]->type->rank, axes, &n) &&
           read_roi(c, axes, n, &s) && read_target(c, axes, n, &s) && set_resize(c, &s);
}

/* The modes have had other names since operator set 20. */
bool onnx_grid_sample(onnx_call *c)
{
    const char *mode = onnx_attr_string(c, "mode", "linear");
    mode = !strcmp(mode, "bilinear") ? "linear" : !strcmp(mode, "bicubic") ? "cubic" : mode;
    return onnx_set(
        c, 0,
        fe_emit(c->fe, QIR_OP_grid_sample, c->in, 2,
                QIR_ATTRS({"mode", text(c, mode)},
                          {"padding", text(c, onnx_attr_string(c, "padding_mode", "zeros"))},
                          {"align_corners",
                           qir_attr_bool(c->fe->ctx, onnx_attr_int(c, "align_corners", 0) != 0)}),
                NULL));
}
