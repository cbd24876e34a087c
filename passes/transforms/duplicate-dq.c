/* Changes: every user of a dequantize gets one of its own, directly before it.
 * Requires: nothing.  Leaves: any stage as it was; values stay as they are.
 * Patterns that look for dequantize -> op -> quantize then never meet an operand that others share. */
#include <string.h>
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"

typedef struct duplicator {
    qir_pass *pass;
    bool each_use; /* else one per user, however many of its operands it is */
    bool dynamic;
} duplicator;

/* The chain that a dequantize_affine with parameters from run time ends, or false. */
static bool is_dynamic(const qir_op *dq)
{
    const qir_op *q = qir_op_feeder(dq, 0, QIR_OP_quantize_affine);
    return q && qir_op_feeder(q, 1, QIR_OP_choose_qparams) &&
           qir_op_feeder(dq, 1, QIR_OP_choose_qparams);
}

static qir_op *match(const duplicator *d, const qir_op *user, uint32_t i)
{
    const qir_value *v = qir_op_operand(user, i);
    qir_op *dq = v ? qir_value_op(v) : NULL;
    if (!dq || qir_value_has_one_use(v))
        return NULL;
    if (dq->opcode == QIR_OP_dequantize)
        return dq;
    return d->dynamic && dq->opcode == QIR_OP_dequantize_affine && is_dynamic(dq) ? dq : NULL;
}

/* Operands of which `from` is a result get the same one of `to`. */
static void redirect(qir_op *op, const qir_op *from, qir_op *to)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        for (uint32_t r = 0; r < from->nresults; r++)
            if (qir_op_operand(op, i) == &from->results[r])
                qir_op_set_operand(op, i, &to->results[r]);
}

static qir_op *copy(const qir_op *op, qir_op *user)
{
    qir_builder b = qir_builder_before(user);
    const qir_type *types[] = {op->results[0].type, NULL};
    qir_value *in[3];
    for (uint32_t i = 0; i < op->noperands; i++)
        in[i] = qir_op_operand(op, i);
    b.loc = op->loc;
    return qir_build_dict(&b, op->opcode, in, op->noperands, op->attrs, types);
}

/* The dequantize and, where its parameters come from run time, all that they depend on. */
static qir_op *copy_chain(const qir_op *dq, qir_op *user)
{
    if (dq->opcode == QIR_OP_dequantize)
        return copy(dq, user);
    const qir_op *q = qir_op_feeder(dq, 0, QIR_OP_quantize_affine);
    const qir_op *p = qir_op_feeder(dq, 1, QIR_OP_choose_qparams);
    qir_op *params = copy(p, user), *quantize = params ? copy(q, user) : NULL;
    qir_op *dequantize = quantize ? copy(dq, user) : NULL;
    if (!dequantize)
        return NULL;
    redirect(quantize, p, params);
    redirect(dequantize, p, params);
    redirect(dequantize, q, quantize);
    return dequantize;
}

static bool has_other_users(const qir_op *user, const qir_value *v)
{
    qir_for_each_use(u, v)
        if (u->user != user)
            return true;
    return false;
}

static bool duplicate(const duplicator *d, qir_op *user, uint32_t i)
{
    qir_op *dq = match(d, user, i);
    if (!dq || (!d->each_use && !has_other_users(user, &dq->results[0])) ||
        !qir_pass_may_transform(d->pass))
        return true;
    qir_op *own = copy_chain(dq, user);
    if (!own)
        return false;
    if (d->each_use)
        qir_op_set_operand(user, i, &own->results[0]);
    else
        redirect(user, dq, own);
    qir_pass_count(d->pass, "copies", 1);
    return true;
}

static bool read_each(const qir_pass *p, const qir_module *m, duplicator *d)
{
    const char *each = qir_pass_string(p, "each");
    d->each_use = !strcmp(each, "use");
    return d->each_use || !strcmp(each, "user") ||
           qir_error(qir_context_diag(m->ctx), m->loc, "pipeline.value",
                     "option 'each' of pass 'duplicate-dq' must be user or use, got '%s'", each);
}

static bool run(qir_pass *p, qir_module *m)
{
    duplicator d = {.pass = p, .dynamic = qir_pass_bool(p, "dynamic")};
    if (!read_each(p, m, &d))
        return false;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            for (uint32_t i = 0; i < op->noperands; i++)
                if (!duplicate(&d, op, i))
                    return false;
    return true;
}

static const qir_pass_option options[] = {
    {"each", QIR_OPT_STRING, "user", "`user`: one per op that reads it; `use`: one per operand"},
    {"dynamic", QIR_OPT_BOOL, "false",
     "also copy choose_qparams, quantize_affine and dequantize_affine, else left shared"},
    {NULL, QIR_OPT_BOOL, NULL, NULL}};
static const char *const statistics[] = {"copies", NULL};

QIR_PASS(duplicate_dq, .name = "duplicate-dq",
         .alias = "DuplicateDQ,ReplicateDeQuant{each=use},"
                  "ReplicateChooseQParamsQuantDequant{each=use dynamic=true}",
         .summary = "Gives every user of a dequantize one of its own.",
         .doc = "The copies stand directly before their users; the last user keeps the original.  "
                "PT2E's DuplicateDQPass makes one per user, TorchScript's ReplicateDeQuant one per "
                "operand.",
         .options = options, .statistics = statistics, .run = run)
