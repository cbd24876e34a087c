/* Convolutions and pools: windows over spatial axes. */
#include <inttypes.h>
#include <string.h>

#include "onnx/import.h"
#include "qir/support/checked.h"

enum { MAX_WINDOW = 1 << 20 }; /* bound of every window attribute */

static bool read_list(onnx_call *c, const char *name, unsigned n, int64_t dflt, int64_t min,
                      int64_t *out)
{
    size_t given;
    const int64_t *list = onnx_attr_ints(c, name, &given);
    if (list && given && given != n)
        return fe_error(c->fe, "attr", "'%s' has %zu entries, expected %u", name, given, n);
    for (unsigned i = 0; i < n; i++) {
        out[i] = list && given ? list[i] : dflt;
        if (out[i] < min || out[i] > MAX_WINDOW)
            return fe_error(c->fe, "attr", "'%s' has entry %" PRId64 ", expected %" PRId64 " to %d",
                            name, out[i], min, MAX_WINDOW);
    }
    return !c->fe->failed;
}

static bool resolve_auto_pad(onnx_call *c, fe_window *w, const int64_t *in)
{
    const char *mode = onnx_attr_string(c, "auto_pad", "NOTSET");
    if (strcmp(mode, "NOTSET") == 0 || !*mode)
        return true;
    if (strcmp(mode, "VALID") == 0)
        memset(w->pads, 0, sizeof w->pads);
    else if (strcmp(mode, "SAME_UPPER") == 0 || strcmp(mode, "SAME_LOWER") == 0)
        fe_window_pad_same(w, in, strcmp(mode, "SAME_UPPER") == 0);
    else
        return fe_error(c->fe, "attr", "auto_pad '%s' is not known", mode);
    return true;
}

/* Kernel sizes come from the attribute, or from the weight (then both must agree). */
bool onnx_window_read(onnx_call *c, const qir_type *x, const int64_t *kernel, fe_window *w)
{
    if (x->rank < 3)
        return fe_error(c->fe, "shape", "rank %u, expected at least 3", x->rank);
    *w = (fe_window){.n = x->rank - 2};
    if (!read_list(c, "kernel_shape", w->n, 0, 0, w->kernel) ||
        !read_list(c, "strides", w->n, 1, 1, w->strides) ||
        !read_list(c, "dilations", w->n, 1, 1, w->dilations) ||
        !read_list(c, "pads", 2 * w->n, 0, 0, w->pads))
        return false;
    for (unsigned i = 0; i < w->n; i++) {
        if (kernel && w->kernel[i] && w->kernel[i] != kernel[i])
            return fe_error(c->fe, "attr", "kernel_shape differs from the weight's shape");
        w->kernel[i] = kernel ? kernel[i] : w->kernel[i];
        if (w->kernel[i] < 1 || w->kernel[i] > MAX_WINDOW)
            return fe_error(c->fe, "attr", "kernel size %" PRId64, w->kernel[i]);
    }
    return resolve_auto_pad(c, w, x->dims + 2);
}

static bool check_weight(onnx_call *c, const qir_type *x, const qir_type *w)
{
    return (x->rank >= 3 && x->rank == w->rank) ||
           fe_error(c->fe, "shape", "weight of rank %u for input of rank %u", w->rank, x->rank);
}

bool onnx_conv(onnx_call *c)
{
    qir_context *ctx = c->fe->ctx;
    const qir_type *x = c->in[0]->type, *wt = c->in[1]->type;
    fe_window w;
    if (!check_weight(c, x, wt) || !onnx_window_read(c, x, wt->dims + 2, &w))
        return false;
    qir_named_attr *attrs = QIR_ATTRS({"strides", fe_unless(c->fe, w.strides, w.n, 1)},
                                      {"pads", fe_unless(c->fe, w.pads, 2 * w.n, 0)},
                                      {"dilations", fe_unless(c->fe, w.dilations, w.n, 1)},
                                      {"groups", qir_attr_int(ctx, onnx_attr_int(c, "group", 1))});
    uint32_t n = onnx_in(c, 2) ? 3 : 2;
    return onnx_set(c, 0, fe_emit(c->fe, QIR_OP_conv, c->in, n, attrs, NULL));
}

/* output_shape or SAME fix the result; the pads follow from it (ConvTranspose-11). */
static bool transpose_pads(onnx_call *c, const int64_t *in, int64_t *output_pads, fe_window *w)
{
    size_t n;
    const int64_t *shape = onnx_attr_ints(c, "output_shape", &n);
    const char *mode = onnx_attr_string(c, "auto_pad", "NOTSET");
    bool same = strncmp(mode, "SAME_", 5) == 0;
    if (shape && n == w->n + 2u)
        shape += 2; /* some exporters give batch and channels, too */
    else if (shape && n != w->n)
        return fe_error(c->fe, "attr", "output_shape has %zu entries, expected %u", n, w->n);
    if (strcmp(mode, "VALID") == 0)
        memset(w->pads, 0, sizeof w->pads);
    for (unsigned i = 0; i < w->n && (shape || same); i++) {
        int64_t want = shape ? shape[i] : in[i] * w->strides[i];
        int64_t total =
            w->strides[i] * (in[i] - 1) + output_pads[i] + fe_window_extent(w, i) - want;
        if (want < 0 || want > QIR_MAX_ELEMENTS)
            return fe_error(c->fe, "attr", "output_shape has entry %" PRId64, want);
        if (total < 0) { /* larger than the windows reach: zeros at the end */
            output_pads[i] -= total;
            total = 0;
        }
        w->pads[i] = strcmp(mode, "SAME_UPPER") == 0 ? total / 2 : total - total / 2;
        w->pads[w->n + i] = total - w->pads[i];
    }
    return true;
}

bool onnx_conv_transpose(onnx_call *c)
{
    qir_context *ctx = c->fe->ctx;
    const qir_type *x = c->in[0]->type, *wt = c->in[1]->type;
    int64_t output_pads[QIR_MAX_RANK];
    fe_window w = {0};
    if (!check_weight(c, x, wt))
        return false;
    w.n = x->rank - 2;
    memcpy(w.kernel, wt->dims + 2, w.n * sizeof *w.kernel);
    int64_t kernel_shape[QIR_MAX_RANK];
    if (!read_list(c, "kernel_shape", w.n, 0, 0, kernel_shape) ||
        !read_list(c, "strides", w.n, 1, 1, w.strides) ||
        !read_list(c, "dilations", w.n, 1, 1, w.dilations) ||
        !read_list(c, "pads", 2 * w.n, 0, 0, w.pads) ||
        !read_list(c, "output_padding", w.n, 0, 0, output_pads) ||
        !transpose_pads(c, x->dims + 2, output_pads, &w))
        return false;
    qir_named_attr *attrs = QIR_ATTRS({"strides", fe_unless(c->fe, w.strides, w.n, 1)},
                                      {"pads", fe_unless(c->fe, w.pads, 2 * w.n, 0)},
                                      {"output_pads", fe_unless(c->fe, output_pads, w.n, 0)},
                                      {"dilations", fe_unless(c->fe, w.dilations, w.n, 1)},
                                      {"groups", qir_attr_int(ctx, onnx_attr_int(c, "group", 1))});
    uint32_t n = onnx_in(c, 2) ? 3 : 2;
    return onnx_set(c, 0, fe_emit(c->fe, QIR_OP_conv_transpose, c->in, n, attrs, NULL));
}

static bool pool(onnx_call *c, qir_opcode opcode, qir_named_attr extra, unsigned result)
{
    qir_context *ctx = c->fe->ctx;
    fe_window w;
    if (!onnx_window_read(c, c->in[0]->type, NULL, &w))
        return false;
    qir_named_attr *attrs =
        QIR_ATTRS({"kernel", qir_attr_ints(ctx, w.kernel, w.n)},
                  {"strides", fe_unless(c->fe, w.strides, w.n, 1)},
                  {"pads", fe_unless(c->fe, w.pads, 2 * w.n, 0)},
                  {"dilations", fe_unless(c->fe, w.dilations, w.n, 1)},
                  {"ceil_mode", qir_attr_bool(ctx, onnx_attr_int(c, "ceil_mode", 0))}, extra);
    return onnx_set(c, result, fe_emit(c->fe, opcode, c->in, 1, attrs, NULL));
}

bool onnx_avg_pool(onnx_call *c)
{
    bool count = onnx_attr_int(c, "count_include_pad", 0);
    return pool(c, QIR_OP_avg_pool,
                (qir_named_attr){"count_pads", qir_attr_bool(c->fe->ctx, count)}, 0);
}

bool onnx_max_pool(onnx_call *c)
{
    bool column = onnx_attr_int(c, "storage_order", 0);
    qir_named_attr order = {"column_major", qir_attr_bool(c->fe->ctx, column)};
    if (onnx_out_used(c, 0) && !pool(c, QIR_OP_max_pool, (qir_named_attr){"ceil_mode", NULL}, 0))
        return false;
    return !onnx_out_used(c, 1) || pool(c, QIR_OP_max_pool_indices, order, 1);
}
