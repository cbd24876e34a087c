/* Operators that count positions or choose by them, losses over classes, Einsum. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/compose.h"
#include "onnx/import.h"

/* --- by position ---------------------------------------------------------------------------------- */

bool onnx_trilu(onnx_call *c)
{
    int64_t k = 0;
    bool upper = onnx_attr_int(c, "upper", 1);
    if (onnx_in(c, 1) && !fe_const_int(c->fe, c->in[1], &k))
        return false;
    return onnx_set(c, 0, fe_triangle(c->fe, c->in[0], upper, k));
}

bool onnx_one_hot(onnx_call *c)
{
    int64_t axis;
    float depth; /* of any type in the model */
    qir_value *values = c->in[2];
    if (!fe_const_float(c->fe, c->in[1], &depth) ||
        !fe_axis(c->fe, onnx_attr_int(c, "axis", -1), c->in[0]->type->rank + 1, false, &axis))
        return false;
    if (!(depth >= 1) || depth > 0x1p24f || values->type->rank != 1 || values->type->dims[0] != 2)
        return fe_error(c->fe, "shape", "expected a depth above 0 and two values");
    return onnx_set(c, 0, fe_one_hot(c->fe, c->in[0], (int64_t)depth, (unsigned)axis,
                                     fe_take(c->fe, values, 0, 1), fe_take(c->fe, values, 0, 0)));
}

/* 1 where the largest element of the axis is first met.  Before operator set 13 all dimensions from
 * `axis` on are one. */
bool onnx_hardmax(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    bool coerce = c->opset < 13;
    int64_t axis, dims[2] = {1, 1};
    if (!fe_axis(c->fe, onnx_attr_int(c, "axis", coerce ? 1 : -1), t->rank, false, &axis))
        return false;
    qir_value *x = c->in[0];
    if (coerce) {
        for (unsigned i = 0; i < t->rank; i++)
            dims[i >= axis] *= t->dims[i];
        x = fe_reshape(c->fe, x, dims, 2);
        axis = 1;
    }
    qir_value *first = fe_emit1(c->fe, QIR_OP_arg_max, x,
                                QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)},
                                          {"keepdims", qir_attr_bool(c->fe->ctx, true)}));
    if (!first)
        return false;
    qir_value *counts = fe_iota(c->fe, 0, 1, x->type->dims[axis], (unsigned)axis, x->type->rank);
    qir_value *y = fe_cast(c->fe, fe_emit2(c->fe, QIR_OP_equal, counts, first), t->dtype);
    return onnx_set(c, 0, fe_reshape(c->fe, y, t->dims, t->rank));
}

bool onnx_eye_like(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    int64_t k = onnx_attr_int(c, "k", 0), type = onnx_attr_int(c, "dtype", 0);
    qir_dtype dtype = t->dtype;
    if (type && !qir_tensorproto_dtype(type, &dtype))
        return fe_error(c->fe, "type", "dtype %s is not supported", qir_tensorproto_type_name(type));
    if (t->rank != 2)
        return fe_error(c->fe, "shape", "rank %u, expected 2", t->rank);
    size_t n = (size_t)(t->dims[0] * t->dims[1]);
    unsigned char *on = QIR_NEW_ARRAY(c->fe->scratch, unsigned char, n + 1);
    for (size_t i = 0; i < n; i++)
        on[i] = (int64_t)i % t->dims[1] - (int64_t)i / t->dims[1] == k;
    return onnx_set(c, 0, fe_cast(c->fe, fe_const(c->fe, QIR_i1, t->dims, 2, on), dtype));
}

/* start, start + delta, ... below (above) limit; all constants. */
bool onnx_range(onnx_call *c)
{
    qir_dtype t = c->in[0]->type->dtype;
    int64_t whole[3] = {0};
    float real[3];
    for (unsigned i = 0; i < 3; i++)
        if (qir_dtype_is_float(t) ? !fe_const_float(c->fe, c->in[i], &real[i])
                                  : !fe_const_int(c->fe, c->in[i], &whole[i]))
            return false;
    for (unsigned i = 0; i < 3 && !qir_dtype_is_float(t); i++)
        real[i] = (float)whole[i];
    double count = qir_dtype_is_float(t)
                       ? ceil(((double)real[1] - (double)real[0]) / (double)real[2])
                       : whole[2] ? ceil(((double)whole[1] - (double)whole[0]) / (double)whole[2]) : NAN;
    if (!(count < (double)INT32_MAX))
        return fe_error(c->fe, "shape", "a range of this many elements is not supported");
    int64_t n = count > 0 ? (int64_t)count : 0;
    if (!qir_dtype_is_float(t))
        return onnx_set(c, 0, fe_cast(c->fe, fe_iota(c->fe, whole[0], whole[2], n, 0, 1), t));
    qir_value *steps = fe_cast(c->fe, fe_iota(c->fe, 0, 1, n, 0, 1), t);
    return onnx_set(c, 0, fe_emit2(c->fe, QIR_OP_add, c->in[0],
                                   fe_emit2(c->fe, QIR_OP_mul, steps, c->in[2])));
}

/* The first lengths[b] entries of the time axis backwards, the others as they are. */
bool onnx_reverse_sequence(onnx_call *c)
{
    fe_builder *fe = c->fe;
    const qir_type *t = c->in[0]->type;
    int64_t batch = onnx_attr_int(c, "batch_axis", 1), time = onnx_attr_int(c, "time_axis", 0);
    int64_t dims[QIR_MAX_RANK];
    if (t->rank < 2 || batch + time != 1 || batch * time != 0)
        return fe_error(fe, "attr", "batch_axis and time_axis must be 0 and 1");
    for (unsigned i = 0; i < t->rank; i++)
        dims[i] = i == batch ? t->dims[i] : 1;
    qir_value *length = fe_reshape(fe, c->in[1], dims, t->rank);
    qir_value *at = fe_iota(fe, 0, 1, t->dims[time], (unsigned)time, t->rank);
    qir_value *back = fe_emit2(fe, QIR_OP_sub, fe_emit2(fe, QIR_OP_sub, length, at),
                               fe_scalar(fe, QIR_i64, 1));
    back = fe_where(fe, fe_emit2(fe, QIR_OP_less, at, length), back, at);
    return onnx_set(c, 0, fe_gather(fe, c->in[0], fe_expand(fe, back, t->dims, t->rank),
                                    (unsigned)time, true));
}

/* --- losses --------------------------------------------------------------------------------------- */

static bool nll(onnx_call *c, qir_value *x)
{
    const char *how = onnx_attr_string(c, "reduction", "mean");
    fe_nll l = {.x = x, .target = c->in[1], .weight = onnx_in(c, 2), .reduction = FE_LOSS_MEAN};
    const onnx_attr *ignored = onnx_attr_find(c, "ignore_index", ONNX_ATTR_INT);
    l.ignores = ignored != NULL;
    l.ignored = ignored ? ignored->i : 0;
    if (strcmp(how, "mean") != 0)
        l.reduction = strcmp(how, "sum") ? FE_LOSS_NONE : FE_LOSS_SUM;
    if (!x || x->type->rank != c->in[1]->type->rank + 1 || x->type->rank < 2)
        return x && fe_error(c->fe, "shape", "the target needs one dimension less than the scores");
    return onnx_set(c, 0, fe_nll_loss(c->fe, &l));
}

bool onnx_nll_loss(onnx_call *c)
{
    return nll(c, c->in[0]);
}

bool onnx_softmax_cross_entropy(onnx_call *c)
{
    qir_value *x = fe_emit1(c->fe, QIR_OP_log_softmax, c->in[0],
                            QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, 1)}));
    if (onnx_out_used(c, 1) && !onnx_set(c, 1, x))
        return false;
    return nll(c, x);
}

bool onnx_einsum(onnx_call *c)
{
    const char *equation = onnx_attr_string(c, "equation", "");
    return equation && onnx_set(c, 0, fe_einsum(c->fe, equation, c->in, c->nin));
}
