/* Changes: pure ops whose operands are all constants become constants, by the reference evaluator.
 * Requires: nothing.  Leaves: any stage as it was.
 * Quantized weights stay integers: quantize and dequantize are folded only when asked, and ops that
 * dequantize what they read stay. */
#include "qir/codes.h"
#include "qir/eval.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"
#include "qir/support/map.h"
#include "../observing.h"

/* prepack and relayout belong to the passes that insert them. */
static const qir_opcode never[] = {QIR_OP_prepack, QIR_OP_relayout};

/* Made by fuse-weight-dequantize, so that codes stay codes. */
static bool dequantizes_operand(const qir_op *op)
{
    int i = qir_codes_operand(op->opcode);
    return i >= 0 && qir_op_operand(op, (uint32_t)i)->type->quant &&
           qir_type_is_float(op->results[0].type);
}

static bool kind_folds(const qir_pass *p, const qir_op *op)
{
    if (dequantizes_operand(op))
        return false;
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (op->opcode == never[i])
            return false;
    if (op->opcode == QIR_OP_quantize)
        return qir_pass_bool(p, "fold-quantize") || qir_pass_bool(p, "only-quantize");
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

/* --- only what is quantized ------------------------------------------------------------------- */
/* Ops whose results reach a quantize through ops that fold; filled backwards, users first. */
static bool feeds(const qir_map *quantized, const qir_op *op)
{
    for (uint32_t i = 0; i < op->nresults; i++)
        qir_for_each_use(u, &op->results[i])
            if (qir_map_has(quantized, u->user))
                return true;
    return false;
}

static void find_quantized(const qir_pass *p, const qir_func *f, qir_map *quantized)
{
    for (qir_op *op = f->body->last; op; op = op->prev)
        if (kind_folds(p, op) && (op->opcode == QIR_OP_quantize || feeds(quantized, op)))
            qir_map_put(quantized, op, op);
}

/* --- folding ---------------------------------------------------------------------------------- */
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

/* A weight that is no number has no code. */
static bool check_finite(const qir_op *op, const qir_tensor *in)
{
    const qir_value *x = qir_op_operand(op, 0);
    if (op->opcode != QIR_OP_quantize)
        return true;
    int64_t bad = qir_first_non_finite(in[0].data, qir_type_elements(x->type));
    return bad < 0 || qir_error(qir_context_diag(qir_op_module(op)->ctx), op->loc, "quant.value",
                                "element %lld of '@%s' is not finite and cannot be quantized",
                                (long long)bad, x->name);
}

/* With `quantized`, users outside of it (of ops that feed it) keep reading the op itself. */
static void replace_uses(qir_value *r, qir_value *c, const qir_map *quantized)
{
    qir_for_each_use(u, r)
        if (!quantized || qir_value_op(r)->opcode == QIR_OP_quantize || qir_map_has(quantized, u->user))
            qir_op_set_operand(u->user, (uint32_t)(u - u->user->operands), c);
}

/* What has no name of its own is called after the constant that it was. */
static const char *name_of(const qir_op *op)
{
    const qir_value *x = qir_op_operand(op, 0);
    return x && x->name ? x->name : "folded";
}

static void replace(qir_op *op, const qir_tensor *out, const qir_map *quantized)
{
    qir_module *m = qir_op_module(op);
    for (uint32_t i = 0; i < op->nresults; i++) {
        qir_value *r = &op->results[i];
        const char *name = r->name ? r->name : name_of(op);
        if (!r->uses)
            continue;
        qir_const *c = qir_const_create(m, name, r->type, out[i].data, false, op->loc);
        replace_uses(r, &c->value, quantized);
    }
    if (qir_op_is_dead(op))
        qir_op_erase(op);
}

/* Results are made in the module's arena, where the constant keeps them. */
static bool fold(qir_pass *p, qir_op *op, const qir_map *quantized)
{
    qir_module *m = qir_op_module(op);
    qir_tensor *in = QIR_NEW_ARRAY(qir_pass_arena(p), qir_tensor, op->noperands);
    qir_tensor *out = QIR_NEW_ARRAY(qir_pass_arena(p), qir_tensor, op->nresults);
    if (!load_operands(op, in) || !check_finite(op, in) ||
        !qir_eval_op(op, in, out, m->arena, qir_context_diag(m->ctx)))
        return false;
    replace(op, out, quantized);
    qir_pass_count(p, "folded", 1);
    return true;
}

static bool fold_func(qir_pass *p, qir_func *f, const qir_map *quantized)
{
    qir_for_each_op(op, f->body)
        if ((!quantized || qir_map_has(quantized, op)) && folds(p, op) && qir_pass_may_transform(p) &&
            !fold(p, op, quantized))
            return false;
    return true;
}

static bool run(qir_pass *p, qir_module *m)
{
    bool only = qir_pass_bool(p, "only-quantize"), ok = true;
    qir_for_each_func(f, m) {
        qir_map quantized = {0};
        if (only)
            find_quantized(p, f, &quantized);
        ok = ok && fold_func(p, f, only ? &quantized : NULL);
        qir_map_free(&quantized);
    }
    if (only)
        qir_erase_unused_consts(m); /* what the folded ops read */
    return ok;
}

static const qir_pass_option options[] = {
    {"fold-quantize", QIR_OPT_BOOL, "false", "also fold quantize of constants"},
    {"only-quantize", QIR_OPT_BOOL, "false",
     "fold quantize of constants and the pure ops that feed it, nothing else, as PT2E's convert does"},
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
