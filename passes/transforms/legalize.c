/* Changes: nothing.  Requires: a module ready for code generation.  Leaves: the same module, known
 * to have code for every op.  This is the last place where the input can be at fault: everything
 * that stands in the way is listed at once, one message per op and reason. */
#include <string.h>
#include "qir/codes.h"
#include "qir/layout.h"
#include "qir/ops.h"
#include "qir/pass.h"

typedef enum reason { FINE, NO_CODE, OBSERVER, CONSTANT, DTYPE, NUM_REASONS } reason;

/* Does the op's code handle the element type? */
static bool dtype_ok(const qir_op *op, const qir_type *t)
{
    static const qir_dtype ok[] = {QIR_f32, QIR_i1, QIR_i8, QIR_u8, QIR_i32, QIR_i64};
    if (t->kind == QIR_PACKED)
        return true;
    if (t->quant && qir_dtype_bits(t->dtype) < 8 && qir_codes_operand(op->opcode) >= 0)
        return true; /* weights of few bits */
    if (t->quant && qir_opcode_computes_on(op->opcode, t))
        return true;
    if (qir_op_has_trait(op, QIR_TRAIT_ANY_TYPE))
        return t->dtype != QIR_f64 || !qir_op_has_trait(op, QIR_TRAIT_NO_F64);
    for (size_t i = 0; i < sizeof ok / sizeof ok[0]; i++)
        if (t->dtype == ok[i])
            return true;
    return false;
}

/* The first operand or result type without code, or NULL. */
static const qir_type *offending_type(const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        if (qir_op_operand(op, i) && !dtype_ok(op, qir_op_operand(op, i)->type))
            return qir_op_operand(op, i)->type;
    for (uint32_t i = 0; i < op->nresults; i++)
        if (!dtype_ok(op, op->results[i].type))
            return op->results[i].type;
    return NULL;
}

static bool has_code(const qir_op *op)
{
    return qir_op_has_trait(op, QIR_TRAIT_VIEW) || qir_op_has_trait(op, QIR_TRAIT_TERMINATOR) ||
           strcmp(qir_op_desc_get(op->opcode)->lower, "none") != 0;
}

static bool is_constant(const qir_op *op, int operand)
{
    qir_value *v = qir_op_operand(op, (uint32_t)operand);
    return !v || qir_value_const(qir_value_root(v));
}

/* Weights are rearranged and biases corrected when code is generated. */
static bool has_constant_weight(const qir_op *op)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    return qir_op_weight(op) < 0 ||
           (is_constant(op, rule->weight) && is_constant(op, rule->bias));
}

static reason op_reason(const qir_op *op)
{
    if (op->opcode == QIR_OP_observe)
        return OBSERVER;
    if (!has_constant_weight(op))
        return CONSTANT;
    return !has_code(op) ? NO_CODE : offending_type(op) ? DTYPE : FINE;
}

typedef struct offence {
    const qir_op *first;
    int64_t count;
} offence;

static const char *const codes[NUM_REASONS] = {NULL, "legalize.op", "legalize.observe",
                                               "legalize.constant", "legalize.dtype"};

static const char *explanation(qir_arena *arena, const qir_op *op, reason r)
{
    switch (r) {
    case FINE:
    case NUM_REASONS:
        break;
    case NO_CODE:
        return "no code can be generated for it";
    case OBSERVER:
        return "observers must be replaced first: run apply-calibration and insert-qdq";
    case CONSTANT:
        return "its weight and bias must be constants";
    case DTYPE:
        return qir_arena_printf(arena, "no code for %s; elements must be %s",
                                qir_type_text(qir_op_module(op)->ctx, offending_type(op)),
                                qir_op_has_trait(op, QIR_TRAIT_ANY_TYPE)
                                    ? "f32, f16 or bf16"
                                    : "f32, i1, i8, u8, i32 or i64");
    }
    return "";
}

static void report(qir_pass *p, qir_module *m, qir_opcode opcode, reason r, const offence *o)
{
    qir_error(qir_context_diag(m->ctx), o->first->loc, codes[r], "'%s' (%lld time%s): %s",
              qir_op_desc_get(opcode)->name, (long long)o->count, o->count == 1 ? "" : "s",
              explanation(qir_pass_arena(p), o->first, r));
}

static void collect(const qir_module *m, offence (*table)[NUM_REASONS])
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            offence *o = &table[op->opcode][op_reason(op)];
            if (!o->count++)
                o->first = op;
        }
}

static bool run(qir_pass *p, qir_module *m)
{
    offence(*table)[NUM_REASONS] = qir_arena_array(qir_pass_arena(p), QIR_NUM_OPS, sizeof *table);
    bool ok = true;
    collect(m, table);
    for (qir_opcode i = 0; i < QIR_NUM_OPS; i++)
        for (reason r = NO_CODE; r < NUM_REASONS; r++)
            if (table[i][r].count) {
                report(p, m, i, r, &table[i][r]);
                ok = false;
            }
    return ok;
}

QIR_PASS(legalize, .name = "legalize",
         .summary = "Check that code can be generated for every op.",
         .doc = "Rejects ops without code, observers, weights that are no constants, and element "
                "types without code; lists all of them, with how often each occurs and where it is first.",
         .run = run)
