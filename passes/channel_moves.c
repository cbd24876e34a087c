/* How ops that move, select or reduce data carry factors of channels (rules of channel_rules.c). */
#include <string.h>
#include "channel_rules.h"
#include "qir/eval.h"

static qir_span at_axis(qir_span s, int axis)
{
    s.axis = s.axis < 0 ? -1 : axis;
    return s;
}

qir_span qir_channels_transpose(qir_channels *c, const qir_op *op)
{
    size_t n;
    const int64_t *perm = qir_op_ints(op, "perm", &n);
    qir_span s = qir_channels_span(c, qir_op_operand(op, 0));
    for (size_t i = 0; i < n && s.axis >= 0; i++)
        if (perm[i] == s.axis)
            return at_axis(s, (int)i);
    return qir_span_one;
}

static int64_t product(const int64_t *dims, unsigned from, unsigned to)
{
    int64_t n = 1;
    for (unsigned i = from; i < to; i++)
        n *= dims[i];
    return n;
}

/* The last axis of the result before which stand as many indices as before the channels; each of its
 * indices holds a part of a channel, or several. */
qir_span qir_channels_reshape(qir_channels *c, const qir_op *op)
{
    const qir_type *x = qir_op_operand(op, 0)->type, *y = op->results[0].type;
    qir_span s = qir_channels_span(c, qir_op_operand(op, 0));
    if (s.axis < 0)
        return qir_span_one;
    int64_t outer = product(x->dims, 0, (unsigned)s.axis);
    int64_t inner = product(x->dims, (unsigned)s.axis + 1, x->rank);
    int axis = (int)y->rank - 1;
    while (axis >= 0 && product(y->dims, 0, (unsigned)axis) != outer)
        axis--;
    if (axis < 0)
        return qir_channels_pin_all(c, op);
    int64_t part = product(y->dims, (unsigned)axis + 1, y->rank);
    if (part == inner)
        return at_axis(s, axis);
    qir_span r = qir_channels_new(c, axis, y->dims[axis]);
    for (int64_t j = 0; j < r.n; j++)
        for (int64_t k = j * part / inner; k <= ((j + 1) * part - 1) / inner; k++)
            qir_channels_unite(c, r.base + (uint32_t)j, s.base + (uint32_t)k);
    return r;
}

qir_span qir_channels_slice(qir_channels *c, const qir_op *op)
{
    size_t n;
    qir_span s = qir_channels_span(c, qir_op_operand(op, 0));
    if (s.axis < 0)
        return qir_span_one;
    int64_t start = qir_op_ints(op, "starts", &n)[s.axis];
    const int64_t *steps = qir_op_ints(op, "steps", &n);
    int64_t step = steps[n == 1 ? 0 : s.axis];
    qir_span r = qir_channels_new(c, s.axis, op->results[0].type->dims[s.axis]);
    for (int64_t i = 0; i < r.n; i++)
        qir_channels_unite(c, r.base + (uint32_t)i, s.base + (uint32_t)(start + i * step));
    return r;
}

/* Channels that the padding adds hold 0, which has any factor. */
qir_span qir_channels_pad(qir_channels *c, const qir_op *op)
{
    size_t n;
    const char *mode = qir_op_string(op, "mode");
    qir_span s = qir_channels_span(c, qir_op_operand(op, 0));
    if (s.axis < 0 || (!strcmp(mode, "constant") && qir_op_float(op, "value") != 0.0f))
        return qir_channels_pin_all(c, op);
    int64_t before = qir_op_ints(op, "pads", &n)[s.axis];
    qir_span r = qir_channels_new(c, s.axis, op->results[0].type->dims[s.axis]);
    for (int64_t i = 0; i < r.n; i++) {
        int64_t from = qir_pad_source(i - before, s.n, mode);
        if (from >= 0)
            qir_channels_unite(c, r.base + (uint32_t)i, s.base + (uint32_t)from);
    }
    return r;
}

static qir_span concat_channels(qir_channels *c, const qir_op *op, int axis)
{
    qir_span r = qir_channels_new(c, axis, op->results[0].type->dims[axis]);
    int64_t at = 0;
    for (uint32_t k = 0; k < op->noperands; k++) {
        const qir_value *x = qir_op_operand(op, k);
        qir_span s = qir_channels_span(c, x);
        for (int64_t i = 0; i < x->type->dims[axis]; i++, at++)
            qir_channels_unite(c, r.base + (uint32_t)at,
                               s.axis < 0 ? QIR_CHANNEL_ONE : s.base + (uint32_t)i);
    }
    return r;
}

qir_span qir_channels_concat(qir_channels *c, const qir_op *op)
{
    int axis = -1;
    for (uint32_t k = 0; k < op->noperands; k++) {
        int own = qir_channels_span(c, qir_op_operand(op, k)).axis;
        if (own >= 0 && axis >= 0 && own != axis)
            return qir_channels_pin_all(c, op);
        axis = own >= 0 ? own : axis;
    }
    if (axis < 0)
        return qir_span_one;
    if (axis == qir_op_int(op, "axis"))
        return concat_channels(c, op, axis);
    qir_span first = qir_channels_span(c, qir_op_operand(op, 0));
    for (uint32_t k = 1; k < op->noperands; k++) {
        qir_span s = qir_channels_span(c, qir_op_operand(op, k));
        if (s.axis != first.axis)
            return qir_channels_pin_all(c, op);
        qir_channels_unite_spans(c, first, s);
    }
    return first;
}

qir_span qir_channels_reduce(qir_channels *c, const qir_op *op)
{
    size_t n;
    const int64_t *axes = qir_op_ints(op, "axes", &n);
    qir_span s = qir_channels_span(c, qir_op_operand(op, 0));
    int before = 0;
    for (size_t i = 0; i < n; i++) {
        if (axes[i] == s.axis)
            return qir_channels_pin_all(c, op);
        before += axes[i] < s.axis;
    }
    return at_axis(s, qir_op_bool(op, "keepdims") ? s.axis : s.axis - before);
}

qir_span qir_channels_spatial(qir_channels *c, const qir_op *op)
{
    const qir_type *x = qir_op_operand(op, 0)->type, *y = op->results[0].type;
    qir_span s = qir_channels_span(c, qir_op_operand(op, 0));
    bool same = s.axis < 0 || x->dims[s.axis] == y->dims[s.axis];
    return same && qir_op_float(op, "extrapolation") == 0.0f ? s : qir_channels_pin_all(c, op);
}

qir_span qir_channels_expand(qir_channels *c, const qir_op *op)
{
    const qir_type *x = qir_op_operand(op, 0)->type, *y = op->results[0].type;
    qir_span s = qir_channels_span(c, qir_op_operand(op, 0));
    int axis = s.axis + (int)(y->rank - x->rank);
    bool same = s.axis < 0 || y->dims[axis] == s.n;
    return same ? at_axis(s, axis) : qir_channels_pin_all(c, op);
}

/* Slices along another axis, which becomes those of the indices. */
qir_span qir_channels_gather(qir_channels *c, const qir_op *op)
{
    int64_t axis = qir_op_int(op, "axis");
    qir_span s = qir_channels_span(c, qir_op_operand(op, 0));
    if (s.axis == axis)
        return qir_channels_pin_all(c, op);
    return at_axis(s, s.axis < axis ? s.axis : s.axis + (int)qir_op_operand(op, 1)->type->rank - 1);
}
