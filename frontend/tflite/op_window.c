/* Convolutions and pools.  Tensors are [N, H, W, C]; QIR's windows slide over [N, C, H, W], so each
 * stands between two transposes, which layouts make free. */
#include <inttypes.h>

#include "tflite/import.h"

enum { SAME, VALID };
enum { MAX_WINDOW = 1 << 20 }; /* bound of every window attribute */

static bool in_window(tfl_call *c, const char *what, int64_t v)
{
    return (v >= 1 && v <= MAX_WINDOW) ||
           fe_error(c->fe, "conv.attr", "%s %" PRId64 ", expected 1 to %d", what, v, MAX_WINDOW);
}

/* `spatial`: height and width that the window slides over. */
static bool read_window(tfl_call *c, const int64_t *kernel, const int64_t *spatial, fe_window *w)
{
    bool dilated = tfl_has_field(c, "dilation_h");
    int64_t padding = tfl_int(c, "padding");
    *w = (fe_window){.n = 2,
                     .kernel = {kernel[0], kernel[1]},
                     .strides = {tfl_int(c, "stride_h"), tfl_int(c, "stride_w")},
                     .dilations = {dilated ? tfl_int(c, "dilation_h") : 1,
                                   dilated ? tfl_int(c, "dilation_w") : 1}};
    for (unsigned i = 0; i < 2; i++)
        if (!in_window(c, "kernel size", w->kernel[i]) || !in_window(c, "stride", w->strides[i]) ||
            !in_window(c, "dilation", w->dilations[i]))
            return false;
    if (padding != SAME && padding != VALID)
        return fe_error(c->fe, "options", "padding %" PRId64 " is not known", padding);
    if (padding == SAME)
        fe_window_pad_same(w, spatial, true);
    return true;
}

static bool check_ranks(tfl_call *c, const qir_value *x, const qir_value *w)
{
    return (x->type->rank == 4 && w->type->rank == 4) ||
           fe_error(c->fe, "shape", "input of rank %u and weight of rank %u, expected 4",
                    x->type->rank, w->type->rank);
}

/* `w`: as QIR wants it, [O, C / groups, kernel]. */
static bool convolve(tfl_call *c, qir_value *w, int64_t groups)
{
    fe_builder *fe = c->fe;
    fe_window win;
    if (!w || !read_window(c, w->type->dims + 2, c->in[0]->type->dims + 1, &win))
        return false;
    qir_named_attr *attrs = QIR_ATTRS({"strides", fe_unless(fe, win.strides, 2, 1)},
                                      {"pads", fe_unless(fe, win.pads, 4, 0)},
                                      {"dilations", fe_unless(fe, win.dilations, 2, 1)},
                                      {"groups", qir_attr_int(fe->ctx, groups)});
    qir_value *x = tfl_channels_first(c, c->in[0]), *bias = tfl_in(c, 2);
    if (!x)
        return false;
    qir_value *y = fe_emit(fe, QIR_OP_conv, (qir_value *[]){x, w, bias}, bias ? 3 : 2, attrs, NULL);
    return tfl_set_channels_first(c, y);
}

bool tfl_conv(tfl_call *c)
{
    static const int64_t perm[] = {0, 3, 1, 2};
    const qir_value *x = c->in[0], *w = c->in[1];
    if (!check_ranks(c, x, w))
        return false;
    int64_t channels = x->type->dims[3], per_group = w->type->dims[3];
    if (per_group < 1 || channels % per_group)
        return fe_error(c->fe, "conv.attr",
                        "%" PRId64 " channels do not split into groups of %" PRId64, channels,
                        per_group);
    return convolve(c, fe_transpose_weight(c->fe, c->in[1], perm), channels / per_group);
}

/* The weight is [1, H, W, C * multiplier]; the multiplier in the options repeats what shapes say. */
bool tfl_depthwise_conv(tfl_call *c)
{
    static const int64_t perm[] = {3, 0, 1, 2};
    const qir_value *x = c->in[0], *w = c->in[1];
    if (!check_ranks(c, x, w))
        return false;
    int64_t channels = x->type->dims[3], outputs = w->type->dims[3];
    if (w->type->dims[0] != 1 || channels < 1 || outputs % channels)
        return fe_error(c->fe, "conv.attr",
                        "%" PRId64 " channels do not multiply to %" PRId64 " outputs", channels,
                        outputs);
    return convolve(c, fe_transpose_weight(c->fe, c->in[1], perm), channels);
}

bool tfl_pool(tfl_call *c)
{
    fe_builder *fe = c->fe;
    qir_value *x = tfl_channels_first(c, c->in[0]);
    int64_t kernel[] = {tfl_int(c, "filter_h"), tfl_int(c, "filter_w")};
    fe_window win;
    if (!x || !read_window(c, kernel, x->type->dims + 2, &win))
        return false;
    qir_named_attr *attrs = QIR_ATTRS({"kernel", qir_attr_ints(fe->ctx, win.kernel, 2)},
                                      {"strides", fe_unless(fe, win.strides, 2, 1)},
                                      {"pads", fe_unless(fe, win.pads, 4, 0)});
    return tfl_set_channels_first(c, fe_emit1(fe, c->row->opcode, x, attrs));
}

/* --- transposed ------------------------------------------------------------------------------- */

/* The window slides over the result here; what it leaves over at the end becomes output padding. */
static bool read_transposed(tfl_call *c, const int64_t *in, const int64_t *out, fe_window *w,
                            int64_t *output_pads)
{
    if (!read_window(c, c->in[1]->type->dims + 1, out, w))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        int64_t whole = (in[i] - 1) * w->strides[i] + w->kernel[i];
        int64_t end = whole - w->pads[i] - out[i];
        w->pads[2 + i] = end > 0 ? end : 0;
        output_pads[i] = end < 0 ? -end : 0;
        if (output_pads[i] >= w->strides[i])
            return fe_error(c->fe, "conv.attr", "result size %" PRId64 " is out of reach", out[i]);
    }
    return true;
}

/* Operands: shape of the result, weight [O, H, W, C], input, bias. */
bool tfl_transpose_conv(tfl_call *c)
{
    static const int64_t perm[] = {3, 0, 1, 2};
    fe_builder *fe = c->fe;
    const int64_t *shape = tfl_ints(c, 0, 4);
    fe_window win;
    int64_t output_pads[2];
    if (!shape || !check_ranks(c, c->in[2], c->in[1]) ||
        !in_window(c, "result size", shape[1]) || !in_window(c, "result size", shape[2]) ||
        !read_transposed(c, c->in[2]->type->dims + 1, shape + 1, &win, output_pads))
        return false;
    qir_named_attr *attrs = QIR_ATTRS({"strides", fe_unless(fe, win.strides, 2, 1)},
                                      {"pads", fe_unless(fe, win.pads, 4, 0)},
                                      {"output_pads", fe_unless(fe, output_pads, 2, 0)});
    qir_value *in[] = {tfl_channels_first(c, c->in[2]), fe_transpose_weight(fe, c->in[1], perm),
                       tfl_in(c, 3)};
    if (!in[0] || !in[1])
        return false;
    qir_value *y = fe_emit(fe, QIR_OP_conv_transpose, in, in[2] ? 3 : 2, attrs, NULL);
    return tfl_set_channels_first(c, y);
}
