/* annotate-quant: decides which operands and results are quantized and which share their range.
 *
 * The decision is written onto the ops, readable and editable, and consumed by insert-observers:
 *   quant.in  = ["act", "weight", "float"]   one entry per operand
 *   quant.out = "act"
 *   quant.float = "why the op stays in float"
 * Entries: act, weight = an own range; float = none; in<k> = shares with operand k of this op;
 * src = shares with the value's producer. */
#include <stdlib.h>
#include <string.h>
#include "quantizer.h"
#include "qir/pass.h"
#include "qir/quant.h"
#include "qir/support/vec.h"

typedef struct annotator {
    qir_pass *pass;
    qir_context *ctx;
    const qir_quantizer *quantizer;
} annotator;

static const char *intern(const annotator *a, const char *s)
{
    return qir_intern_cstr(a->ctx, s);
}

static bool is_annotated(const annotator *a, const qir_value *v)
{
    qir_op *op = v ? qir_value_op(v) : NULL;
    return op && qir_dict_get(op->attrs, intern(a, "quant.out"));
}

static bool is_f32(const qir_value *v)
{
    return !v || (v->type->kind == QIR_TENSOR && !v->type->quant && v->type->dtype == QIR_f32);
}

static bool all_f32(const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        if (!is_f32(qir_op_operand(op, i)))
            return false;
    return is_f32(&op->results[0]);
}

static void stay_float(const annotator *a, qir_op *op, const char *why)
{
    qir_op_set_attr(op, intern(a, QIR_ATTR_FLOAT_REASON),
                    qir_attr_string(a->ctx, why, strlen(why)));
}

static void write(const annotator *a, qir_op *op, const char *const *in, const char *out)
{
    qir_op_set_attr(op, intern(a, "quant.in"), qir_attr_strings(a->ctx, in, op->noperands));
    qir_op_set_attr(op, intern(a, "quant.out"), qir_attr_string(a->ctx, out, strlen(out)));
    qir_pass_count(a->pass, "annotated", 1);
}

/* An entry per operand, all `first`. */
static const char **entries(const annotator *a, const qir_op *op, const char *first)
{
    const char **in = QIR_NEW_ARRAY(qir_pass_arena(a->pass), const char *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++)
        in[i] = intern(a, first);
    return in;
}

static void annotate_accum(const annotator *a, qir_op *op)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    if (!qir_value_const(qir_op_operand(op, (uint32_t)rule->weight))) {
        stay_float(a, op, "its weight is not a constant");
        return;
    }
    const char **in = entries(a, op, "float");
    in[0] = intern(a, "act");
    in[rule->weight] = intern(a, "weight");
    write(a, op, in, "act");
}

static const char *operand_entry(const annotator *a, uint32_t i)
{
    return intern(a, qir_arena_printf(qir_pass_arena(a->pass), "in%u", i));
}

/* The first operand whose range exists already, looking through ops that only move data, gives the
 * range of all. */
static uint32_t concat_source(const annotator *a, const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        while (v) {
            qir_op *def = qir_value_op(v);
            if (!def)
                break;
            if (is_annotated(a, v))
                return i;
            const qir_quantizer_row *row = qir_quantizer_row_of(a->quantizer, def);
            v = row && row->role == QIR_ROLE_PROPAGATE ? qir_op_operand(def, 0) : NULL;
        }
    }
    return 0;
}

static void annotate_concat(const annotator *a, qir_op *op)
{
    uint32_t source = concat_source(a, op);
    const char *shared = operand_entry(a, source);
    const char **in = entries(a, op, shared);
    in[source] = intern(a, "act");
    write(a, op, in, shared);
}

static void annotate_pool(const annotator *a, qir_op *op)
{
    write(a, op, entries(a, op, is_annotated(a, qir_op_operand(op, 0)) ? "src" : "act"), "in0");
}

static void annotate_propagated(const annotator *a, qir_op *op)
{
    if (!is_annotated(a, qir_op_operand(op, 0))) {
        stay_float(a, op, "its input is not quantized");
        return;
    }
    const char **in = entries(a, op, "float");
    in[0] = intern(a, "src");
    write(a, op, in, "in0");
}

/* Made by an op that has no integer form, looking through ops that follow their operand.  A constant
 * beside such a value counts as that; what was taken out of a table (an embedding) does not. */
static bool is_float_made(const annotator *a, const qir_value *v)
{
    const qir_op *def = v ? qir_value_op(v) : NULL;
    if (!def)
        return !v || v->kind == QIR_VALUE_CONST;
    const qir_quantizer_row *row = qir_quantizer_row_of(a->quantizer, def);
    qir_qrule_kind rule = qir_op_desc_get(def->opcode)->qrule.kind;
    bool follows = row ? row->role == QIR_ROLE_PROPAGATE
                       : rule == QIR_QR_SAME || rule == QIR_QR_LOOKUP || rule == QIR_QR_FIXED;
    if (follows)
        return !qir_value_const(qir_op_operand(def, 0)) && is_float_made(a, qir_op_operand(def, 0));
    return row ? qir_dict_get(def->attrs, intern(a, QIR_ATTR_FLOAT_REASON)) != NULL
               : rule == QIR_QR_NONE;
}

static bool joins_floats(const annotator *a, const qir_op *op, qir_quant_role role)
{
    if (!a->quantizer->follows || (role != QIR_ROLE_FREE && role != QIR_ROLE_CONCAT))
        return false;
    for (uint32_t i = 0; i < op->noperands; i++)
        if (!is_float_made(a, qir_op_operand(op, i)))
            return false;
    return true;
}

/* Rounds in which the roles are handed out: sharing looks at ranges that exist. */
static int round_of(qir_quant_role role)
{
    return role == QIR_ROLE_PROPAGATE ? 2 : role == QIR_ROLE_CONCAT || role == QIR_ROLE_POOL;
}

static void annotate(const annotator *a, qir_op *op, qir_quant_role role)
{
    if (!all_f32(op)) {
        stay_float(a, op, "not all of its operands are f32");
        return;
    }
    if (joins_floats(a, op, role)) {
        stay_float(a, op, "what it takes is made in float");
        return;
    }
    if (!qir_pass_may_transform(a->pass))
        return;
    switch (role) {
    case QIR_ROLE_ACCUM: annotate_accum(a, op); return;
    case QIR_ROLE_FREE: write(a, op, entries(a, op, "act"), "act"); return;
    case QIR_ROLE_POOL: annotate_pool(a, op); return;
    case QIR_ROLE_CONCAT: annotate_concat(a, op); return;
    case QIR_ROLE_PROPAGATE: annotate_propagated(a, op); return;
    }
}

static bool computes(const qir_op *op)
{
    return !qir_op_has_trait(op, QIR_TRAIT_TERMINATOR) && op->opcode != QIR_OP_quantize &&
           op->opcode != QIR_OP_dequantize && qir_type_is_float(op->results[0].type);
}

static void annotate_func(const annotator *a, qir_func *f, int round)
{
    qir_for_each_op(op, f->body) {
        if (!computes(op) || qir_dict_get(op->attrs, intern(a, "quant.in")))
            continue;
        const qir_quantizer_row *row = qir_quantizer_row_of(a->quantizer, op);
        if (row && round_of(row->role) == round)
            annotate(a, op, row->role);
        else if (!row && round == 0)
            stay_float(a, op,
                       qir_arena_printf(qir_pass_arena(a->pass),
                                        "quantizer '%s' does not quantize %s", a->quantizer->name,
                                        qir_op_name(op)));
    }
}

static bool run(qir_pass *p, qir_module *m)
{
    const char *name = qir_pass_string(p, "quantizer");
    const qir_quantizer *q = qir_quantizer_find(name);
    if (!q)
        return qir_error(qir_context_diag(m->ctx), m->loc, "quant.quantizer",
                         "unknown quantizer '%s'; expected default or xnnpack", name);
    annotator a = {p, m->ctx, q};
    m->attrs = qir_dict_set(m->ctx, m->attrs, intern(&a, "quantizer"),
                            qir_attr_string(m->ctx, q->name, strlen(q->name)));
    for (int round = 0; round < 3; round++)
        qir_for_each_func(f, m)
            annotate_func(&a, f, round);
    return true;
}

static const qir_pass_option options[] = {
    {"quantizer", QIR_OPT_STRING, "default", "table of quantized ops: default or xnnpack"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"annotated", NULL};

QIR_PASS(
    annotate_quant, .name = "annotate-quant",
    .summary = "Marks which operands and results are quantized and which share a range.",
    .doc = "Changes: attributes `quant.in`, `quant.out`, `quant.float` of ops, `quantizer` of the "
           "module.\nRequires: fused activations, folded batch norms (else relu and batch "
           "norm are separate ops).\nLeaves: the computation untouched.\nThe rules are those "
           "of XNNPACKQuantizer: docs/quantization.md.",
    .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_QDQ | QIR_STAGE_QUANTIZED, .options = options,
    .statistics = statistics, .run = run)
