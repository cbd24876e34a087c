/* Changes: the form in which quantization-aware training keeps conv and batch norm apart becomes one conv.
 * Requires: quantize/dequantize of the weight (a fake-quantized or converted model).
 * Leaves: conv, conv_transpose whose weight keeps its trained parameters.
 *
 *   s = gamma / sqrt(var + 1e-5)
 *   batch_norm(conv(x, dq(q(w * s)), 0) / s + b)   ->   conv(x, dq(q(w * (gamma * r))), b')
 *
 * with r and b' of fold-batch-norm.  PT2E writes the left side in prepare_qat and folds it in convert.  Where
 * the codes of the weight are all that is left of w * s, they stay as they are. */
#include <math.h>
#include "batch_norm.h"
#include "bounds.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"

typedef struct pattern {
    qir_norm norm;
    qir_op *bn, *conv;
    const qir_value *bias; /* b; NULL: the model has none */
    const float *factor;   /* s */
} pattern;

/* The op behind operand 0 of `op`, if that alone reads it. */
static qir_op *sole_feeder(const qir_op *op, qir_opcode opcode)
{
    qir_op *f = op ? qir_op_feeder(op, 0, opcode) : NULL;
    return f && qir_value_has_one_use(&f->results[0]) ? f : NULL;
}

/* One f32 per channel, in the form [1, C, 1, 1]. */
static const float *per_channel(const qir_value *v, int64_t channels)
{
    return v->type->rank >= 2 && v->type->dims[1] == channels && qir_type_elements(v->type) == channels
               ? qir_const_f32(v)
               : NULL;
}

static bool is_zero(const qir_value *v)
{
    const float *data = v ? qir_const_f32(v) : NULL;
    if (!v)
        return true;
    for (int64_t i = 0; data && i < qir_type_elements(v->type); i++)
        if (data[i] != 0.0f)
            return false;
    return data != NULL;
}

static qir_op *producer(const qir_op *div)
{
    qir_op *op = sole_feeder(div, QIR_OP_conv);
    op = op ? op : sole_feeder(div, QIR_OP_conv_transpose);
    return op && qir_norm_folds_into(op) && qir_bounds_none(qir_bounds_of(op)) &&
                   is_zero(qir_op_operand(op, 2))
               ? op
               : NULL;
}

static bool match(qir_op *bn, pattern *p)
{
    if (!qir_norm_match(bn, &p->norm))
        return false;
    qir_op *add = sole_feeder(bn, QIR_OP_add);
    qir_op *div = sole_feeder(add ? add : bn, QIR_OP_div);
    p->bn = bn;
    p->conv = div ? producer(div) : NULL;
    p->bias = add ? qir_op_operand(add, 1) : NULL;
    if (!p->conv || (p->bias && !per_channel(p->bias, p->norm.channels)))
        return false;
    p->factor = per_channel(qir_op_operand(div, 1), p->norm.channels);
    return p->factor != NULL;
}

/* --- the weight ------------------------------------------------------------------------------- */
/* The constant w of dq(q(w * s)), or NULL. */
static const qir_value *unscaled_weight(const qir_op *conv, qir_op **quantize)
{
    const qir_op *dq = qir_op_feeder(conv, 1, QIR_OP_dequantize);
    *quantize = dq ? qir_op_feeder(dq, 0, QIR_OP_quantize) : NULL;
    const qir_op *mul = *quantize ? qir_op_feeder(*quantize, 0, QIR_OP_mul) : NULL;
    for (uint32_t i = 0; mul && i < 2; i++) {
        const qir_value *w = qir_op_operand(mul, i);
        if (qir_const_f32(w) && qir_const_f32(qir_op_operand(mul, 1 - i)) &&
            w->type == mul->results[0].type)
            return w;
    }
    return NULL;
}

/* Codes of w * s serve for w * (gamma * r) when both factors are the same but for rounding: the pattern's
 * epsilon is always 1e-5. */
static bool factors_agree(const pattern *p)
{
    for (int64_t c = 0; c < p->norm.channels; c++) {
        float wanted = p->norm.gamma[c] * qir_norm_reciprocal(&p->norm, c);
        if (!(fabsf(p->factor[c] - wanted) <= 1e-5f * fabsf(wanted)))
            return false;
    }
    return true;
}

static qir_value *folded_weight(const pattern *p, const qir_value *w, const qir_op *quantize)
{
    qir_builder b = qir_builder_before(p->conv);
    qir_value *folded = &qir_norm_fold_weight(p->conv, &p->norm, w)->value;
    b.loc = quantize->loc;
    qir_value *q = qir_build1(&b, QIR_OP_quantize, QIR_OPERANDS(folded), QIR_NO_ATTRS,
                              quantize->results[0].type);
    return q ? qir_build1(&b, QIR_OP_dequantize, QIR_OPERANDS(q), QIR_NO_ATTRS, NULL) : NULL;
}

static bool fold(qir_pass *pass, const pattern *p)
{
    qir_op *quantize, *conv = p->conv;
    const qir_value *w = unscaled_weight(conv, &quantize);
    if ((!w && !factors_agree(p)) || !qir_pass_may_transform(pass))
        return true;
    qir_op *trained = qir_value_op(qir_op_operand(conv, 1)), *between = qir_value_op(qir_op_operand(p->bn, 0));
    qir_value *weight = w ? folded_weight(p, w, quantize) : qir_op_operand(conv, 1);
    if (!weight)
        return false;
    qir_op_set_operand(conv, 1, weight);
    qir_set_bias(conv, &qir_norm_fold_bias(conv, &p->norm, p->bias)->value);
    qir_replace_op(p->bn, &conv->results[0]);
    qir_erase_dead(between);
    if (trained)
        qir_erase_dead(trained);
    qir_pass_count(pass, "folded", 1);
    return true;
}

static bool run(qir_pass *pass, qir_module *m)
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            pattern p;
            if (match(op, &p) && !fold(pass, &p))
                return false;
        }
    qir_erase_unused_consts(m);
    return true;
}

static const char *const statistics[] = {"folded", NULL};

QIR_PASS(fold_qat_batch_norm, .name = "fold-qat-batch-norm", .alias = "FoldConvBatchNormQAT",
         .summary = "Folds the batch norms of quantization-aware training into their convolutions.",
         .doc = "`batch_norm(conv(x, dq(q(w * s)), 0) / s + b)` with `s = gamma / sqrt(var + 1e-5)` "
                "becomes a conv whose weight is quantized with the trained parameters; formula and "
                "order of fold-batch-norm.  Codes that are constants stay as they are; then the batch "
                "norm's epsilon must be 1e-5, else nothing is folded.",
         .statistics = statistics, .run = run)
