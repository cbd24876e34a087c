/* How the roles of quantizers' tables annotate an op. */
#include "quant_roles.h"

#include <string.h>
#include "qir/ops.h"
#include "qir/quant.h"

static const qir_qspec from_producer = {.kind = QIR_QSPEC_PRODUCER};

/* A spec per operand, all `first`. */
static const qir_qspec **specs(const qir_table_run *r, const qir_op *op, const qir_qspec *first)
{
    const qir_qspec **in =
        QIR_NEW_ARRAY(qir_annotator_arena(r->a), const qir_qspec *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++)
        in[i] = first;
    return in;
}

static const qir_qspec *shared_with(const qir_table_run *r, uint32_t i)
{
    qir_qspec *s = QIR_NEW(qir_annotator_arena(r->a), qir_qspec);
    *s = qir_qspec_same_as_operand(i);
    return s;
}

/* Has `v` parameters already, looking through ops that will share their operand's? */
static bool has_parameters(const qir_table_run *r, const qir_value *v)
{
    qir_op *def = v ? qir_value_op(v) : NULL;
    if (!def || qir_is_annotated(v))
        return def != NULL;
    return qir_quant_follower_row(r->table, def) && has_parameters(r, qir_op_operand(def, 0));
}

/* The operands at `op`; the result at the batch norm or relu behind it where the row takes them too. */
static void write(const qir_table_run *r, qir_op *op, const qir_qspec *const *in, const qir_qspec *out)
{
    qir_op *norm = qir_norm_behind(op), *relu = qir_row_takes_relu(r->row) ? qir_relu_behind(op) : NULL;
    qir_annotate(r->a, op, in, norm || relu ? &qir_qspec_float : out);
    if (norm)
        qir_annotate(r->a, norm, specs(r, norm, &qir_qspec_float), relu ? &qir_qspec_float : out);
    if (relu)
        qir_annotate(r->a, relu, specs(r, relu, &qir_qspec_float), out);
}

/* --- roles ----------------------------------------------------------------------------------- */

static void annotate_weighted(const qir_table_run *r, qir_op *op, const qir_qspec *x,
                              const qir_qspec *out)
{
    uint32_t weight = (uint32_t)qir_op_desc_get(op->opcode)->qrule.weight;
    if (!qir_value_const(qir_op_operand(op, weight))) {
        qir_annotate_float(r->a, op, "its weight is not a constant");
        return;
    }
    const qir_qspec **in = specs(r, op, &qir_qspec_float);
    in[0] = x;
    in[weight] = r->table->weight;
    write(r, op, in, out);
}

static void annotate_accum(const qir_table_run *r, qir_op *op)
{
    annotate_weighted(r, op, r->table->act, r->table->act);
}

static void annotate_dynamic(const qir_table_run *r, qir_op *op)
{
    annotate_weighted(r, op, r->table->act, &qir_qspec_float);
}

static void annotate_weight(const qir_table_run *r, qir_op *op)
{
    annotate_weighted(r, op, &qir_qspec_float, &qir_qspec_float);
}

static void annotate_embedding(const qir_table_run *r, qir_op *op)
{
    if (!qir_value_const(qir_op_operand(op, 0)) || !qir_is_plain_f32(qir_op_operand(op, 0))) {
        qir_annotate_float(r->a, op, "its table is not a constant of f32");
        return;
    }
    const qir_qspec **in = specs(r, op, &qir_qspec_float);
    in[0] = r->table->embedding;
    qir_annotate(r->a, op, in, &qir_qspec_float);
}

/* Ops that sum their operand 0 take the others as they are (gamma and beta of a norm). */
static void annotate_free(const qir_table_run *r, qir_op *op)
{
    const qir_qspec **in = specs(r, op, r->table->act);
    for (uint32_t i = 1; i < op->noperands; i++)
        if (qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_FREE)
            in[i] = &qir_qspec_float;
    write(r, op, in, r->table->act);
}

/* The first operand that has parameters already gives those of all. */
static uint32_t concat_source(const qir_table_run *r, const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        if (has_parameters(r, qir_op_operand(op, i)))
            return i;
    return 0;
}

static void annotate_concat(const qir_table_run *r, qir_op *op)
{
    uint32_t source = concat_source(r, op);
    const qir_qspec *shared = shared_with(r, source), **in = specs(r, op, shared);
    in[source] = r->table->act;
    qir_annotate(r->a, op, in, shared);
}

static void annotate_pool(const qir_table_run *r, qir_op *op)
{
    bool annotated = qir_is_annotated(qir_op_operand(op, 0));
    qir_annotate(r->a, op, specs(r, op, annotated ? &from_producer : r->table->act),
                 shared_with(r, 0));
}

static void annotate_join(const qir_table_run *r, qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        if (!qir_value_const(v) && !has_parameters(r, v)) {
            qir_annotate_float(r->a, op, "not all of its operands are quantized");
            return;
        }
    }
    annotate_free(r, op);
}

/* Operand 0 as its producer has it, the result as `out` says. */
static void annotate_follower(const qir_table_run *r, qir_op *op, const qir_qspec *out)
{
    if (!qir_is_annotated(qir_op_operand(op, 0))) {
        qir_annotate_float(r->a, op, "its input is not quantized");
        return;
    }
    const qir_qspec **in = specs(r, op, &qir_qspec_float);
    in[0] = &from_producer;
    qir_annotate(r->a, op, in, out);
}

static void annotate_propagated(const qir_table_run *r, qir_op *op)
{
    annotate_follower(r, op, shared_with(r, 0));
}

/* Users annotated before take the value as it is: a second pair of parameters would only round again. */
static void hand_on(const qir_table_run *r, qir_op *op)
{
    qir_for_each_use(u, &op->results[0])
        if (qir_dict_get(u->user->attrs, qir_intern_cstr(qir_op_module(op)->ctx, "quant.in")))
            qir_annotate_operand(r->a, u->user, (uint32_t)(u - u->user->operands), &from_producer);
}

/* What the op's results always are (a sigmoid's: 1/256): its rule holds the parameters for i8. */
static void annotate_fixed(const qir_table_run *r, qir_op *op)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    qir_qspec *out = QIR_NEW(qir_annotator_arena(r->a), qir_qspec);
    qir_dtype t = r->table->act->dtype;
    *out = (qir_qspec){.kind = QIR_QSPEC_FIXED,
                       .dtype = t,
                       .qmin = (int32_t)qir_dtype_min(t),
                       .qmax = (int32_t)qir_dtype_max(t),
                       .scale = rule->scale,
                       .zero_point = rule->zero_point + (qir_dtype_is_signed(t) ? 0 : 128)};
    annotate_follower(r, op, out);
    if (qir_is_annotated(&op->results[0]))
        hand_on(r, op);
}

const qir_role_row qir_roles[QIR_ROLE_COUNT] = {
    [QIR_ROLE_ACCUM] = {0, false, annotate_accum},
    [QIR_ROLE_DYNAMIC] = {0, false, annotate_dynamic},
    [QIR_ROLE_WEIGHT] = {0, false, annotate_weight},
    [QIR_ROLE_EMBEDDING] = {0, true, annotate_embedding},
    [QIR_ROLE_FREE] = {0, false, annotate_free},
    [QIR_ROLE_ACCUM_RELU] = {0, false, annotate_accum},
    [QIR_ROLE_FREE_RELU] = {0, false, annotate_free},
    [QIR_ROLE_POOL] = {1, false, annotate_pool},
    [QIR_ROLE_CONCAT] = {1, false, annotate_concat},
    [QIR_ROLE_JOIN] = {1, false, annotate_join},
    [QIR_ROLE_FIXED] = {2, false, annotate_fixed}, /* 2: behind all quantizers, in propagation */
    [QIR_ROLE_PROPAGATE] = {2, false, annotate_propagated},
};
