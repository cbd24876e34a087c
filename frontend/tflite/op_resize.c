/* Resizing of images [N, H, W, C], in terms of QIR's resize. */
#include <inttypes.h>
#include <string.h>

#include "tflite/import.h"

static const qir_attr *text(tfl_call *c, const char *s)
{
    return qir_attr_string(c->fe->ctx, s, strlen(s));
}

/* Ratio for coordinates; QIR takes result / operand. */
static bool read_target(tfl_call *c, int64_t *sizes, float *scales)
{
    const qir_type *t = c->in[0]->type;
    const int64_t *size = tfl_ints(c, 1, 2);
    if (!size)
        return false;
    if (t->rank != 4 || size[0] < 1 || size[1] < 1 || t->dims[1] < 1 || t->dims[2] < 1)
        return fe_error(c->fe, "shape", "rank %u to %" PRId64 " x %" PRId64, t->rank, size[0],
                        size[1]);
    for (unsigned i = 0; i < 4; i++) {
        sizes[i] = i == 1 || i == 2 ? size[i - 1] : t->dims[i];
        scales[i] = i == 1 || i == 2 ? (float)sizes[i] / (float)t->dims[i] : 1.0f;
    }
    return true;
}

static bool resize(tfl_call *c, const char *mode, const char *nearest)
{
    qir_context *ctx = c->fe->ctx;
    int64_t sizes[4];
    float scales[4];
    const char *coordinates = tfl_int(c, "align_corners")        ? "align_corners"
                              : tfl_int(c, "half_pixel_centers") ? "half_pixel"
                                                                 : "asymmetric";
    if (!read_target(c, sizes, scales))
        return false;
    qir_named_attr *attrs = QIR_ATTRS({"sizes", qir_attr_ints(ctx, sizes, 4)},
                                      {"scales", qir_attr_floats(ctx, scales, 4)},
                                      {"mode", text(c, mode)},
                                      {"coordinates", text(c, coordinates)},
                                      {"nearest", text(c, nearest)});
    return tfl_set(c, 0, fe_emit1(c->fe, QIR_OP_resize, c->in[0], attrs));
}

bool tfl_resize_bilinear(tfl_call *c)
{
    return resize(c, "linear", "floor");
}

/* floor((x + 0.5) * s) is half_pixel's (x + 0.5) * s - 0.5 rounded, halves up. */
bool tfl_resize_nearest(tfl_call *c)
{
    bool rounds = tfl_int(c, "align_corners") || tfl_int(c, "half_pixel_centers");
    return resize(c, "nearest", rounds ? "round_prefer_ceil" : "floor");
}
