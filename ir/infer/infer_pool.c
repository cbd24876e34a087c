/* Pools, reductions and softmax. */
#include "infer.h"

#include "qir/qmath.h"
#include "qir/support/checked.h"

typedef struct window { /* of one spatial axis */
    int64_t size, kernel, stride, dilation, begin, end;
} window;

static int64_t extent(const window *w)
{
    return (w->kernel - 1) * w->dilation + 1;
}

/* ONNX and PyTorch: a last window that would start in the end padding is dropped. */
static int64_t window_count(const window *w, bool ceil_mode)
{
    int64_t room = w->size + w->begin + w->end - extent(w);
    int64_t n = (ceil_mode ? qir_ceil_div(room, w->stride) : room / w->stride) + 1;
    if (ceil_mode && (n - 1) * w->stride >= w->size + w->begin)
        n--;
    return n;
}

/* Does the window at `start` hold at least one element? */
static bool holds_element(const window *w, int64_t start)
{
    int64_t tap = start < 0 ? qir_ceil_div(-start, w->dilation) : 0;
    return tap < w->kernel && start + tap * w->dilation < w->size;
}

/* Only windows that start in the begin padding, and the last, can miss the input.  Without dilation
 * the first tells for all; with it every such window is looked at (pads are below the extent). */
static bool windows_hold_elements(const window *w, int64_t count)
{
    int64_t padded = qir_ceil_div(w->begin, w->stride);
    if (w->begin >= extent(w) || (w->dilation > 1 && padded > 65536))
        return false;
    for (int64_t o = 0; o < padded && o < count; o++) {
        if (!holds_element(w, o * w->stride - w->begin))
            return false;
        if (w->dilation == 1)
            break;
    }
    return holds_element(w, (count - 1) * w->stride - w->begin);
}

static bool axis_windows(qir_infer *q, const window *w, unsigned axis, bool ceil_mode, int64_t *out)
{
    if (extent(w) > w->size + w->begin + w->end)
        return infer_fail(q, "pool.window",
                          "window extent %lld is larger than the padded input "
                          "size %lld of spatial axis %u",
                          (long long)extent(w), (long long)(w->size + w->begin + w->end), axis);
    *out = window_count(w, ceil_mode);
    if (!windows_hold_elements(w, *out))
        return infer_fail(q, "pool.window",
                          "a window of spatial axis %u lies wholly in the padding; "
                          "pads must be smaller than the window",
                          axis);
    return true;
}

/* `taps`: elements of a whole window. */
static bool pool_dims(qir_infer *q, const qir_type *x, infer_dims *dims, int64_t *taps)
{
    unsigned n = x->rank - 2;
    int64_t kernel[3], strides[3], dilations[3], pads[6];
    if (x->rank < 3 || x->rank > 5)
        return infer_fail(q, "shape.rank",
                          "input of rank %u, expected 3 to 5 (1 to 3 spatial axes)", x->rank);
    if (!infer_nonempty(q, x, "input") || !infer_list(q, "kernel", n, 1, "pool.window", kernel) ||
        !infer_list(q, "strides", n, 1, "pool.window", strides) ||
        !infer_list(q, "dilations", n, 1, "pool.window", dilations) ||
        !infer_list(q, "pads", 2 * n, 0, "pool.window", pads))
        return false;
    bool ceil_mode = infer_bool(q, "ceil_mode");
    *dims = infer_dims_of(x);
    *taps = 1;
    for (unsigned i = 0; i < n; i++) {
        window w = {x->dims[i + 2], kernel[i], strides[i], dilations[i], pads[i], pads[i + n]};
        if (!axis_windows(q, &w, i, ceil_mode, &dims->d[i + 2]))
            return false;
        if (!qir_mul_i64(*taps, kernel[i], taps))
            return infer_fail(q, "pool.window", "window of more than 2^63 elements");
    }
    return true;
}

/* m = s_x / (s_y * n) for every n that occurs: 1 to `most`. */
static bool mean_multipliers(qir_infer *q, const qir_type *x, int64_t least, int64_t most)
{
    float sx = x->quant->scale[0], sy = q->results[0]->quant->scale[0];
    const qir_quant *y = q->results[0]->quant;
    return (qir_requant_multiplier_ok(qir_mean_multiplier(sx, sy, least), y) &&
            qir_requant_multiplier_ok(qir_mean_multiplier(sx, sy, most), y)) ||
           infer_fail(q, "quant.multiplier",
                      "scales %g of the operand and %g of the result give a "
                      "multiplier outside [2^-32, %d) for means of %lld elements",
                      (double)sx, (double)sy, qir_requant_limit(y), (long long)most);
}

/* Mean-like ops (rule FREE) have parameters of their own, the others keep the operand's. */
static bool windowed_result(qir_infer *q, const infer_dims *dims, const qir_type *x, int64_t least,
                            int64_t most)
{
    if (!x->quant)
        return infer_result(q, 0, dims, x);
    if (!infer_activation(q, 0))
        return false;
    if (qir_op_desc_get(q->opcode)->qrule.kind != QIR_QR_FREE)
        return infer_result(q, 0, dims, x);
    return infer_result_free(q, 0, dims) && mean_multipliers(q, x, least, most);
}

bool qir_infer_pool(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims;
    int64_t taps;
    return pool_dims(q, x, &dims, &taps) && windowed_result(q, &dims, x, 1, taps);
}

bool qir_infer_pool_indices(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims;
    int64_t taps;
    return pool_dims(q, x, &dims, &taps) && infer_result_plain(q, 0, &dims, QIR_i64);
}

/* --- reductions ------------------------------------------------------------------------------ */

/* `count`: elements per result. */
static bool reduce_dims(qir_infer *q, const qir_type *x, infer_dims *dims, int64_t *count)
{
    size_t n, next = 0;
    const int64_t *axes = infer_ints(q, "axes", &n);
    bool keep = infer_bool(q, "keepdims");
    for (size_t i = 0; i < n; i++)
        if (axes[i] < 0 || axes[i] >= (int64_t)x->rank || (i && axes[i] <= axes[i - 1]))
            return infer_fail(q, "shape.axis",
                              "axes entry %lld of a tensor of rank %u, expected "
                              "ascending numbers from 0",
                              (long long)axes[i], x->rank);
    *dims = (infer_dims){0};
    *count = 1;
    for (unsigned i = 0; i < x->rank; i++) {
        bool reduced = next < n && axes[next] == (int64_t)i;
        next += reduced;
        if (reduced)
            *count *= x->dims[i];
        if (!reduced || keep)
            dims->d[dims->rank++] = reduced ? 1 : x->dims[i];
    }
    return true;
}

bool qir_infer_reduce_sum(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims;
    int64_t count;
    return reduce_dims(q, x, &dims, &count) && infer_result(q, 0, &dims, x);
}

bool qir_infer_reduce(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims;
    int64_t count;
    if (!reduce_dims(q, x, &dims, &count))
        return false;
    if (!count)
        return infer_fail(q, "shape.empty", "reduces no elements of %s, expected at least one",
                          infer_text(q, x));
    return windowed_result(q, &dims, x, count, count);
}

/* --- softmax --------------------------------------------------------------------------------- */

bool qir_infer_softmax(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    unsigned axis;
    if (!infer_axis(q, x->rank, &axis))
        return false;
    if (!x->dims[axis])
        return infer_fail(q, "shape.empty", "axis %u of %s has no elements", axis,
                          infer_text(q, x));
    if (!x->quant)
        return infer_result(q, 0, &dims, x);
    if (!infer_activation(q, 0))
        return false;
    if (q->results[0])
        return infer_result_free(q, 0, &dims);
    int32_t qmin = (int32_t)qir_dtype_min(x->dtype);
    const qir_quant *fixed = qir_quant_per_tensor(q->module->ctx, x->dtype, qmin, qmin + 255,
                                                  1.0f / 256.0f, qmin, q->loc);
    const qir_type *t = fixed ? qir_type_with_quant(q->module->ctx, x, fixed, q->loc) : NULL;
    return t && infer_result(q, 0, &dims, t);
}
