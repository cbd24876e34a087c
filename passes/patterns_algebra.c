/* Elementwise arithmetic: neutral constants, bounds, operand order. */
#include <math.h>
#include "bounds.h"
#include "patterns.h"

/* a + 0, a - 0, a * 1, a / 1 -> a, where broadcasting changes nothing.  Equal but for the sign of
 * zeros (-0 + 0 = +0). */
static bool neutral(const canon *c, qir_op *op, float constant)
{
    qir_value *a = qir_op_operand(op, 0);
    return canon_unbounded(op) && a->type == op->results[0].type && !a->type->quant &&
           canon_is_splat(qir_op_operand(op, 1), constant) && canon_replace(c, op, a);
}

static bool neutral_zero(const canon *c, qir_op *op)
{
    return neutral(c, op, 0.0f);
}

static bool neutral_one(const canon *c, qir_op *op)
{
    return neutral(c, op, 1.0f);
}

/* Constants of commutative ops stand on the right, so that other patterns look there only. */
static bool constant_right(const canon *c, qir_op *op)
{
    qir_value *a = qir_op_operand(op, 0), *b = qir_op_operand(op, 1);
    if (!qir_value_const(a) || qir_value_const(b) || !canon_begin(c))
        return false;
    qir_op_set_operand(op, 0, b);
    qir_op_set_operand(op, 1, a);
    qir_rewriter_touch(c->rw, op);
    return true;
}

/* --- bounds ---------------------------------------------------------------------------------- */
static const qir_dict *bounds_dict(const qir_op *op, qir_bounds b)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    const qir_dict *d = NULL;
    if (b.min != -INFINITY)
        d = canon_attr(op, d, "min", qir_attr_float(ctx, b.min));
    if (b.max != INFINITY)
        d = canon_attr(op, d, "max", qir_attr_float(ctx, b.max));
    return d;
}

/* One spelling: relu where the bounds are [0, inf). */
static bool build_clamp(const canon *c, qir_op *op, qir_value *x, qir_bounds b)
{
    bool relu = b.min == 0.0f && b.max == INFINITY;
    return canon_begin(c) && canon_build(c, op, relu ? QIR_OP_relu : QIR_OP_clamp, QIR_OPERANDS(x),
                                         relu ? NULL : bounds_dict(op, b));
}

static bool clamp_simple(const canon *c, qir_op *op)
{
    qir_bounds b = qir_bounds_of(op);
    if (qir_bounds_none(b))
        return canon_replace(c, op, qir_op_operand(op, 0));
    return b.min == 0.0f && b.max == INFINITY && build_clamp(c, op, qir_op_operand(op, 0), b);
}

/* clamp(clamp(x, a, b), c, d) -> clamp(x, clamp(a, c, d), clamp(b, c, d)) */
static bool clamp_pair(const canon *c, qir_op *op)
{
    qir_op *inner = qir_op_feeder(op, 0, QIR_OP_clamp);
    qir_bounds b = qir_bounds_of(op);
    if (!inner)
        inner = qir_op_feeder(op, 0, QIR_OP_relu);
    if (!inner)
        return false;
    qir_bounds in = qir_bounds_of(inner), both = qir_bounds_within(in, b);
    if (both.min == in.min && both.max == in.max)
        return canon_replace(c, op, &inner->results[0]);
    return build_clamp(c, op, qir_op_operand(inner, 0), both);
}

/* maximum(x, constant) -> clamp, and minimum; equal but for the sign of zeros. */
static bool extremum(const canon *c, qir_op *op, bool is_max)
{
    qir_value *x = qir_op_operand(op, 0);
    float v;
    if (!canon_unbounded(op) || x->type != op->results[0].type || x->type->dtype != QIR_f32 ||
        !canon_splat_value(qir_op_operand(op, 1), &v))
        return false;
    return build_clamp(c, op, x, is_max ? (qir_bounds){v, INFINITY} : (qir_bounds){-INFINITY, v});
}

static bool maximum_constant(const canon *c, qir_op *op)
{
    return extremum(c, op, true);
}

static bool minimum_constant(const canon *c, qir_op *op)
{
    return extremum(c, op, false);
}

const canon_pattern canon_algebra_patterns[] = {
    {QIR_OP_add, constant_right},      {QIR_OP_mul, constant_right},
    {QIR_OP_maximum, constant_right},  {QIR_OP_minimum, constant_right},
    {QIR_OP_add, neutral_zero},        {QIR_OP_sub, neutral_zero},
    {QIR_OP_mul, neutral_one},         {QIR_OP_div, neutral_one},
    {QIR_OP_clamp, clamp_simple},      {QIR_OP_clamp, clamp_pair},
    {QIR_OP_relu, clamp_pair},         {QIR_OP_maximum, maximum_constant},
    {QIR_OP_minimum, minimum_constant},
};
const size_t canon_nalgebra = sizeof canon_algebra_patterns / sizeof canon_algebra_patterns[0];
