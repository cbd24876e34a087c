/* Changes: conv and the batch norm behind it take the form in which quantization-aware training measures the
 * weight that folding would give, while the batch norm stays:
 *
 *   s = gamma / sqrt(var + 1e-5)
 *   batch_norm(conv(x, w, b))   ->   batch_norm(conv(x, w * s, 0) / s + b)
 *
 * Requires: annotations (annotate-quant); the weight's goes to w * s.  Leaves: values but for rounding;
 * fold-qat-batch-norm undoes it when the weight is quantized.  PT2E: prepare_qat. */
#include <math.h>
#include "batch_norm.h"
#include "bounds.h"
#include "qir/ops.h"
#include "qir/pass.h"

/* PT2E has this number in its pattern, whatever the batch norm's is. */
static const float pattern_epsilon = 1e-5f;

static qir_op *match(const qir_op *bn, qir_norm *n)
{
    qir_value *x = bn->noperands ? qir_op_operand(bn, 0) : NULL;
    qir_op *op = x ? qir_value_op(x) : NULL;
    bool fits = op && op->opcode != QIR_OP_linear && qir_norm_folds_into(op) && qir_value_has_one_use(x) &&
                qir_norm_match(bn, n) && qir_bounds_none(qir_bounds_of(op)) &&
                qir_dict_get(op->attrs, qir_intern_cstr(qir_op_module(op)->ctx, "quant.in"));
    return fits && qir_const_f32(qir_op_operand(op, 1)) &&
                   qir_op_operand(op, 1)->type->dims[qir_op_desc_get(op->opcode)->qrule.axis] == n->channels &&
                   (!qir_op_operand(op, 2) || qir_const_f32(qir_op_operand(op, 2)))
               ? op
               : NULL;
}

/* One number per channel along `axis` of a tensor of this rank. */
static qir_value *per_channel(const qir_op *op, const char *name, const float *data, int64_t channels,
                              unsigned rank, unsigned axis)
{
    qir_module *m = qir_op_module(op);
    int64_t dims[QIR_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    dims[axis] = channels;
    const qir_type *t = qir_tensor_type(m->ctx, QIR_f32, dims, rank, op->loc);
    return &qir_const_create(m, name, t, data, false, op->loc)->value;
}

static const float *factors(const qir_op *op, const qir_norm *n)
{
    float *s = QIR_NEW_ARRAY(qir_op_module(op)->arena, float, (size_t)n->channels);
    for (int64_t c = 0; c < n->channels; c++)
        s[c] = n->gamma[c] / sqrtf(n->var[c] + pattern_epsilon);
    return s;
}

static qir_value *binary(qir_builder *b, qir_opcode opcode, qir_value *x, qir_value *y)
{
    return x ? qir_build1(b, opcode, QIR_OPERANDS(x, y), QIR_NO_ATTRS, NULL) : NULL;
}

static bool rewrite(qir_op *bn, qir_op *op, const qir_norm *n)
{
    const float *s = factors(op, n), *bias = qir_const_f32(qir_op_operand(op, 2));
    qir_builder before = qir_builder_before(op), behind = qir_builder_before(bn);
    unsigned wrank = qir_op_operand(op, 1)->type->rank, rank = bn->results[0].type->rank;
    qir_value *w = binary(&before, QIR_OP_mul, qir_op_operand(op, 1),
                          per_channel(op, "qat.factor", s, n->channels, wrank,
                                      (unsigned)qir_op_desc_get(op->opcode)->qrule.axis));
    qir_value *y = binary(&behind, QIR_OP_div, &op->results[0],
                          per_channel(op, "qat.factor", s, n->channels, rank, 1));
    if (bias)
        y = binary(&behind, QIR_OP_add, y, per_channel(op, qir_op_operand(op, 2)->name, bias, n->channels, rank, 1));
    if (!w || !y)
        return false;
    qir_op_set_operand(op, 1, w);
    if (bias)
        qir_op_set_operand(op, 2, per_channel(op, "qat.zero", QIR_NEW_ARRAY(before.module->arena, float,
                                                                           (size_t)n->channels),
                                              n->channels, 1, 0));
    qir_op_set_operand(bn, 0, y);
    return true;
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            qir_norm n;
            qir_op *conv = match(op, &n);
            if (!conv || !qir_pass_may_transform(p))
                continue;
            if (!rewrite(op, conv, &n))
                return false;
            qir_pass_count(p, "inserted", 1);
        }
    return true;
}

static const char *const statistics[] = {"inserted", NULL};

QIR_PASS(insert_qat_batch_norm, .name = "insert-qat-batch-norm",
         .summary = "Scales weights by the batch norm behind them, as quantization-aware training does.",
         .doc = "For annotated conv and conv_transpose with a constant weight that no group shares, followed by "
                "nothing but a batch norm with constant statistics.  `batch_norm(conv(x, w * s, 0) / s + b)` with "
                "`s = gamma / sqrt(var + 1e-5)`; the annotation of the weight is then that of `w * s`.",
         .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_QDQ | QIR_STAGE_QUANTIZED, .statistics = statistics,
         .run = run)
