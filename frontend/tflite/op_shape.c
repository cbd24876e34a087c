/* Operators that move or repeat elements without looking at them. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "tflite/import.h"

/* RESHAPE, SQUEEZE, EXPAND_DIMS: the result's tensor has the shape, for which operand and options
 * are another way of saying it. */
bool tfl_reshape(tfl_call *c)
{
    const tfl_tensor *out = tfl_out_tensor(c, 0);
    const qir_type *t = c->in[0]->type, *to = fe_tensor_type(c->fe, QIR_i8, out->dims, out->rank);
    if (!to)
        return false;
    if (qir_type_elements(t) != qir_type_elements(to))
        return fe_error(c->fe, "shape", "%" PRId64 " elements become %" PRId64,
                        qir_type_elements(t), qir_type_elements(to));
    return tfl_set(c, 0, fe_reshape(c->fe, c->in[0], out->dims, out->rank));
}

bool tfl_transpose(tfl_call *c)
{
    unsigned rank = c->in[0]->type->rank;
    const int64_t *given = tfl_ints(c, 1, rank);
    int64_t perm[QIR_MAX_RANK];
    unsigned seen = 0;
    for (unsigned i = 0; given && i < rank; i++) {
        if (!fe_axis(c->fe, given[i], rank, false, &perm[i]))
            return false;
        seen |= 1u << perm[i];
    }
    if (!given || seen != (1u << rank) - 1)
        return !c->fe->failed && fe_error(c->fe, "shape", "its operand is no permutation");
    return tfl_set(c, 0,
                   fe_is_weight(c->in[0]) ? fe_transpose_weight(c->fe, c->in[0], perm)
                                          : fe_transpose(c->fe, c->in[0], perm));
}

/* --- joining ---------------------------------------------------------------------------------- */

static qir_value *concat(tfl_call *c, qir_value *const *parts, unsigned n, int64_t axis)
{
    if (n == 1)
        return parts[0];
    return fe_emit(c->fe, QIR_OP_concat, parts, n,
                   QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)}), NULL);
}

bool tfl_concatenation(tfl_call *c)
{
    int64_t axis;
    return fe_axis(c->fe, tfl_int(c, "axis"), c->in[0]->type->rank, false, &axis) &&
           tfl_set(c, 0, concat(c, c->in, c->nin, axis));
}

/* With a dimension of size 1 put in at `axis`. */
static qir_value *with_axis(tfl_call *c, qir_value *x, int64_t axis)
{
    int64_t dims[QIR_MAX_RANK + 1];
    unsigned rank = x->type->rank;
    for (unsigned i = 0; i <= rank; i++)
        dims[i] = i == axis ? 1 : x->type->dims[i < axis ? i : i - 1];
    return fe_reshape(c->fe, x, dims, rank + 1);
}

bool tfl_pack(tfl_call *c)
{
    int64_t axis;
    if (!fe_axis(c->fe, tfl_int(c, "axis"), c->in[0]->type->rank + 1, false, &axis))
        return false;
    for (unsigned i = 0; i < c->nin; i++)
        if (!c->in[i] || !(c->in[i] = with_axis(c, c->in[i], axis)))
            return !c->fe->failed && fe_error(c->fe, "index", "operand %u must not be omitted", i);
    return tfl_set(c, 0, concat(c, c->in, c->nin, axis));
}

/* --- repeating -------------------------------------------------------------------------------- */

bool tfl_broadcast_to(tfl_call *c)
{
    const tfl_tensor *out = tfl_out_tensor(c, 0);
    return tfl_set(c, 0, fe_expand(c->fe, c->in[0], out->dims, out->rank));
}

/* [d] repeated n times is [1, d] broadcast to [n, d] and flattened, in every dimension. */
bool tfl_tile(tfl_call *c)
{
    const qir_type *t = c->in[0]->type;
    const int64_t *times = tfl_ints(c, 1, t->rank);
    qir_value *x = c->in[0];
    for (unsigned i = 0; times && x && i < t->rank; i++) {
        int64_t dims[QIR_MAX_RANK + 1];
        if (times[i] < 1)
            return fe_error(c->fe, "shape", "dimension %u is to be repeated %" PRId64 " times", i,
                            times[i]);
        if (times[i] == 1)
            continue;
        qir_value *y = with_axis(c, x, i);
        if (!y)
            return false;
        memcpy(dims, y->type->dims, (t->rank + 1) * sizeof *dims);
        dims[i] = times[i];
        y = fe_expand(c->fe, y, dims, t->rank + 1);
        memcpy(dims, x->type->dims, t->rank * sizeof *dims);
        dims[i] *= times[i];
        x = fe_reshape(c->fe, y, dims, t->rank);
    }
    return times && tfl_set(c, 0, x);
}

bool tfl_fill(tfl_call *c)
{
    const tfl_tensor *out = tfl_out_tensor(c, 0);
    return tfl_set(c, 0, fe_expand(c->fe, c->in[1], out->dims, out->rank));
}

bool tfl_shape(tfl_call *c)
{
    int64_t n = c->in[0]->type->rank;
    return tfl_set(c, 0, fe_const(c->fe, QIR_i64, &n, 1, c->in[0]->type->dims));
}

bool tfl_rank(tfl_call *c)
{
    int64_t n = c->in[0]->type->rank;
    return tfl_set(c, 0, fe_const(c->fe, QIR_i64, NULL, 0, &n));
}

/* --- borders ---------------------------------------------------------------------------------- */

/* `paddings` [rank, 2]: before and after each dimension. */
static bool pad(tfl_call *c, const char *mode, float value)
{
    qir_context *ctx = c->fe->ctx;
    unsigned rank = c->in[0]->type->rank;
    const int64_t *paddings = tfl_ints(c, 1, 2 * (size_t)rank);
    int64_t pads[2 * QIR_MAX_RANK];
    for (unsigned i = 0; paddings && i < 2 * rank; i++) {
        pads[i / 2 + (i % 2 ? rank : 0)] = paddings[i];
        if (paddings[i] < 0 || paddings[i] > QIR_MAX_ELEMENTS)
            return fe_error(c->fe, "shape", "padding of %" PRId64, paddings[i]);
    }
    if (!paddings)
        return false;
    return tfl_set(c, 0, fe_emit1(c->fe, QIR_OP_pad, c->in[0],
                                  QIR_ATTRS({"pads", qir_attr_ints(ctx, pads, 2 * rank)},
                                            {"mode", qir_attr_string(ctx, mode, strlen(mode))},
                                            {"value", qir_attr_float(ctx, value)})));
}

/* The value is a quantized constant where the tensors are. */
static bool pad_value(tfl_call *c, float *out)
{
    qir_value *v = tfl_in(c, 2);
    *out = 0.0f;
    if (!v)
        return true;
    const qir_op *op = qir_value_op(v);
    const qir_quant *q = op ? op->operands[0].value->type->quant : NULL;
    if (op && !(op->opcode == QIR_OP_dequantize && fe_is_weight(v)))
        return fe_error(c->fe, "const", "the value must be a constant");
    if (!fe_const_float(c->fe, op ? op->operands[0].value : v, out))
        return false;
    if (q)
        *out = (*out - (float)q->zero_point[0]) * q->scale[0];
    return true;
}

bool tfl_pad(tfl_call *c)
{
    float value;
    return pad_value(c, &value) && pad(c, "constant", value);
}

bool tfl_mirror_pad(tfl_call *c)
{
    enum { REFLECT };
    return tfl_int(c, "mode") == REFLECT
               ? pad(c, "reflect", 0.0f)
               : fe_error(c->fe, "options", "symmetric mirror padding is not supported");
}

/* --- space and depth -------------------------------------------------------------------------- */

/* Splits or joins blocks of the spatial axes: [N, H, b, W, b, C] with the inner b beside C. */
static bool regroup(tfl_call *c, const int64_t *split, const int64_t *joined)
{
    static const int64_t swap[] = {0, 1, 3, 2, 4, 5};
    qir_value *x = fe_reshape(c->fe, c->in[0], split, 6);
    return tfl_set(c, 0, fe_reshape(c->fe, fe_transpose(c->fe, x, swap), joined, 4));
}

static bool block_size(tfl_call *c, int64_t *block)
{
    *block = tfl_int(c, "block_size");
    return (c->in[0]->type->rank == 4 && *block >= 1 && *block <= 1 << 15) ||
           fe_error(c->fe, "conv.attr", "block size %" PRId64 " for rank %u", *block,
                    c->in[0]->type->rank);
}

bool tfl_space_to_depth(tfl_call *c)
{
    int64_t b;
    const int64_t *d = c->in[0]->type->dims;
    if (!block_size(c, &b))
        return false;
    if (d[1] % b || d[2] % b)
        return fe_error(c->fe, "shape", "blocks of %" PRId64 " do not divide the image", b);
    return regroup(c, (int64_t[]){d[0], d[1] / b, b, d[2] / b, b, d[3]},
                   (int64_t[]){d[0], d[1] / b, d[2] / b, b * b * d[3]});
}

bool tfl_depth_to_space(tfl_call *c)
{
    int64_t b;
    const int64_t *d = c->in[0]->type->dims;
    if (!block_size(c, &b))
        return false;
    if (d[3] % (b * b))
        return fe_error(c->fe, "shape", "blocks of %" PRId64 " do not divide the channels", b);
    return regroup(c, (int64_t[]){d[0], d[1], d[2], b, b, d[3] / (b * b)},
                   (int64_t[]){d[0], d[1] * b, d[2] * b, d[3] / (b * b)});
}
