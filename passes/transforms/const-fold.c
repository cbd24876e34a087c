/* Changes: pure ops whose operands are all constants become constants, by the reference evaluator.
 * Requires: nothing.  Leaves: any stage as it was.
 * Quantized weights stay integers: quantize and dequantize are folded only when asked. */
#include "qir/eval.h"
#include "qir/ops.h"
#include "qir/pass.h"

/* prepack and relayout belong to the passes that insert them. */
static const qir_opcode never[] = {QIR_OP_prepack, QIR_OP_relayout};

static bool kind_folds(const qir_pass *p, const qir_op *op)
{
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (op->opcode == never[i])
            return false;
    if (op->opcode == QIR_OP_quantize)
        return qir_pass_bool(p, "fold-quantize");
    if (op->opcode == QIR_OP_dequantize || op->opcode == QIR_OP_dequantize_affine)
        return qir_pass_bool(p, "fold-dequantize");
    return qir_op_has_trait(op, QIR_TRAIT_PURE);
}

static bool small(const qir_type *t, int64_t limit)
{
    return qir_type_is_static(t) && (uint64_t)qir_type_bytes(t) <= (uint64_t)limit;
}

/* Splats are expanded for evaluation, so the limit is for them too. */
static bool operands_fold(const qir_op *op, int64_t limit)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *v = qir_op_operand(op, i);
        qir_const *c = v ? qir_value_const(v) : NULL;
        if (v && (!c || (c->payload == QIR_PAYLOAD_SPLAT && !small(v->type, limit))))
            return false;
    }
    return op->noperands > 0;
}

static bool folds(const qir_pass *p, const qir_op *op)
{
    int64_t limit = qir_pass_int(p, "max-bytes");
    if (!kind_folds(p, op) || !operands_fold(op, limit))
        return false;
    for (uint32_t i = 0; i < op->nresults; i++)
        if (!small(op->results[i].type, limit))
            return false;
    return true;
}

static bool load_operands(const qir_op *op, qir_tensor *in)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *v = qir_op_operand(op, i);
        if (!v)
            continue;
        in[i] = (qir_tensor){v->type, (void *)qir_const_data(qir_value_const(v))};
        if (!in[i].data)
            return false;
    }
    return true;
}

static void replace(qir_op *op, const qir_tensor *out)
{
    qir_module *m = qir_op_module(op);
    for (uint32_t i = 0; i < op->nresults; i++) {
        qir_value *r = &op->results[i];
        const char *name = r->name ? r->name : "folded";
        if (!r->uses)
            continue;
        qir_const *c = qir_const_create(m, name, r->type, out[i].data, false, op->loc);
        qir_value_replace_all(r, &c->value);
    }
    qir_op_erase(op);
}

/* Results are made in the module's arena, where the constant keeps them. */
static bool fold(qir_pass *p, qir_op *op)
{
    qir_module *m = qir_op_module(op);
    qir_tensor *in = QIR_NEW_ARRAY(qir_pass_arena(p), qir_tensor, op->noperands);
    qir_tensor *out = QIR_NEW_ARRAY(qir_pass_arena(p), qir_tensor, op->nresults);
    if (!load_operands(op, in) ||
        !qir_eval_op(op, in, out, m->arena, qir_context_diag(m->ctx)))
        return false;
    replace(op, out);
    qir_pass_count(p, "folded", 1);
    return true;
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            if (folds(p, op) && qir_pass_may_transform(p) && !fold(p, op))
                return false;
    return true;
}

static const qir_pass_option options[] = {
    {"fold-quantize", QIR_OPT_BOOL, "false", "also fold quantize of constants"},
    {"fold-dequantize", QIR_OPT_BOOL, "false",
     "also fold dequantize of constants; only when no op can become integer any more"},
    {"max-bytes", QIR_OPT_INT, "67108864", "largest constant to make"},
    {NULL, QIR_OPT_BOOL, NULL, NULL}};
static const char *const statistics[] = {"folded", NULL};

QIR_PASS(const_fold, .name = "const-fold", .summary = "Evaluate ops whose operands are constants.",
         .doc = "Evaluates pure ops with the reference evaluator, so the bytes are those the "
                "program would have computed.  `dequantize` stays unless asked for: quantized "
                "weights stay integers.",
         .options = options, .statistics = statistics, .run = run)
