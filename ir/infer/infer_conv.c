/* conv, conv_transpose and linear: shapes, weights, biases and the quantized forms they share. */
#include "infer.h"

#include "qir/codes.h"
#include "qir/pack.h"
#include "qir/qmath.h"
#include "qir/support/checked.h"

/* --- weights, bias, result ------------------------------------------------------------------- */

/* Real input, quantized weight: rows of codes, or per tensor or `axis` where that is another. */
static bool is_weight_only(const qir_type *x, const qir_type *w, int axis)
{
    qir_code_rows rows;
    if (x->dtype != QIR_f32)
        return false;
    return axis == 0 ? qir_code_rows_get(w, &rows) : qir_has_codes(w) && !w->quant->group &&
                                                         (w->quant->axis < 0 || w->quant->axis == axis);
}

static bool check_weight_only(qir_infer *q, const qir_type *x, const qir_type *w, int axis)
{
    return is_weight_only(x, w, axis) ||
           infer_fail(q, "type.operand",
                      "input %s and weight %s, expected both quantized or neither, or f32 and at "
                      "most 8 bits that express f32, per tensor, per axis %d%s",
                      infer_text(q, x), infer_text(q, w), axis,
                      axis ? "" : " or in groups of axis 1");
}

/* The weight is quantized like the input or neither is; per tensor or per `axis`. */
static bool check_weight(qir_infer *q, const qir_type *x, const qir_type *w, int axis)
{
    if (!x->quant && !w->quant)
        return infer_same_element(q, x, w);
    if (!x->quant)
        return check_weight_only(q, x, w, axis);
    if (!w->quant)
        return infer_fail(q, "type.operand", "input %s and weight %s, expected both quantized",
                          infer_text(q, x), infer_text(q, w));
    if (!infer_activation(q, 0))
        return false;
    const qir_quant *wq = w->quant;
    if (wq->dynamic || wq->group || (wq->axis >= 0 && wq->axis != axis) ||
        qir_dtype_bits(w->dtype) > 8)
        return infer_fail(q, "quant.axis",
                          "weight of type %s, expected at most 8 bits, quantized "
                          "per tensor or per axis %d",
                          infer_text(q, w), axis);
    return true;
}

static bool check_bias(qir_infer *q, const qir_type *x, const qir_type *b, int64_t channels)
{
    qir_dtype want = x->quant ? QIR_i32 : x->dtype;
    if (!b)
        return true;
    if (b->quant || b->dtype != want)
        return infer_fail(q, "quant.bias",
                          "bias of type %s with an input of type %s, expected %s%s",
                          infer_text(q, b), infer_text(q, x), qir_dtype_name(want),
                          x->quant ? " with scale s_x * s_w" : "");
    return (b->rank == 1 && b->dims[0] == channels) ||
           infer_fail(q, "shape.operand", "bias of type %s, expected %lld elements",
                      infer_text(q, b), (long long)channels);
}

static bool check_multipliers(qir_infer *q, const qir_type *x, const qir_type *w)
{
    const qir_quant *y = q->results[0]->quant;
    for (size_t c = 0; c < w->quant->count; c++)
        if (!infer_multiplier(q, x->quant->scale[0], w->quant->scale[c], y->scale[0]))
            return false;
    return true;
}

/* Float: the input's type.  Quantized: given, quantized or plain i32 (the accumulator). */
static bool accum_result(qir_infer *q, const infer_dims *dims, const qir_type *x, const qir_type *w)
{
    if (!infer_bounds(q))
        return false;
    if (!x->quant)
        return infer_result_plain(q, 0, dims, x->dtype);
    if (q->results[0] && !q->results[0]->quant)
        return infer_result_plain(q, 0, dims, QIR_i32);
    return infer_result_free(q, 0, dims) && check_multipliers(q, x, w);
}

/* --- convolutions ---------------------------------------------------------------------------- */

typedef struct conv_attrs {
    unsigned n; /* spatial axes */
    int64_t strides[3], dilations[3], pads[6], output_pads[3], groups;
} conv_attrs;

static bool read_attrs(qir_infer *q, const qir_type *x, const qir_type *w, conv_attrs *a)
{
    if (x->rank < 3 || x->rank > 5)
        return infer_fail(q, "shape.rank",
                          "input of rank %u, expected 3 to 5 (1 to 3 spatial axes)", x->rank);
    if (w->rank != x->rank)
        return infer_fail(q, "shape.rank",
                          "weight of rank %u with an input of rank %u, expected "
                          "equal ranks",
                          w->rank, x->rank);
    a->n = x->rank - 2;
    a->groups = infer_int(q, "groups");
    if (a->groups < 1 || x->dims[1] % a->groups)
        return infer_fail(q, "conv.attr", "groups %lld does not divide the %lld input channels",
                          (long long)a->groups, (long long)x->dims[1]);
    return infer_nonempty(q, x, "input") && infer_nonempty(q, w, "weight") &&
           infer_list(q, "strides", a->n, 1, "conv.attr", a->strides) &&
           infer_list(q, "dilations", a->n, 1, "conv.attr", a->dilations) &&
           infer_list(q, "pads", 2 * a->n, 0, "conv.attr", a->pads);
}

/* (kernel - 1) * dilation + 1: both are below 2^40 and 2^31. */
static bool kernel_extent(qir_infer *q, const qir_type *w, const conv_attrs *a, unsigned i,
                          int64_t *out)
{
    return qir_mul_i64(w->dims[i + 2] - 1, a->dilations[i], out) && qir_add_i64(*out, 1, out)
               ? true
               : infer_fail(q, "conv.attr", "kernel %lld with dilation %lld is too large",
                            (long long)w->dims[i + 2], (long long)a->dilations[i]);
}

static bool conv_dims(qir_infer *q, const qir_type *x, const qir_type *w, const conv_attrs *a,
                      infer_dims *dims)
{
    *dims = (infer_dims){.rank = x->rank, .d = {x->dims[0], w->dims[0]}};
    for (unsigned i = 0; i < a->n; i++) {
        int64_t extent = 0, padded = x->dims[i + 2] + a->pads[i] + a->pads[i + a->n];
        if (!kernel_extent(q, w, a, i, &extent))
            return false;
        if (extent > padded)
            return infer_fail(q, "conv.attr",
                              "kernel extent %lld is larger than the padded input "
                              "size %lld of spatial axis %u",
                              (long long)extent, (long long)padded, i);
        dims->d[i + 2] = (padded - extent) / a->strides[i] + 1;
    }
    return true;
}

/* The weight operand as it is given. */
static const qir_type *given_weight(const qir_infer *q)
{
    return q->operands[qir_op_desc_get(q->opcode)->qrule.weight]->type;
}

static bool check_packed(qir_infer *q, const qir_type *w, int64_t groups)
{
    const qir_type *t = given_weight(q);
    qir_pack_shape shape;
    return t->kind != QIR_PACKED || qir_pack_shape_get(t->packing, w, groups, &shape) ||
           infer_fail(q, "type.packed",
                      "packing %s does not apply to a weight of type %s in %lld "
                      "groups",
                      qir_packing_get(t->packing)->name, infer_text(q, w), (long long)groups);
}

/* A per-channel packing of [O,1,...] also fits a type without groups; the op must be depthwise. */
static bool check_depthwise(qir_infer *q, const qir_type *w, int64_t groups)
{
    const qir_type *t = given_weight(q);
    return t->kind != QIR_PACKED || !qir_packing_get(t->packing)->per_channel ||
           groups == w->dims[0] ||
           infer_fail(q, "type.packed", "packing %s needs a depthwise convolution, groups is %lld",
                      qir_packing_get(t->packing)->name, (long long)groups);
}

/* The attribute repeats what the weight's logical type says, for readers of packed weights. */
static bool check_kernel(qir_infer *q, const qir_type *w)
{
    const qir_attr *kernel = infer_attr(q, "kernel");
    bool ok = !kernel || kernel->len + 2 == w->rank;
    for (unsigned i = 0; kernel && ok && i < kernel->len; i++)
        ok = kernel->u.ints[i] == w->dims[i + 2];
    return ok || infer_fail(q, "conv.attr", "attribute 'kernel' disagrees with the weight %s",
                            infer_text(q, w));
}

bool infer_conv_dims(qir_infer *q, const qir_type *x, const qir_type *w, infer_dims *dims)
{
    conv_attrs a;
    if (!read_attrs(q, x, w, &a))
        return false;
    if (w->dims[1] != x->dims[1] / a.groups)
        return infer_fail(q, "shape.operand",
                          "weight %s takes %lld channels per group, the input "
                          "has %lld",
                          infer_text(q, w), (long long)w->dims[1],
                          (long long)(x->dims[1] / a.groups));
    if (w->dims[0] % a.groups)
        return infer_fail(q, "conv.attr", "groups %lld does not divide the %lld output channels",
                          (long long)a.groups, (long long)w->dims[0]);
    return check_kernel(q, w) && check_packed(q, w, a.groups) && check_depthwise(q, w, a.groups) &&
           conv_dims(q, x, w, &a, dims);
}

bool qir_infer_conv(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0), *w = infer_type(q, 1);
    infer_dims dims;
    return infer_conv_dims(q, x, w, &dims) && check_weight(q, x, w, 0) &&
           check_bias(q, x, infer_type(q, 2), w->dims[0]) && accum_result(q, &dims, x, w);
}

static bool transpose_dims(qir_infer *q, const qir_type *x, const qir_type *w, const conv_attrs *a,
                           infer_dims *dims)
{
    *dims = (infer_dims){.rank = x->rank, .d = {x->dims[0], w->dims[1] * a->groups}};
    for (unsigned i = 0; i < a->n; i++) {
        int64_t extent = 0, size = 0;
        if (!kernel_extent(q, w, a, i, &extent))
            return false;
        if (!qir_mul_i64(x->dims[i + 2] - 1, a->strides[i], &size) ||
            !qir_add_i64(size, extent, &size) || !qir_add_i64(size, a->output_pads[i], &size))
            return infer_fail(q, "type.size", "result size of spatial axis %u overflows", i);
        size -= a->pads[i] + a->pads[i + a->n];
        if (size < 1)
            return infer_fail(q, "conv.attr", "pads cut off all of spatial axis %u", i);
        dims->d[i + 2] = size;
    }
    return true;
}

bool qir_infer_conv_transpose(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0), *w = infer_type(q, 1);
    conv_attrs a;
    infer_dims dims;
    if (!read_attrs(q, x, w, &a) ||
        !infer_list(q, "output_pads", a.n, 0, "conv.attr", a.output_pads))
        return false;
    if (w->dims[0] != x->dims[1])
        return infer_fail(q, "shape.operand", "weight %s takes %lld channels, the input has %lld",
                          infer_text(q, w), (long long)w->dims[0], (long long)x->dims[1]);
    return transpose_dims(q, x, w, &a, &dims) && check_weight(q, x, w, 1) &&
           check_bias(q, x, infer_type(q, 2), dims.d[1]) && accum_result(q, &dims, x, w);
}

/* --- linear ---------------------------------------------------------------------------------- */

bool infer_linear_dims(qir_infer *q, const qir_type *x, const qir_type *w, infer_dims *dims)
{
    if (x->rank < 1 || w->rank != 2)
        return infer_fail(q, "shape.rank", "input %s and weight %s, expected rank 1 or more and 2",
                          infer_text(q, x), infer_text(q, w));
    if (x->dims[x->rank - 1] != w->dims[1])
        return infer_fail(q, "shape.operand",
                          "weight %s takes %lld inputs, the last dimension of "
                          "the input is %lld",
                          infer_text(q, w), (long long)w->dims[1], (long long)x->dims[x->rank - 1]);
    *dims = infer_dims_of(x);
    dims->d[dims->rank - 1] = w->dims[0];
    return infer_nonempty(q, w, "weight") && check_packed(q, w, 1);
}

bool qir_infer_linear(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0), *w = infer_type(q, 1);
    infer_dims dims;
    return infer_linear_dims(q, x, w, &dims) && check_weight(q, x, w, 0) &&
           check_bias(q, x, infer_type(q, 2), w->dims[0]) && accum_result(q, &dims, x, w);
}
