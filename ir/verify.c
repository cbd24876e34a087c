/* The verifier: structure first (terminator, dominance, use lists, symbols), then every op through
 * its infer function.  Reports all errors, up to the engine's limit. */
#include "module_priv.h"
#include "qir/ops.h"
#include "qir/preprocess.h"
#include "qir/support/assert.h"
#include "qir/text.h"

typedef struct verifier {
    const qir_module *m;
    qir_diag_engine *diag;
    bool ok;
} verifier;

#define FAIL(v, loc, code, ...) ((v)->ok = qir_error((v)->diag, (loc), (code), __VA_ARGS__))

static const char *name_of(const qir_value *v)
{
    return v->name ? v->name : "(unnamed)";
}

static void check_operand(verifier *v, qir_op *op, const qir_value *value)
{
    switch ((qir_value_kind)value->kind) {
    case QIR_VALUE_RESULT: {
        qir_op *def = value->def;
        if (def->parent != op->parent || !qir_op_before(def, op)) {
            FAIL(v, op->loc, "ssa.dominance", "'%%%s' is used before it is defined",
                 name_of(value));
            qir_note(v->diag, def->loc, "defined here");
        }
        return;
    }
    case QIR_VALUE_ARG:
        if (value->def != op->parent)
            FAIL(v, op->loc, "ssa.scope", "'%%%s' is an argument of another function",
                 name_of(value));
        return;
    case QIR_VALUE_CONST:
        if (((const qir_const *)value->def)->module != v->m)
            FAIL(v, op->loc, "ssa.scope", "'@%s' belongs to another module", name_of(value));
        return;
    }
}

static void check_uses(const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_use *u = &op->operands[i];
        QIR_ASSERT(u->user == op, "operand slot with another user");
        QIR_ASSERT(!u->value || *u->prev == u, "operand slot not in its value's use list");
        (void)u;
    }
}

static void check_types(verifier *v, qir_op *op)
{
    const qir_op_desc *desc = qir_op_desc_get(op->opcode);
    qir_value *operands_few[8], **operands = operands_few;
    const qir_type *results[QIR_MAX_RESULTS];
    if (!qir_op_takes_results(desc, op->nresults)) {
        FAIL(v, op->loc, "op.results", "%s has %u results, expected %u", desc->name, op->nresults,
             desc->nresults);
        return;
    }
    if (op->noperands > 8)
        operands = QIR_NEW_ARRAY(v->m->arena, qir_value *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++)
        operands[i] = op->operands[i].value;
    for (unsigned i = 0; i < op->nresults; i++)
        results[i] = op->results[i].type;
    qir_infer q = {.module = (qir_module *)(uintptr_t)v->m,
                   .opcode = op->opcode,
                   .loc = op->loc,
                   .attrs = op->attrs,
                   .operands = operands,
                   .noperands = op->noperands,
                   .results = results,
                   .nresults = op->nresults};
    v->ok &= qir_infer_op(&q) && qir_check_accumulator(op, false);
}

static void check_op(verifier *v, qir_op *op)
{
    bool before = v->ok;
    v->ok = true;
    check_uses(op);
    for (uint32_t i = 0; i < op->noperands; i++)
        if (op->operands[i].value)
            check_operand(v, op, op->operands[i].value);
    if (v->ok)
        check_types(v, op);
    if (qir_op_has_trait(op, QIR_TRAIT_TERMINATOR) != (op->next == NULL))
        FAIL(v, op->loc, "func.terminator", op->next ? "'%s' must be the last op of its function"
                                                     : "a function must end with 'return', not '%s'",
             qir_op_name(op));
    v->ok &= before;
}

static void check_return(verifier *v, const qir_func *f)
{
    const qir_op *ret = f->body->last;
    if (ret->opcode != QIR_OP_return)
        return;
    if (ret->noperands != f->nresults) {
        FAIL(v, ret->loc, "func.results", "function returns %u values but declares %u",
             ret->noperands, f->nresults);
        return;
    }
    for (uint32_t i = 0; i < f->nresults; i++) {
        const qir_value *value = ret->operands[i].value;
        if (value && value->type != f->result_types[i]) {
            FAIL(v, ret->loc, "func.results", "result %u has type %s but the function declares %s",
                 i, qir_type_text(v->m->ctx, value->type),
                 qir_type_text(v->m->ctx, f->result_types[i]));
        }
    }
}

/* Pairs of argument and largest size. */
static void check_sizes(verifier *v, const qir_func *f)
{
    const qir_attr *a = qir_dict_get(f->attrs, qir_intern(v->m->ctx, "sizes", 5));
    bool ok = !a || (a->kind == QIR_ATTR_INTS && a->len % 2 == 0);
    for (size_t i = 0; a && ok && i < a->len; i += 2) {
        int64_t arg = a->u.ints[i];
        ok = arg >= 0 && arg < f->body->nargs && a->u.ints[i + 1] > 0 &&
             f->body->args[arg]->type->rank == 0 && f->body->args[arg]->type->dtype == QIR_i64;
    }
    if (!ok)
        FAIL(v, f->loc, "func.sizes",
             "'sizes' of function '@%s' must list pairs of an i64 scalar argument and its largest "
             "value",
             f->name);
}

/* An argument per result, or -1; none of two results. */
static void check_updates(verifier *v, const qir_func *f)
{
    const qir_attr *a = qir_dict_get(f->attrs, qir_intern(v->m->ctx, "updates", 7));
    bool ok = !a || (a->kind == QIR_ATTR_INTS && a->len == f->nresults);
    for (uint32_t k = 0; a && ok && k < f->nresults; k++) {
        int64_t arg = a->u.ints[k];
        ok = arg >= -1 && arg < (int64_t)f->body->nargs;
        for (uint32_t i = 0; ok && arg >= 0 && i < k; i++)
            ok = a->u.ints[i] != arg;
    }
    if (!ok)
        FAIL(v, f->loc, "func.updates",
             "'updates' of function '@%s' must list for each result the argument that it updates, "
             "each once, or -1",
             f->name);
}

/* A text per argument. */
static void check_preprocess(verifier *v, const qir_func *f)
{
    qir_preprocess p;
    const qir_attr *a = qir_dict_get(f->attrs, qir_intern_cstr(v->m->ctx, "preprocess"));
    bool ok = !a || (a->kind == QIR_ATTR_STRINGS && a->len == f->body->nargs);
    for (size_t i = 0; a && ok && i < a->len; i++)
        ok = !*a->u.strings[i] || !qir_preprocess_read(a->u.strings[i], &p);
    if (!ok)
        FAIL(v, f->loc, "func.preprocess",
             "'preprocess' of function '@%s' must list for each argument \"\" or a text like "
             "\"scale=1/255,mean=0.5,std=0.5\"",
             f->name);
}

static void check_func(verifier *v, const qir_func *f)
{
    if (qir_map_get(&v->m->priv->funcs, f->name) != f)
        FAIL(v, f->loc, "func.redef", "function '@%s' is defined twice", f->name);
    if (!f->body->last) {
        FAIL(v, f->loc, "func.terminator", "function '@%s' has no 'return'", f->name);
        return;
    }
    for (qir_op *op = f->body->first; op; op = op->next)
        check_op(v, op);
    check_return(v, f);
    check_sizes(v, f);
    check_updates(v, f);
    check_preprocess(v, f);
}

bool qir_verify(const qir_module *m)
{
    verifier v = {m, qir_context_diag(m->ctx), true};
    if (!m->funcs)
        FAIL(&v, m->loc, "qir.empty", "no function in module");
    for (const qir_func *f = m->funcs; f; f = f->next)
        check_func(&v, f);
    return v.ok;
}
