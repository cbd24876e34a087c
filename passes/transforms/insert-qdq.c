/* insert-qdq: replaces each observe op by quantize + dequantize with the parameters of its range.
 * Observed constants are quantized on the spot and only dequantized in the graph. */
#include "qir/pass.h"
#include "quant_util.h"

static qir_value *quantized(qir_builder *b, qir_op *op, const qir_type *type)
{
    qir_value *x = qir_op_operand(op, 0);
    qir_const *c = qir_value_const(x);
    if (!c)
        return qir_build1(b, QIR_OP_quantize, QIR_OPERANDS(x), QIR_NO_ATTRS, type);
    qir_const *q = qir_quantize_const(b->module, c, type);
    return q ? &q->value : NULL;
}

static bool convert(qir_pass *p, qir_op *op)
{
    qir_builder b = qir_builder_before(op);
    const qir_type *type = qir_observed_type(op);
    qir_value *q = type ? quantized(&b, op, type) : NULL;
    qir_value *d =
        q ? qir_build1(&b, QIR_OP_dequantize, QIR_OPERANDS(q), QIR_NO_ATTRS, NULL) : NULL;
    if (!d)
        return false;
    qir_replace_op(op, d);
    qir_pass_count(p, "pairs", 1);
    return true;
}

static bool drop(qir_pass *p, qir_op *op)
{
    qir_replace_op(op, qir_op_operand(op, 0));
    qir_pass_count(p, "unmeasured", 1);
    return true;
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            if (op->opcode == QIR_OP_observe &&
                !(qir_op_attr(op, "lo") ? convert(p, op) : drop(p, op)))
                return false;
    qir_erase_unused_consts(m);
    return true;
}

static const char *const statistics[] = {"pairs", "unmeasured", NULL};

QIR_PASS(insert_qdq, .name = "insert-qdq", .alias = "InsertQuantDeQuant",
         .summary = "Replaces observers by quantize/dequantize pairs.",
         .doc =
             "Changes: `observe` with a range becomes `quantize`, `dequantize`; of a constant: a "
             "quantized constant and `dequantize`; without a range it disappears.\nRequires: "
             "apply-calibration.\nLeaves: float ops between the pairs.\nScale and zero point: "
             "PyTorch's formula (docs/quantization.md, parameters).",
         .requires = QIR_STAGE_OBSERVED, .sets = QIR_STAGE_QDQ, .clears = QIR_STAGE_OBSERVED,
         .statistics = statistics, .run = run)
