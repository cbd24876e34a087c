/* keep-float-if-faster: integer ops that are faster in float stay there.
 *
 * Ops that hand each other integers are one group: what its float ops take is compared with what its integer ops and
 * the quantize and dequantize around them take.  Which they are shows a copy of the module that is lowered. */
#include <string.h>
#include "prepack.h"
#include "qir/kernel_plan.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/quant.h"
#include "qir/support/map.h"

typedef struct group {
    struct group *into; /* NULL, or the group that it has become a part of */
    double integer, edges, real; /* cycles */
} group;

typedef struct decision {
    qir_pass *pass;
    qir_level level;
    qir_map of_op;  /* integer op of the copy -> group */
    group **numbered; /* group of each numbered op of the module; NULL: stays in float anyway */
    size_t n;
} decision;

/* Float ops are numbered by an attribute, which their integer forms keep. */
static const char number_attr[] = "quant.number";

static group *whole(group *g)
{
    while (g && g->into)
        g = g->into;
    return g;
}

static group *group_of(decision *d, const qir_op *op)
{
    return op ? whole(qir_map_get(&d->of_op, op)) : NULL;
}

static void join(group *a, group *b)
{
    if (a == b)
        return;
    a->integer += b->integer;
    a->edges += b->edges;
    b->into = a;
}

/* ---- groups of the lowered copy ------------------------------------------------------------------ */
static void add_op(decision *d, const qir_op *op)
{
    group *g = qir_arena_alloc(qir_pass_arena(d->pass), sizeof *g);
    *g = (group){.integer = qir_op_cycles(d->level, op)};
    qir_map_put(&d->of_op, op, g);
    const qir_attr *number = qir_op_attr(op, number_attr);
    if (number)
        d->numbered[number->u.i] = g;
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        group *from = v ? group_of(d, qir_value_op(v)) : NULL;
        if (from)
            join(from, whole(g));
    }
}

/* An edge counts once, for the first group that it leads to or from. */
static void add_edge(decision *d, const qir_op *op)
{
    const qir_value *v = qir_op_operand(op, 0);
    group *g = group_of(d, qir_value_op(v));
    qir_for_each_use(u, &op->results[0])
        g = g ? g : group_of(d, u->user);
    if (g)
        g->edges += qir_op_cycles(d->level, op);
}

static void find_groups(decision *d, const qir_func *f)
{
    qir_for_each_op(op, f->body)
        if (op->noperands && qir_op_operand(op, 0) && qir_op_arithmetic(op) == QIR_ARITH_INTEGER &&
            qir_op_operand(op, 0)->type->quant)
            add_op(d, op);
    qir_for_each_op(op, f->body)
        if (qir_op_arithmetic(op) == QIR_ARITH_EDGE)
            add_edge(d, op);
}

/* ---- ops of the module between its pairs ------------------------------------------------------------ */
static void number_ops(decision *d, qir_module *m)
{
    qir_for_each_op(op, qir_module_main(m)->body)
        if (qir_op_arithmetic(op) == QIR_ARITH_FLOAT)
            qir_op_set_attr(op, qir_intern_cstr(m->ctx, number_attr), qir_attr_int(m->ctx, (int64_t)d->n++));
    d->numbered = QIR_NEW_ARRAY(qir_pass_arena(d->pass), group *, d->n + 1);
}

static void drop_numbers(qir_module *m)
{
    qir_for_each_op(op, qir_module_main(m)->body)
        qir_op_set_attr(op, qir_intern_cstr(m->ctx, number_attr), NULL);
}

static group *group_at(const decision *d, const qir_op *op)
{
    const qir_attr *number = qir_op_attr(op, number_attr);
    return number ? whole(d->numbered[number->u.i]) : NULL;
}

/* What stands before dequantize(quantize(x)), else the value itself. */
static qir_value *before_pair(qir_value *v)
{
    qir_op *d = v ? qir_value_op(v) : NULL;
    qir_op *q = d && d->opcode == QIR_OP_dequantize ? qir_op_feeder(d, 0, QIR_OP_quantize) : NULL;
    return q && qir_op_operand(q, 0)->type == v->type ? qir_op_operand(q, 0) : v;
}

/* The pairs around it are of no use any more. */
static void drop_pairs(qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        if (qir_op_operand(op, i) != before_pair(qir_op_operand(op, i)))
            qir_op_set_operand(op, i, before_pair(qir_op_operand(op, i)));
    qir_for_each_use(u, &op->results[0]) {
        if (u->user->opcode != QIR_OP_quantize)
            continue;
        qir_for_each_use(w, &u->user->results[0])
            if (w->user->opcode == QIR_OP_dequantize && w->user->results[0].type == op->results[0].type)
                qir_value_replace_all(&w->user->results[0], &op->results[0]);
    }
}

static void keep(decision *d, qir_op *op, const group *g)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    const char *why = qir_arena_printf(qir_pass_arena(d->pass),
                                       "about %.0f cycles in float, %.0f in integers and %.0f to quantize around them",
                                       g->real, g->integer, g->edges);
    qir_op_set_attr(op, qir_intern_cstr(ctx, QIR_ATTR_KEEP_FLOAT), qir_attr_bool(ctx, true));
    qir_op_set_attr(op, qir_intern_cstr(ctx, QIR_ATTR_FLOAT_REASON), qir_attr_string(ctx, why, strlen(why)));
    drop_pairs(op);
    qir_pass_count(d->pass, "kept", 1);
}

static void decide(decision *d, qir_func *f)
{
    qir_for_each_op(op, f->body) {
        group *g = group_at(d, op);
        if (g)
            g->real += qir_op_cycles(d->level, op);
    }
    qir_for_each_op(op, f->body) {
        const group *g = group_at(d, op);
        if (g && g->real > 0.0 && g->real < g->integer + g->edges && qir_pass_may_transform(d->pass))
            keep(d, op, g);
    }
}

/* ---- the pass --------------------------------------------------------------------------------------- */
static bool lower_copy(const qir_pass *p, qir_module *copy)
{
    qir_diag_engine *diag = qir_context_diag(copy->ctx);
    bool quiet = qir_diag_set_quiet(diag, true); /* all of it will be said of the module itself */
    bool ok = qir_run_pipeline(copy, "lower-quant,relabel-storage") &&
              qir_run_pipeline(copy, qir_arena_printf(qir_pass_arena((qir_pass *)p), "relabel-storage{level=%s}",
                                                      qir_pass_string(p, "level")));
    qir_diag_set_quiet(diag, quiet);
    return ok;
}

static bool run(qir_pass *p, qir_module *m)
{
    decision d = {.pass = p};
    if (!qir_prepack_level(p, m, &d.level))
        return false;
    number_ops(&d, m);
    qir_module *copy = qir_module_clone(m);
    bool ok = lower_copy(p, copy);
    if (ok) {
        find_groups(&d, qir_module_main(copy));
        decide(&d, qir_module_main(m));
    }
    qir_map_free(&d.of_op);
    drop_numbers(m);
    qir_module_destroy(copy);
    return ok;
}

static const qir_pass_option options[] = {
    {"level", QIR_OPT_STRING, "generic", "instruction set level whose rates count"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"kept", NULL};

QIR_PASS(keep_float_if_faster, .name = "keep-float-if-faster",
         .summary = "Ops whose integer form costs more than it gains stay in float.",
         .doc = "Changes: attributes `quant.keep` and `quant.float` of ops; the quantize/dequantize pairs around these "
                "are bypassed.\nRequires: pairs (after insert-qdq).\nLeaves: integers where they pay: the cost model "
                "(`ir/rates.def`) compares the float ops of each group that would exchange integers with its integer "
                "ops and the quantize and dequantize around it.\nOps of the main function only.",
         .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_QUANTIZED, .options = options, .statistics = statistics, .run = run)
