/* Elementwise operators of one tensor. */
#include <math.h>
#include <string.h>

#include "core/compose.h"
#include "pt2/import.h"

/* Shorthands: numbers take the type of `x`. */
static qir_value *number(pt2_call *c, const qir_value *x, double v)
{
    return x ? fe_scalar(c->fe, x->type->dtype, v) : NULL;
}

static qir_value *times(pt2_call *c, qir_value *x, double v)
{
    return v == 1 ? x : fe_emit2(c->fe, QIR_OP_mul, x, number(c, x, v));
}

static qir_value *apply(pt2_call *c, qir_opcode opcode, qir_value *x)
{
    return fe_emit1(c->fe, opcode, x, QIR_NO_ATTRS);
}

static qir_value *floats(pt2_call *c)
{
    return pt2_floats(c, pt2_self(c));
}

/* What has no integer form computes in f32. */
bool pt2_op_unary(pt2_call *c)
{
    const qir_op_desc *desc = qir_op_desc_get(c->row->opcode);
    qir_value *x = pt2_self(c);
    if (!(desc->operands[0].kinds & QIR_KIND_INT))
        x = pt2_floats(c, x);
    return pt2_set(c, 0, apply(c, c->row->opcode, x));
}

/* Integers are whole already. */
bool pt2_op_rounding(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    bool whole = x && !qir_dtype_is_float(x->type->dtype);
    return pt2_set(c, 0, whole ? x : apply(c, c->row->opcode, x));
}

/* sign(x) * floor(|x|) */
bool pt2_op_trunc(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    if (x && !qir_dtype_is_float(x->type->dtype))
        return pt2_set(c, 0, x);
    qir_value *whole = apply(c, QIR_OP_floor, apply(c, QIR_OP_abs, x));
    return pt2_set(c, 0, fe_emit2(c->fe, QIR_OP_mul, apply(c, QIR_OP_sign, x), whole));
}

bool pt2_op_not(pt2_call *c)
{
    return pt2_set(c, 0, apply(c, QIR_OP_not, pt2_self(c)));
}

bool pt2_op_logical_not(pt2_call *c)
{
    return pt2_set(c, 0, apply(c, QIR_OP_not, fe_cast(c->fe, pt2_self(c), QIR_i1)));
}

bool pt2_op_isinf(pt2_call *c)
{
    return pt2_set(c, 0, fe_is_inf(c->fe, floats(c), true, true));
}

#define COMPOSED(name, composed)                                                                   \
    bool pt2_op_##name(pt2_call *c)                                                                \
    {                                                                                              \
        return pt2_set(c, 0, fe_##composed(c->fe, floats(c)));                                     \
    }
COMPOSED(acos, acos)
COMPOSED(acosh, acosh)
COMPOSED(asin, asin)
COMPOSED(asinh, asinh)
COMPOSED(atanh, atanh)
COMPOSED(cosh, cosh)
COMPOSED(expm1, expm1)
COMPOSED(isnan, is_nan)
COMPOSED(log1p, log1p)
COMPOSED(sinh, sinh)
COMPOSED(tan, tan)

bool pt2_op_square(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    return pt2_set(c, 0, fe_emit2(c->fe, QIR_OP_mul, x, x));
}

bool pt2_op_rsqrt(pt2_call *c)
{
    return pt2_set(c, 0, apply(c, QIR_OP_reciprocal, apply(c, QIR_OP_sqrt, floats(c))));
}

bool pt2_op_exp2(pt2_call *c)
{
    return pt2_set(c, 0, apply(c, QIR_OP_exp, times(c, floats(c), M_LN2)));
}

bool pt2_op_log2(pt2_call *c)
{
    return pt2_set(c, 0, times(c, apply(c, QIR_OP_log, floats(c)), 1 / M_LN2));
}

bool pt2_op_log10(pt2_call *c)
{
    return pt2_set(c, 0, times(c, apply(c, QIR_OP_log, floats(c)), M_LOG10E));
}

/* --- activations ----------------------------------------------------------------------------------- */
static const qir_attr *real(pt2_call *c, double v)
{
    return qir_attr_float(c->fe->ctx, (float)v);
}

bool pt2_op_gelu(pt2_call *c)
{
    const char *how = pt2_string(c, "approximate");
    return pt2_set(c, 0, fe_emit1(c->fe, QIR_OP_gelu, pt2_self(c),
                                  QIR_ATTRS({"approximate",
                                             qir_attr_string(c->fe->ctx, how, strlen(how))})));
}

bool pt2_op_hardsigmoid(pt2_call *c)
{
    return pt2_set(c, 0, fe_emit1(c->fe, QIR_OP_hard_sigmoid, pt2_self(c),
                                  QIR_ATTRS({"alpha", real(c, 1.0 / 6)}, {"beta", real(c, 0.5)})));
}

bool pt2_op_leaky_relu(pt2_call *c)
{
    return pt2_set(c, 0, fe_emit1(c->fe, QIR_OP_leaky_relu, pt2_self(c),
                                  QIR_ATTRS({"alpha", real(c, pt2_float(c, "negative_slope"))})));
}

/* max(x, 0) + alpha * (exp(min(x, 0) * slope) - 1) */
static qir_value *elu(pt2_call *c, qir_value *x, double alpha, double slope)
{
    fe_builder *fe = c->fe;
    if (slope == 1)
        return fe_emit1(fe, QIR_OP_elu, x, QIR_ATTRS({"alpha", real(c, alpha)}));
    qir_value *below = fe_emit1(fe, QIR_OP_clamp, x, QIR_ATTRS({"max", real(c, 0)}));
    qir_value *curve = fe_emit1(fe, QIR_OP_elu, times(c, below, slope),
                                QIR_ATTRS({"alpha", real(c, alpha)}));
    return fe_emit2(fe, QIR_OP_add, apply(c, QIR_OP_relu, x), curve);
}

bool pt2_op_elu(pt2_call *c)
{
    qir_value *y = elu(c, pt2_self(c), pt2_float(c, "alpha"), pt2_float(c, "input_scale"));
    return pt2_set(c, 0, times(c, y, pt2_float(c, "scale")));
}

bool pt2_op_celu(pt2_call *c)
{
    double alpha = pt2_float(c, "alpha");
    if (!(alpha > 0))
        return fe_error(c->fe, "arg", "alpha must be above 0");
    return pt2_set(c, 0, elu(c, pt2_self(c), alpha, 1 / alpha));
}

bool pt2_op_selu(pt2_call *c)
{
    return pt2_set(c, 0, times(c, elu(c, pt2_self(c), 1.6732632423543772, 1), 1.0507009873554805));
}

/* log(1 + exp(x * beta)) / beta; above the threshold torch gives x, which differs by less than the
 * rounding. */
bool pt2_op_softplus(pt2_call *c)
{
    double beta = pt2_float(c, "beta");
    if (!(beta > 0))
        return fe_error(c->fe, "arg", "beta must be above 0");
    return pt2_set(c, 0, times(c, apply(c, QIR_OP_softplus, times(c, pt2_self(c), beta)), 1 / beta));
}

bool pt2_op_log_sigmoid(pt2_call *c)
{
    qir_value *y = apply(c, QIR_OP_softplus, apply(c, QIR_OP_neg, pt2_self(c)));
    return pt2_set(c, 0, apply(c, QIR_OP_neg, y));
}

bool pt2_op_threshold(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    qir_value *above = fe_emit2(c->fe, QIR_OP_less, number(c, x, pt2_float(c, "threshold")), x);
    qir_value *other = number(c, x, pt2_float(c, "value"));
    return pt2_set(c, 0, fe_where(c->fe, above, x, other));
}

/* --- bounds ------------------------------------------------------------------------------------------ */
/* clamp's bounds are f32: exact for floats and for integers of up to 16 bits. */
static bool fits_clamp(qir_dtype t)
{
    return t == QIR_f32 || t == QIR_f16 || t == QIR_bf16 ||
           (!qir_dtype_is_float(t) && qir_dtype_bits(t) <= 16);
}

static qir_value *bounded(pt2_call *c, qir_value *x, const pt2_arg *lo, const pt2_arg *hi)
{
    if (!x)
        return NULL; /* diagnosed */
    if (fits_clamp(x->type->dtype)) {
        double min = lo->kind == PT2_NONE ? -(double)INFINITY : pt2_number(lo);
        double max = hi->kind == PT2_NONE ? (double)INFINITY : pt2_number(hi);
        return fe_emit1(c->fe, QIR_OP_clamp, x,
                        QIR_ATTRS({"min", min > -(double)INFINITY ? real(c, min < max ? min : max) : NULL},
                                  {"max", max < (double)INFINITY ? real(c, max) : NULL}));
    }
    if (lo->kind != PT2_NONE)
        x = fe_emit2(c->fe, QIR_OP_maximum, x, pt2_as(c, lo, x->type->dtype));
    if (x && hi->kind != PT2_NONE)
        x = fe_emit2(c->fe, QIR_OP_minimum, x, pt2_as(c, hi, x->type->dtype));
    return x;
}

/* Bounds of a higher kind than the operand's raise it. */
static bool set_bounded(pt2_call *c, const pt2_arg *lo, const pt2_arg *hi)
{
    const pt2_arg *args[3] = {pt2_at(c, 0)};
    unsigned n = 1;
    qir_dtype type;
    if (lo->kind != PT2_NONE)
        args[n++] = lo;
    if (hi->kind != PT2_NONE)
        args[n++] = hi;
    if (!pt2_common_type(c, args, n, &type))
        return false;
    return pt2_set(c, 0, bounded(c, pt2_as(c, args[0], type), lo, hi));
}

static const pt2_arg none = {.kind = PT2_NONE};

bool pt2_op_clamp(pt2_call *c)
{
    return set_bounded(c, pt2_at(c, 1), pt2_at(c, 2));
}

bool pt2_op_clamp_min(pt2_call *c)
{
    return set_bounded(c, pt2_at(c, 1), &none);
}

bool pt2_op_clamp_max(pt2_call *c)
{
    return set_bounded(c, &none, pt2_at(c, 1));
}

/* Bounds are floats in a float operator, whatever their kind. */
bool pt2_op_hardtanh(pt2_call *c)
{
    return pt2_set(c, 0, bounded(c, pt2_self(c), pt2_at(c, 1), pt2_at(c, 2)));
}

bool pt2_op_relu6(pt2_call *c)
{
    const pt2_arg lo = {.kind = PT2_INT, .i = 0}, hi = {.kind = PT2_INT, .i = 6};
    return pt2_set(c, 0, bounded(c, pt2_self(c), &lo, &hi));
}
