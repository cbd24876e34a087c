/* Operators that work element by element or along the last dimension. */
#include <math.h>
#include <string.h>

#include "tflite/import.h"

bool tfl_unary(tfl_call *c)
{
    return tfl_set(c, 0, fe_emit1(c->fe, c->row->opcode, c->in[0], QIR_NO_ATTRS));
}

bool tfl_binary(tfl_call *c)
{
    return tfl_set(c, 0, fe_emit2(c->fe, c->row->opcode, c->in[0], c->in[1]));
}

/* QUANTIZE, DEQUANTIZE and CAST: the types of the tensors say it all. */
bool tfl_convert(tfl_call *c)
{
    qir_value *x = c->in[0];
    qir_dtype to = tfl_out_tensor(c, 0)->quant.n ? QIR_f32 : tfl_out_tensor(c, 0)->dtype;
    const char *name = qir_dtype_name(to);
    qir_named_attr *attrs = QIR_ATTRS({"to", qir_attr_string(c->fe->ctx, name, strlen(name))});
    if (x->type->dtype != to)
        x = fe_emit_folded(c->fe, QIR_OP_cast, &x, 1, attrs, NULL);
    return tfl_set(c, 0, x);
}

bool tfl_sum_all(tfl_call *c)
{
    qir_value *sum = c->in[0];
    for (unsigned i = 1; i < c->nin; i++)
        sum = fe_emit2(c->fe, QIR_OP_add, sum, c->in[i]);
    return tfl_set(c, 0, sum);
}

bool tfl_squared_difference(tfl_call *c)
{
    qir_value *d = fe_emit2(c->fe, QIR_OP_sub, c->in[0], c->in[1]);
    return tfl_set(c, 0, fe_emit2(c->fe, QIR_OP_mul, d, d));
}

bool tfl_square(tfl_call *c)
{
    return tfl_set(c, 0, fe_emit2(c->fe, QIR_OP_mul, c->in[0], c->in[0]));
}

bool tfl_rsqrt(tfl_call *c)
{
    qir_value *root = fe_emit1(c->fe, QIR_OP_sqrt, c->in[0], QIR_NO_ATTRS);
    return tfl_set(c, 0, fe_emit1(c->fe, QIR_OP_reciprocal, root, QIR_NO_ATTRS));
}

/* --- rectifiers ------------------------------------------------------------------------------- */

bool tfl_relu(tfl_call *c)
{
    return tfl_set(c, 0, tfl_clamp(c, c->in[0], 0.0f, INFINITY));
}

bool tfl_relu6(tfl_call *c)
{
    return tfl_set(c, 0, tfl_clamp(c, c->in[0], 0.0f, 6.0f));
}

bool tfl_relu_n1_to_1(tfl_call *c)
{
    return tfl_set(c, 0, tfl_clamp(c, c->in[0], -1.0f, 1.0f));
}

bool tfl_relu_0_to_1(tfl_call *c)
{
    return tfl_set(c, 0, tfl_clamp(c, c->in[0], 0.0f, 1.0f));
}

bool tfl_leaky_relu(tfl_call *c)
{
    qir_named_attr *attrs =
        QIR_ATTRS({"alpha", qir_attr_float(c->fe->ctx, tfl_float(c, "alpha"))});
    return tfl_set(c, 0, fe_emit1(c->fe, QIR_OP_leaky_relu, c->in[0], attrs));
}

/* --- along the last dimension ----------------------------------------------------------------- */

static bool last_axis(tfl_call *c, int64_t *axis)
{
    return fe_axis(c->fe, -1, c->in[0]->type->rank, false, axis);
}

static bool along_last(tfl_call *c, qir_value *x)
{
    int64_t axis;
    return last_axis(c, &axis) &&
           tfl_set(c, 0, fe_emit1(c->fe, c->row->opcode, x,
                                  QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)})));
}

/* softmax(beta * x). */
bool tfl_softmax(tfl_call *c)
{
    float beta = tfl_float(c, "beta");
    qir_value *x = c->in[0];
    if (beta != 1.0f)
        x = fe_emit2(c->fe, QIR_OP_mul, x, fe_scalar(c->fe, x->type->dtype, (double)beta));
    return along_last(c, x);
}

bool tfl_log_softmax(tfl_call *c)
{
    return along_last(c, c->in[0]);
}

/* x / sqrt(max(sum of squares, 1e-6)). */
bool tfl_l2_norm(tfl_call *c)
{
    int64_t axis;
    qir_value *x = c->in[0], *squares = fe_emit2(c->fe, QIR_OP_mul, x, x);
    if (!last_axis(c, &axis))
        return false;
    qir_named_attr *attrs = QIR_ATTRS({"axes", qir_attr_ints(c->fe->ctx, &axis, 1)});
    qir_value *sum = fe_emit1(c->fe, QIR_OP_reduce_sum, squares, attrs);
    qir_value *norm =
        fe_emit1(c->fe, QIR_OP_sqrt, tfl_clamp(c, sum, 1e-6f, INFINITY), QIR_NO_ATTRS);
    return tfl_set(c, 0, fe_emit2(c->fe, QIR_OP_div, x, norm));
}
