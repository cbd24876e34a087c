/* Changes: arguments and results from real to quantized where the model quantizes at its edges
 * anyway, so that callers pass and receive integers.  Requires: a quantized model.  Leaves: edges
 * that float ops touch. */
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"

/* The type that every user quantizes `arg` to; NULL if they differ or one needs the real value. */
static const qir_type *quantized_type(const qir_value *arg)
{
    const qir_type *t = NULL;
    qir_for_each_use(use, arg) {
        if (use->user->opcode != QIR_OP_quantize || (t && use->user->results[0].type != t))
            return NULL;
        t = use->user->results[0].type;
    }
    return t && qir_quant_is_per_tensor(t->quant) ? t : NULL;
}

/* A quantize op that still reads `arg`; NULL: none left. */
static qir_op *quantize_of(const qir_value *arg)
{
    qir_for_each_use(use, arg)
        if (use->user->opcode == QIR_OP_quantize)
            return use->user;
    return NULL;
}

static unsigned quantize_arguments(qir_func *f)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < f->body->nargs; i++) {
        qir_value *arg = f->body->args[i];
        const qir_type *t = quantized_type(arg);
        if (!t)
            continue;
        arg->type = t;
        for (qir_op *op = quantize_of(arg); op; op = quantize_of(arg))
            qir_replace_op(op, arg);
        n++;
    }
    return n;
}

static unsigned quantize_results(qir_func *f)
{
    unsigned n = 0;
    qir_op *ret = f->body->last;
    for (uint32_t i = 0; ret && i < ret->noperands; i++) {
        qir_op *op = qir_value_op(qir_op_operand(ret, i));
        if (!op || op->opcode != QIR_OP_dequantize ||
            !qir_quant_is_per_tensor(qir_op_operand(op, 0)->type->quant))
            continue;
        qir_op_set_operand(ret, i, qir_op_operand(op, 0));
        f->result_types[i] = qir_op_operand(op, 0)->type;
        qir_erase_dead(op);
        n++;
    }
    return n;
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_func *f = qir_module_main(m);
    if (!f)
        return true;
    qir_pass_count(p, "arguments", quantize_arguments(f));
    qir_pass_count(p, "results", quantize_results(f));
    return true;
}

static const char *const statistics[] = {"arguments", "results", NULL};

QIR_PASS(quantize_io, .name = "quantize-io", .summary = "Let callers pass and receive integers.",
         .doc = "The body of `qcc -io=int8`: an argument that is only quantized becomes the quantized "
                "argument, a result that is only dequantized becomes the quantized result.\n"
                "\n"
                "Changes: argument and result types. Requires: quantize and dequantize at the edges. "
                "Leaves: edges that float ops touch.",
         .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_LAYOUTS, .statistics = statistics, .run = run)
