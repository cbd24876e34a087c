/* Normalizations over the last dimensions, over groups of channels, over chosen axes. */
#include "core/compose.h"
#include "onnx/import.h"

static qir_value *emit1(onnx_call *c, qir_opcode op, qir_value *x)
{
    return fe_emit1(c->fe, op, x, QIR_NO_ATTRS);
}

/* v + constant */
static qir_value *plus(onnx_call *c, qir_value *v, double constant)
{
    return v ? fe_emit2(c->fe, QIR_OP_add, v, fe_scalar(c->fe, v->type->dtype, constant)) : NULL;
}

/* --- over the last dimensions ------------------------------------------------------------------ */
/* First normalized dimension of operand 0. */
static bool first_axis(onnx_call *c, int64_t *axis)
{
    onnx_attr_int(c, "stash_type", 1); /* everything is computed in f32 at least */
    return fe_axis(c->fe, onnx_attr_int(c, "axis", -1), c->in[0]->type->rank, false, axis);
}

/* Results `i` and `i + 1`, where used: mean and inverse deviation. */
static bool set_statistics(onnx_call *c, unsigned i, qir_value *x, int64_t axis, float epsilon)
{
    qir_value *mean, *inverse;
    if (!onnx_out_used(c, i) && !onnx_out_used(c, i + 1))
        return true;
    return fe_layer_norm_statistics(c->fe, x, axis, epsilon, &mean, &inverse) &&
           onnx_set(c, i, mean) && onnx_set(c, i + 1, inverse);
}

bool onnx_layer_norm(onnx_call *c)
{
    int64_t axis;
    float epsilon = onnx_attr_float(c, "epsilon", 1e-5f);
    return first_axis(c, &axis) &&
           onnx_set(c, 0, fe_layer_norm(c->fe, c->in[0], axis, c->in[1], onnx_in(c, 2), epsilon)) &&
           set_statistics(c, 1, c->in[0], axis, epsilon);
}

bool onnx_rms_norm(onnx_call *c)
{
    int64_t axis;
    float epsilon = onnx_attr_float(c, "epsilon", 1e-5f);
    if (onnx_out_used(c, 1))
        return fe_error(c->fe, "attr", "the inverse deviation as a result is not supported");
    return first_axis(c, &axis) &&
           onnx_set(c, 0, fe_rms_norm(c->fe, c->in[0], axis, c->in[1], epsilon));
}

/* com.microsoft: norm of operand + skip + bias; result 3 is that sum. */
static bool skip_norm(onnx_call *c, bool center)
{
    float epsilon = onnx_attr_float(c, "epsilon", 1e-5f);
    qir_value *sum = fe_emit2(c->fe, QIR_OP_add, c->in[0], c->in[1]);
    qir_value *bias = onnx_in(c, center ? 4 : 3);
    if (bias)
        sum = fe_emit2(c->fe, QIR_OP_add, sum, bias);
    if (!sum)
        return false;
    int64_t axis = (int64_t)sum->type->rank - 1;
    qir_value *y = center ? fe_layer_norm(c->fe, sum, axis, c->in[2], onnx_in(c, 3), epsilon)
                          : fe_rms_norm(c->fe, sum, axis, c->in[2], epsilon);
    return onnx_set(c, 0, y) && set_statistics(c, 1, sum, axis, epsilon) && onnx_set(c, 3, sum);
}

bool onnx_skip_layer_norm(onnx_call *c)
{
    return skip_norm(c, true);
}

bool onnx_skip_rms_norm(onnx_call *c)
{
    return skip_norm(c, false);
}

/* --- over channels ----------------------------------------------------------------------------- */
/* Before operator set 21 the parameters are per group. */
static qir_value *per_channel(onnx_call *c, qir_value *v, int64_t groups)
{
    int64_t channels = c->in[0]->type->dims[1], dims[2] = {groups, channels / groups};
    if (c->opset >= 21)
        return v;
    v = fe_expand(c->fe, fe_reshape(c->fe, v, (int64_t[]){groups, 1}, 2), dims, 2);
    return fe_reshape(c->fe, v, &channels, 1);
}

bool onnx_group_norm(onnx_call *c)
{
    int64_t groups = onnx_attr_int(c, "num_groups", 0);
    float epsilon = onnx_attr_float(c, "epsilon", 1e-5f);
    onnx_attr_int(c, "stash_type", 1);
    if (c->in[0]->type->rank < 2 || groups < 1 || c->in[0]->type->dims[1] % groups)
        return fe_error(c->fe, "attr", "num_groups %lld does not divide the channels",
                        (long long)groups);
    qir_value *gamma = per_channel(c, c->in[1], groups), *beta = per_channel(c, c->in[2], groups);
    return gamma && beta &&
           onnx_set(c, 0, fe_group_norm(c->fe, c->in[0], groups, gamma, beta, epsilon));
}

bool onnx_instance_norm(onnx_call *c)
{
    if (c->in[0]->type->rank < 2)
        return fe_error(c->fe, "shape", "operand must have channels");
    return onnx_set(c, 0, fe_group_norm(c->fe, c->in[0], c->in[0]->type->dims[1], c->in[1], c->in[2],
                                        onnx_attr_float(c, "epsilon", 1e-5f)));
}

/* --- over chosen axes -------------------------------------------------------------------------- */
static qir_value *reduced(onnx_call *c, qir_opcode op, qir_value *x, const int64_t *axes, size_t n)
{
    return fe_emit1(c->fe, op, x, QIR_ATTRS({"axes", qir_attr_ints(c->fe->ctx, axes, n)}));
}

/* x / norm; 0 where that is 0. */
bool onnx_lp_norm(onnx_call *c)
{
    int64_t axis, p = onnx_attr_int(c, "p", 2);
    qir_value *x = c->in[0];
    if (!fe_axis(c->fe, onnx_attr_int(c, "axis", -1), x->type->rank, false, &axis))
        return false;
    if (p != 1 && p != 2)
        return fe_error(c->fe, "attr", "p = %lld, expected 1 or 2", (long long)p);
    qir_value *size = p == 1 ? emit1(c, QIR_OP_abs, x) : fe_emit2(c->fe, QIR_OP_mul, x, x);
    qir_value *norm = reduced(c, QIR_OP_reduce_sum, size, &axis, 1);
    if (p == 2)
        norm = emit1(c, QIR_OP_sqrt, norm);
    qir_value *zero = fe_scalar(c->fe, x->type->dtype, 0), *one = fe_scalar(c->fe, x->type->dtype, 1);
    qir_value *is_zero = fe_emit2(c->fe, QIR_OP_equal, norm, zero);
    if (!is_zero || !one)
        return false;
    norm = fe_emit(c->fe, QIR_OP_where, QIR_OPERANDS(is_zero, one, norm), QIR_NO_ATTRS, NULL);
    return onnx_set(c, 0, fe_emit2(c->fe, QIR_OP_div, x, norm));
}

/* (x - E x) / (sqrt(E x^2 - (E x)^2) + 1e-9), as the operator's definition spells it. */
bool onnx_mean_variance_norm(onnx_call *c)
{
    static const int64_t standard[] = {0, 2, 3};
    int64_t axes[QIR_MAX_RANK];
    size_t n;
    qir_value *x = c->in[0];
    const int64_t *given = onnx_attr_ints(c, "axes", &n);
    if (!given) {
        given = standard;
        n = 3;
    }
    if (n > x->type->rank)
        return fe_error(c->fe, "attr", "%zu axes for rank %u", n, x->type->rank);
    for (size_t i = 0; i < n; i++)
        if (!fe_axis(c->fe, given[i], x->type->rank, false, &axes[i]))
            return false;
    qir_value *mean = reduced(c, QIR_OP_reduce_mean, x, axes, n);
    qir_value *squares = reduced(c, QIR_OP_reduce_mean, fe_emit2(c->fe, QIR_OP_mul, x, x), axes, n);
    qir_value *variance = fe_emit2(c->fe, QIR_OP_sub, squares, fe_emit2(c->fe, QIR_OP_mul, mean, mean));
    qir_value *deviation = plus(c, emit1(c, QIR_OP_sqrt, variance), 1e-9);
    return onnx_set(c, 0, fe_emit2(c->fe, QIR_OP_div, fe_emit2(c->fe, QIR_OP_sub, x, mean), deviation));
}
