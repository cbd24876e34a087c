/* insert-observers: turns the annotations of annotate-quant into observe ops, one observer id per
 * group of keys that share parameters (sharing.h), numbered in program order. */
#include <string.h>
#include "quantizer.h"
#include "qir/pass.h"
#include "qir/quant.h"
#include "qir/support/map.h"
#include "sharing.h"

typedef struct inserter {
    qir_pass *pass;
    qir_module *module;
    const qir_quantizer *quantizer;
    const char *activations; /* kind of their observers, with its parameter */
    bool per_channel;
    const qir_sharing *sharing;
    qir_map on_edge; /* value -> the observe op inserted for one of its edges */
} inserter;

static const qir_attr *string_attr(qir_context *ctx, const char *s)
{
    return qir_attr_string(ctx, s, strlen(s));
}

static qir_value *build_observe(const inserter *s, qir_builder b, qir_value *v, int64_t group,
                                int axis)
{
    qir_context *ctx = s->module->ctx;
    bool weight = qir_sharing_spec(s->sharing, group) == QIR_SPEC_WEIGHT;
    bool per_channel = weight && s->per_channel && axis >= 0;
    bool floor = s->quantizer->eps != qir_quantizer_default.eps;
    qir_named_attr attrs[] = {
        {"id", qir_attr_int(ctx, group)},
        {"kind", string_attr(ctx, weight ? "minmax" : s->activations)},
        {"qmin", weight ? qir_attr_int(ctx, -127) : NULL},
        {"symmetric", weight ? qir_attr_bool(ctx, true) : NULL},
        {"axis", per_channel ? qir_attr_int(ctx, axis) : NULL},
        {"eps", floor ? qir_attr_float(ctx, s->quantizer->eps) : NULL},
        {NULL, NULL},
    };
    qir_pass_count(s->pass, "observers", 1);
    return qir_build1(&b, QIR_OP_observe, QIR_OPERANDS(v), attrs, NULL);
}

static bool observes(const qir_op *op, int64_t group)
{
    return op && op->opcode == QIR_OP_observe && qir_op_int(op, "id") == group;
}

/* The observe op of `group` on `v` that another consumer of `v` already has. */
static qir_op *existing(const inserter *s, qir_value *v, int64_t group)
{
    qir_op *seen = qir_map_get(&s->on_edge, v);
    if (!seen || observes(seen, group))
        return seen;
    qir_for_each_use(u, v)
        if (observes(u->user, group))
            return u->user;
    return NULL;
}

static bool observe_edge(inserter *s, qir_op *op, uint32_t i, int64_t group)
{
    qir_value *v = qir_op_operand(op, i);
    if (observes(qir_value_op(v), group))
        return true; /* the producer's result has that observer */
    qir_op *seen = existing(s, v, group);
    if (!seen) {
        const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
        int axis = rule->kind == QIR_QR_ACCUM && (int)i == rule->weight ? rule->axis : -1;
        qir_value *o = build_observe(s, qir_builder_before(op), v, group, axis);
        if (!o)
            return false;
        seen = qir_value_op(o);
        qir_map_put(&s->on_edge, v, seen);
    }
    qir_op_set_operand(op, i, &seen->results[0]);
    return true;
}

static bool observe_result(inserter *s, qir_op *op, int64_t group)
{
    qir_value *v = &op->results[0];
    qir_value *o = build_observe(s, qir_builder_after(op), v, group, -1);
    if (!o)
        return false;
    qir_value_replace_all(v, o);
    qir_op_set_operand(qir_value_op(o), 0, v);
    return true;
}

static void drop_annotation(const inserter *s, qir_op *op)
{
    qir_op_set_attr(op, qir_intern_cstr(s->module->ctx, "quant.in"), NULL);
    qir_op_set_attr(op, qir_intern_cstr(s->module->ctx, "quant.out"), NULL);
}

static bool observe_op(inserter *s, qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        int64_t group = qir_sharing_of_edge(s->sharing, op, i);
        if (group >= 0 && !observe_edge(s, op, i, group))
            return false;
    }
    int64_t group = op->nresults ? qir_sharing_of_value(s->sharing, &op->results[0]) : -1;
    drop_annotation(s, op);
    return group < 0 || observe_result(s, op, group);
}

static bool observe_func(inserter *s, qir_func *f, int64_t *next_group)
{
    s->sharing = qir_sharing_build(f, qir_pass_arena(s->pass), *next_group);
    if (!s->sharing)
        return false;
    *next_group = qir_sharing_end(s->sharing);
    bool ok = true;
    qir_for_each_op(op, f->body)
        ok = ok && observe_op(s, op);
    qir_map_free(&s->on_edge);
    s->on_edge = (qir_map){0};
    return ok;
}

static bool choose_kind(const qir_pass *p, const qir_module *m, inserter *s)
{
    const char *name = qir_pass_string(p, "observer");
    qir_observer_choice choice;
    s->activations = strcmp(name, "auto") == 0 ? s->quantizer->observer : name;
    return qir_observer_choose(m->ctx, m->loc, s->activations, strlen(s->activations), &choice);
}

static bool run(qir_pass *p, qir_module *m)
{
    inserter s = {.pass = p, .module = m, .quantizer = qir_quantizer_of(m)};
    s.per_channel = qir_pass_bool(p, "per-channel");
    if (!choose_kind(p, m, &s))
        return false;
    int64_t next_group = 0;
    qir_for_each_func(f, m)
        if (!observe_func(&s, f, &next_group))
            return false;
    return true;
}

static const qir_pass_option options[] = {
    {"observer", QIR_OPT_STRING, "auto",
     "kind of the activations' observers, or auto = the quantizer's choice"},
    {"per-channel", QIR_OPT_BOOL, "true", "one scale per output channel of a weight"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"observers", NULL};

QIR_PASS(insert_observers, .name = "insert-observers", .alias = "InsertObservers",
         .summary = "Puts observe ops where annotate-quant asked for quantization.",
         .doc = "Changes: consumes `quant.in` and `quant.out`; adds `observe`.\nRequires: "
                "annotations.\nLeaves: the computation untouched; keys that share parameters have "
                "equal ids, numbered in program order (docs/quantization.md, sharing).",
         .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_QDQ | QIR_STAGE_QUANTIZED,
         .sets = QIR_STAGE_OBSERVED, .options = options, .statistics = statistics, .run = run)
