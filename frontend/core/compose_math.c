/* Elementary functions, tests and reductions that are made of others.  The forms are those that lose
 * no digits where the function is small. */
#include <math.h>

#include "core/compose.h"

static qir_value *number(fe_builder *fe, const qir_value *like, double v)
{
    return like ? fe_scalar(fe, like->type->dtype, v) : NULL;
}

static qir_value *apply(fe_builder *fe, qir_opcode op, qir_value *x)
{
    return fe_emit1(fe, op, x, QIR_NO_ATTRS);
}

static qir_value *add(fe_builder *fe, qir_value *a, qir_value *b)
{
    return fe_emit2(fe, QIR_OP_add, a, b);
}

static qir_value *sub(fe_builder *fe, qir_value *a, qir_value *b)
{
    return fe_emit2(fe, QIR_OP_sub, a, b);
}

static qir_value *mul(fe_builder *fe, qir_value *a, qir_value *b)
{
    return fe_emit2(fe, QIR_OP_mul, a, b);
}

static qir_value *divide(fe_builder *fe, qir_value *a, qir_value *b)
{
    return fe_emit2(fe, QIR_OP_div, a, b);
}

static qir_value *plus(fe_builder *fe, qir_value *x, double v)
{
    return add(fe, x, number(fe, x, v));
}

static qir_value *times(fe_builder *fe, qir_value *x, double v)
{
    return mul(fe, x, number(fe, x, v));
}

qir_value *fe_where(fe_builder *fe, qir_value *cond, qir_value *x, qir_value *y)
{
    if (!cond || !x || !y)
        return NULL;
    return fe_emit(fe, QIR_OP_where, QIR_OPERANDS(cond, x, y), QIR_NO_ATTRS, NULL);
}

/* --- exponentials and logarithms ---------------------------------------------------------------- */

/* tanh(x/2) (exp(x) + 1) */
qir_value *fe_expm1(fe_builder *fe, qir_value *x)
{
    return mul(fe, apply(fe, QIR_OP_tanh, times(fe, x, 0.5)), plus(fe, apply(fe, QIR_OP_exp, x), 1));
}

/* log(u) - ((u - 1) - x) / u with u = 1 + x: what rounding u loses is put back, where it is a number. */
qir_value *fe_log1p(fe_builder *fe, qir_value *x)
{
    qir_value *u = plus(fe, x, 1), *lost = divide(fe, sub(fe, plus(fe, u, -1), x), u);
    lost = fe_where(fe, fe_emit2(fe, QIR_OP_equal, lost, lost), lost, number(fe, x, 0));
    return sub(fe, apply(fe, QIR_OP_log, u), lost);
}

/* --- circular and hyperbolic functions ----------------------------------------------------------- */

qir_value *fe_tan(fe_builder *fe, qir_value *x)
{
    return divide(fe, apply(fe, QIR_OP_sin, x), apply(fe, QIR_OP_cos, x));
}

/* atan(x / sqrt((1 - x) (1 + x))) */
qir_value *fe_asin(fe_builder *fe, qir_value *x)
{
    qir_value *product = mul(fe, sub(fe, number(fe, x, 1), x), plus(fe, x, 1));
    return apply(fe, QIR_OP_atan, divide(fe, x, apply(fe, QIR_OP_sqrt, product)));
}

/* 2 atan(sqrt((1 - x) / (1 + x))) */
qir_value *fe_acos(fe_builder *fe, qir_value *x)
{
    qir_value *ratio = divide(fe, sub(fe, number(fe, x, 1), x), plus(fe, x, 1));
    return times(fe, apply(fe, QIR_OP_atan, apply(fe, QIR_OP_sqrt, ratio)), 2);
}

/* In halves, which overflow where the sum does. */
qir_value *fe_cosh(fe_builder *fe, qir_value *x)
{
    qir_value *up = apply(fe, QIR_OP_exp, x), *down = apply(fe, QIR_OP_exp, apply(fe, QIR_OP_neg, x));
    return add(fe, times(fe, up, 0.5), times(fe, down, 0.5));
}

/* tanh(x/2) (1 + cosh(x)) */
qir_value *fe_sinh(fe_builder *fe, qir_value *x)
{
    return mul(fe, apply(fe, QIR_OP_tanh, times(fe, x, 0.5)), plus(fe, fe_cosh(fe, x), 1));
}

/* sign(x) log1p(a + a^2 / (1 + sqrt(1 + a^2))), a = |x| */
qir_value *fe_asinh(fe_builder *fe, qir_value *x)
{
    qir_value *a = apply(fe, QIR_OP_abs, x), *square = mul(fe, a, a);
    qir_value *root = apply(fe, QIR_OP_sqrt, plus(fe, square, 1));
    qir_value *v = fe_log1p(fe, add(fe, a, divide(fe, square, plus(fe, root, 1))));
    return mul(fe, apply(fe, QIR_OP_sign, x), v);
}

/* log1p(t + sqrt(t (t + 2))), t = x - 1 */
qir_value *fe_acosh(fe_builder *fe, qir_value *x)
{
    qir_value *t = plus(fe, x, -1);
    return fe_log1p(fe, add(fe, t, apply(fe, QIR_OP_sqrt, mul(fe, t, plus(fe, t, 2)))));
}

/* log1p(2x / (1 - x)) / 2 */
qir_value *fe_atanh(fe_builder *fe, qir_value *x)
{
    qir_value *ratio = divide(fe, times(fe, x, 2), sub(fe, number(fe, x, 1), x));
    return times(fe, fe_log1p(fe, ratio), 0.5);
}

/* --- tests --------------------------------------------------------------------------------------- */

qir_value *fe_is_nan(fe_builder *fe, qir_value *x)
{
    return apply(fe, QIR_OP_not, fe_emit2(fe, QIR_OP_equal, x, x));
}

qir_value *fe_is_inf(fe_builder *fe, qir_value *x, bool positive, bool negative)
{
    if (positive && negative)
        x = apply(fe, QIR_OP_abs, x);
    if (positive || negative)
        return fe_emit2(fe, QIR_OP_equal, x, number(fe, x, positive ? INFINITY : -INFINITY));
    return x ? fe_zeros(fe, QIR_i1, x->type->dims, x->type->rank) : NULL;
}

/* --- reductions ---------------------------------------------------------------------------------- */

qir_value *fe_reduce(fe_builder *fe, qir_opcode op, qir_value *x, const int64_t *axes, size_t n,
                     bool keepdims)
{
    return fe_emit1(fe, op, x,
                    QIR_ATTRS({"axes", qir_attr_ints(fe->ctx, axes, n)},
                              {"keepdims", qir_attr_bool(fe->ctx, keepdims)}));
}

/* m + log(sum(exp(x - m))), m = max(x) */
qir_value *fe_log_sum_exp(fe_builder *fe, qir_value *x, const int64_t *axes, size_t n, bool keepdims)
{
    qir_value *most = fe_reduce(fe, QIR_OP_reduce_max, x, axes, n, true);
    qir_value *sum = fe_reduce(fe, QIR_OP_reduce_sum, apply(fe, QIR_OP_exp, sub(fe, x, most)), axes, n,
                               keepdims);
    sum = apply(fe, QIR_OP_log, sum);
    return sum ? add(fe, sum, fe_reshape(fe, most, sum->type->dims, sum->type->rank)) : NULL;
}

qir_value *fe_norm(fe_builder *fe, qir_value *x, const int64_t *axes, size_t n, bool keepdims)
{
    return apply(fe, QIR_OP_sqrt,
                 fe_reduce(fe, QIR_OP_reduce_sum, mul(fe, x, x), axes, n, keepdims));
}
