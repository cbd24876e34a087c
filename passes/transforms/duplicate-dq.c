/* Changes: every user of a dequantize but the first gets one of its own, directly before it.
 * Requires: nothing.  Leaves: any stage as it was; values stay as they are.
 * Patterns that look for dequantize -> op -> quantize then never meet an operand that others share. */
#include <string.h>
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"
#include "qir/support/map.h"

typedef struct duplicator {
    qir_pass *pass;
    bool each_use; /* else one per user, however many of its operands it is */
    bool dynamic;
    qir_map first; /* dequantize -> its first user in program order, which keeps it */
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
    if (!dq)
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

/* Does `user` read `dq` itself? */
static bool keeps(duplicator *d, const qir_op *dq, qir_op *user)
{
    const qir_op *first = qir_map_get(&d->first, dq);
    if (!first)
        qir_map_put(&d->first, dq, user);
    return !first || (first == user && !d->each_use);
}

static bool duplicate(duplicator *d, qir_op *user, uint32_t i)
{
    qir_op *dq = match(d, user, i);
    if (!dq || keeps(d, dq, user) || !qir_pass_may_transform(d->pass))
        return true;
    qir_op *own = copy_chain(dq, user);
    if (!own)
        return false;
    qir_map_put(&d->first, own, user);
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
    bool ok = true;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            for (uint32_t i = 0; ok && i < op->noperands; i++)
                ok = duplicate(&d, op, i);
    qir_map_free(&d.first);
    return ok;
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
         .doc = "The copies stand directly before their users; the first user keeps the original.  "
                "PT2E's DuplicateDQPass makes one per user, TorchScript's ReplicateDeQuant one per "
                "operand.",
         .options = options, .statistics = statistics, .run = run)
