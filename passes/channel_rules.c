/* How each op carries factors of channels: a table from opcode to rule.  An op without a row, or one
 * whose bounds or constants do not scale, keeps factor 1 on all that it takes and gives. */
#include <math.h>
#include "bounds.h"
#include "channel_rules.h"

const qir_span qir_span_one = {-1, 0, QIR_CHANNEL_ONE};

void qir_channels_unite_spans(qir_channels *c, qir_span a, qir_span b)
{
    for (int64_t i = 0; i < a.n; i++)
        qir_channels_unite(c, a.base + (uint32_t)i, b.base + (uint32_t)i);
}

qir_span qir_channels_pin_all(qir_channels *c, const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        qir_channels_pin(c, qir_op_operand(op, i));
    return qir_span_one;
}

static bool is_const_f32(const qir_value *v)
{
    return v && qir_value_const(v) && v->type->kind == QIR_TENSOR && v->type->dtype == QIR_f32 &&
           !v->type->quant;
}

static bool scales(float bound)
{
    return bound == 0.0f || isinf(bound);
}

bool qir_is_homogeneous(const qir_op *op)
{
    if (!qir_op_has_trait(op, QIR_TRAIT_CLAMPED))
        return true;
    qir_bounds b = qir_bounds_of(op);
    return scales(b.min) && scales(b.max);
}

/* --- ops that absorb factors ------------------------------------------------------------------- */
bool qir_absorbs_channels(const qir_op *op)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    if (rule->kind != QIR_QR_ACCUM || !is_const_f32(qir_op_operand(op, (uint32_t)rule->weight)))
        return false;
    const qir_value *bias = qir_op_operand(op, (uint32_t)rule->bias);
    return !bias || is_const_f32(bias);
}

static bool is_norm(const qir_op *op)
{
    return op->opcode == QIR_OP_layer_norm || op->opcode == QIR_OP_rms_norm;
}

static bool is_sum(const qir_op *op)
{
    static const qir_opcode sums[] = {QIR_OP_add, QIR_OP_sub, QIR_OP_maximum, QIR_OP_minimum};
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
        if (sums[i] == op->opcode)
            return true;
    return false;
}

bool qir_takes_factors(const qir_op *op, uint32_t i)
{
    return is_const_f32(qir_op_operand(op, i)) && (is_sum(op) || (is_norm(op) && i > 0));
}

void qir_weight_channels(const qir_op *op, int64_t i, int64_t *input, int64_t *output)
{
    const qir_type *w = qir_op_operand(op, 1)->type;
    int64_t groups = op->opcode == QIR_OP_linear ? 1 : qir_op_int(op, "groups");
    int64_t inner = qir_type_elements(w) / (w->dims[0] * w->dims[1]);
    int64_t row = i / inner / w->dims[1], column = i / inner % w->dims[1];
    int64_t group = row / (w->dims[0] / groups);
    *input = group * w->dims[1] + column;
    *output = row;
    if (op->opcode == QIR_OP_conv_transpose) { /* [C, O/groups, ...] */
        *input = row;
        *output = group * w->dims[1] + column;
    }
}

static qir_span absorb(qir_channels *c, const qir_op *op)
{
    if (!qir_absorbs_channels(op))
        return qir_channels_pin_all(c, op);
    const qir_type *y = op->results[0].type;
    int axis = op->opcode == QIR_OP_linear ? (int)y->rank - 1 : 1;
    qir_value *x = qir_op_operand(op, 0);
    if (qir_channels_span(c, x).axis != axis)
        qir_channels_pin(c, x);
    return qir_is_homogeneous(op) ? qir_channels_new(c, axis, y->dims[axis]) : qir_span_one;
}

/* What a normalization reads has factor 1; its weight and bias, of the last axis alone, divide its result. */
static qir_span norm(qir_channels *c, const qir_op *op)
{
    const qir_type *y = op->results[0].type;
    bool takes = op->noperands > 1 && qir_op_int(op, "axis") == (int64_t)y->rank - 1;
    for (uint32_t i = 1; i < op->noperands; i++)
        takes = takes && (qir_takes_factors(op, i) || (i > 1 && !qir_op_operand(op, i)));
    qir_channels_pin_all(c, op);
    return takes ? qir_channels_new(c, (int)y->rank - 1, y->dims[y->rank - 1]) : qir_span_one;
}

/* --- elementwise ------------------------------------------------------------------------------- */
static qir_span follow(qir_channels *c, const qir_op *op)
{
    for (uint32_t i = 1; i < op->noperands; i++) /* a slope */
        qir_channels_pin(c, qir_op_operand(op, i));
    return qir_is_homogeneous(op) ? qir_channels_span(c, qir_op_operand(op, 0)) : qir_channels_pin_all(c, op);
}

static qir_span pool(qir_channels *c, const qir_op *op)
{
    qir_span s = qir_channels_span(c, qir_op_operand(op, 0));
    return s.axis <= 1 ? s : qir_channels_pin_all(c, op);
}

/* The span of operand `x` for the result, if nothing is repeated along the channels. */
static qir_span like(qir_channels *c, const qir_op *op, const qir_value *x)
{
    const qir_type *y = op->results[0].type;
    qir_span s = qir_channels_span(c, x);
    bool same = x->type->rank == y->rank && (s.axis < 0 || s.n == y->dims[s.axis]);
    return same && qir_is_homogeneous(op) ? s : qir_channels_pin_all(c, op);
}

/* A sum: both operands have the result's factors; a constant takes them. */
static qir_span join(qir_channels *c, const qir_op *op)
{
    qir_value *a = qir_op_operand(op, 0), *b = qir_op_operand(op, 1);
    if (is_const_f32(a) || is_const_f32(b))
        return like(c, op, is_const_f32(a) ? b : a);
    qir_span sa = qir_channels_span(c, a), sb = qir_channels_span(c, b);
    if (sa.axis != sb.axis || sa.n != sb.n || a->type->rank != b->type->rank)
        return qir_channels_pin_all(c, op);
    qir_channels_unite_spans(c, sa, sb);
    return like(c, op, a);
}

/* A product with a constant, or another value that keeps factor 1 (a gate), or a quotient by one. */
static qir_span times(qir_channels *c, const qir_op *op)
{
    bool first = op->opcode == QIR_OP_mul && qir_channels_span(c, qir_op_operand(op, 0)).axis < 0;
    const qir_value *x = qir_op_operand(op, first), *k = qir_op_operand(op, !first);
    return qir_channels_span(c, k).axis < 0 ? like(c, op, x) : qir_channels_pin_all(c, op);
}

/* --- table ------------------------------------------------------------------------------------- */
static const struct {
    qir_opcode opcode;
    qir_span (*rule)(qir_channels *c, const qir_op *op);
} rules[] = {
    {QIR_OP_conv, absorb},
    {QIR_OP_conv_transpose, absorb},
    {QIR_OP_linear, absorb},
    {QIR_OP_layer_norm, norm},
    {QIR_OP_rms_norm, norm},
    {QIR_OP_relu, follow},
    {QIR_OP_clamp, follow},
    {QIR_OP_leaky_relu, follow},
    {QIR_OP_prelu, follow},
    {QIR_OP_neg, follow},
    {QIR_OP_abs, follow},
    {QIR_OP_max_pool, pool},
    {QIR_OP_avg_pool, pool},
    {QIR_OP_add, join},
    {QIR_OP_sub, join},
    {QIR_OP_maximum, join},
    {QIR_OP_minimum, join},
    {QIR_OP_mul, times},
    {QIR_OP_div, times},
    {QIR_OP_reshape, qir_channels_reshape},
    {QIR_OP_transpose, qir_channels_transpose},
    {QIR_OP_slice, qir_channels_slice},
    {QIR_OP_pad, qir_channels_pad},
    {QIR_OP_concat, qir_channels_concat},
    {QIR_OP_reduce_mean, qir_channels_reduce},
    {QIR_OP_reduce_sum, qir_channels_reduce},
    {QIR_OP_reduce_max, qir_channels_reduce},
    {QIR_OP_reduce_min, qir_channels_reduce},
    {QIR_OP_resize, qir_channels_spatial},
    {QIR_OP_expand, qir_channels_expand},
    {QIR_OP_gather, qir_channels_gather},
    {QIR_OP_matmul, qir_channels_matmul},
    {QIR_OP_attention, qir_channels_attention},
};

static bool is_f32(const qir_value *v)
{
    return v->type->kind == QIR_TENSOR && v->type->dtype == QIR_f32 && !v->type->quant &&
           qir_type_is_static(v->type);
}

qir_span qir_channel_rule(qir_channels *c, const qir_op *op)
{
    if (op->nresults == 1 && is_f32(&op->results[0]))
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
            if (rules[i].opcode == op->opcode)
                return rules[i].rule(c, op);
    return qir_channels_pin_all(c, op);
}
