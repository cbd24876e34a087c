/* Changes: batch_norm goes into the constant weight and bias of the conv, conv_transpose or linear
 * before it; what cannot be folded stays or is expanded (option).
 * Requires: a float module.  Leaves: a float module whose results differ by rounding.
 * Formula and order: TorchScript's FoldConvBatchNorm, see doc below. */
#include <string.h>
#include "batch_norm.h"
#include "bounds.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/support/bug.h"

/* The op to fold into, or NULL. */
static qir_op *match_producer(const qir_op *bn)
{
    qir_value *x = qir_op_operand(bn, 0);
    qir_op *op = qir_value_op(x);
    if (!op || !qir_norm_folds_into(op) || !qir_value_has_one_use(x) ||
        !qir_bounds_none(qir_bounds_of(op)))
        return NULL;
    qir_value *bias = qir_op_operand(op, 2);
    return qir_const_f32(qir_op_operand(op, 1)) && (!bias || qir_const_f32(bias)) ? op : NULL;
}

static void rewrite_fold(qir_op *bn, qir_op *producer, const qir_norm *n)
{
    const qir_value *bias = qir_op_operand(producer, 2);
    qir_op_set_operand(producer, 1,
                       &qir_norm_fold_weight(producer, n, qir_op_operand(producer, 1))->value);
    qir_set_bias(producer, &qir_norm_fold_bias(producer, n, bias)->value);
    qir_replace_op(bn, &producer->results[0]);
}

/* --- what does not fold ---------------------------------------------------------------------- */
/* Per-channel factor and offset: y = x * factor + offset. */
static void affine(const qir_norm *n, float *factor, float *offset)
{
    for (int64_t c = 0; c < n->channels; c++) {
        float r = qir_norm_reciprocal(n, c);
        factor[c] = n->gamma[c] * r;
        offset[c] = (0.0f - (QIR_BUG(2) ? -n->mean[c] : n->mean[c])) * r * n->gamma[c] + n->beta[c];
    }
}

static qir_value *channel_const(qir_op *bn, const char *name, const int64_t *dims, unsigned rank,
                                const float *data)
{
    qir_module *m = qir_op_module(bn);
    const qir_type *type = qir_tensor_type(m->ctx, QIR_f32, dims, rank, bn->loc);
    return &qir_const_create(m, name, type, data, false, bn->loc)->value;
}

static qir_value *build_mul_add(qir_op *bn, const qir_norm *n, const float *factor,
                                const float *offset)
{
    qir_builder b = qir_builder_before(bn);
    unsigned rank = bn->results[0].type->rank;
    int64_t dims[QIR_MAX_RANK] = {n->channels, 1, 1, 1, 1, 1, 1, 1};
    qir_value *f = channel_const(bn, "bn.factor", dims, rank - 1, factor);
    qir_value *o = channel_const(bn, "bn.offset", dims, rank - 1, offset);
    qir_value *mul = qir_build1(&b, QIR_OP_mul, QIR_OPERANDS(qir_op_operand(bn, 0), f),
                                QIR_NO_ATTRS, NULL);
    return mul ? qir_build1(&b, QIR_OP_add, QIR_OPERANDS(mul, o), QIR_NO_ATTRS, NULL) : NULL;
}

/* A 1x1 depthwise convolution: it quantizes per channel, without an integer multiplication. */
static qir_value *build_depthwise(qir_op *bn, const qir_norm *n, const float *factor,
                                  const float *offset)
{
    qir_builder b = qir_builder_before(bn);
    unsigned rank = bn->results[0].type->rank;
    int64_t dims[QIR_MAX_RANK] = {n->channels, 1, 1, 1, 1, 1, 1, 1};
    qir_value *w = channel_const(bn, "bn.factor", dims, rank, factor);
    qir_value *o = channel_const(bn, "bn.offset", dims, 1, offset);
    return qir_build1(
        &b, QIR_OP_conv, QIR_OPERANDS(qir_op_operand(bn, 0), w, o),
        QIR_ATTRS({"groups", qir_attr_int(qir_op_module(bn)->ctx, n->channels)}), NULL);
}

static bool expand(qir_op *bn, const qir_norm *n, bool as_conv)
{
    qir_arena *arena = qir_op_module(bn)->arena;
    float *factor = QIR_NEW_ARRAY(arena, float, (size_t)n->channels);
    float *offset = QIR_NEW_ARRAY(arena, float, (size_t)n->channels);
    unsigned rank = bn->results[0].type->rank;
    affine(n, factor, offset);
    bool conv = as_conv && rank >= 3 && rank <= 5 && qir_type_elements(bn->results[0].type);
    qir_value *v = conv ? build_depthwise(bn, n, factor, offset)
                        : build_mul_add(bn, n, factor, offset);
    if (!v)
        return false;
    v->name = bn->results[0].name;
    qir_replace_op(bn, v);
    return true;
}

/* "", "mul-add" or "conv". */
static bool expand_kind(const qir_pass *p, const qir_module *m, char *kind)
{
    const char *s = qir_pass_string(p, "expand");
    *kind = *s;
    return !*s || !strcmp(s, "mul-add") || !strcmp(s, "conv") ||
           qir_error(qir_context_diag(m->ctx), NULL, "pipeline.value",
                     "option 'expand' of pass 'fold-batch-norm' must be mul-add or conv, got '%s'",
                     s);
}

static bool run(qir_pass *p, qir_module *m)
{
    char kind;
    if (!expand_kind(p, m, &kind))
        return false;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            qir_norm n;
            qir_op *producer = qir_norm_match(op, &n) ? match_producer(op) : NULL;
            if ((!producer && !(kind && qir_norm_match(op, &n))) || !qir_pass_may_transform(p))
                continue;
            if (producer)
                rewrite_fold(op, producer, &n);
            else if (!expand(op, &n, kind == 'c'))
                return false;
            qir_pass_count(p, producer ? "folded" : "expanded", 1);
        }
    return true;
}

static const qir_pass_option options[] = {
    {"expand", QIR_OPT_STRING, "",
     "what to do with batch norms that do not fold: `mul-add`, `conv` (1x1 depthwise), or nothing"},
    {NULL, QIR_OPT_BOOL, NULL, NULL}};
static const char *const statistics[] = {"folded", "expanded", NULL};

QIR_PASS(fold_batch_norm, .name = "fold-batch-norm", .alias = "FoldConvBatchNorm",
         .summary = "Fold batch norm into the weights and bias of the op before it.",
         .doc = "With r = 1/sqrt(var + epsilon), in fp32 and in this order:\n"
                "`W'[o] = W[o] * (gamma[o] * r[o])`, "
                "`b'[o] = (b[o] - mean[o]) * r[o] * gamma[o] + beta[o]`, for linear "
                "`(b[o] - mean[o]) * (gamma[o] * r[o]) + beta[o]`.\n"
                "Needs constant weight, bias and statistics, a producer (conv, conv_transpose, "
                "linear of rank 2) whose result has no other use, and no fused activation before "
                "the batch norm.",
         .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_QUANTIZED, .options = options,
         .statistics = statistics, .run = run)
