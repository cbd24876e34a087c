/* insert-observers: turns the annotations of annotate-quant into observe ops, one observer id per
 * group of keys that share parameters (sharing.h), numbered in program order. */
#include <float.h>
#include <string.h>
#include "qir/observer.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/quant.h"
#include "qir/support/map.h"
#include "sharing.h"

typedef struct inserter {
    qir_pass *pass;
    qir_module *module;
    const char *activations; /* kind of the activations' observers; NULL: as the specs say */
    bool fake; /* observers fake-quantize */
    const qir_sharing *sharing;
    qir_map on_edge; /* value -> the observe op inserted for one of its edges */
} inserter;

static const qir_attr *string_attr(const inserter *s, const char *text)
{
    return qir_attr_string(s->module->ctx, text, strlen(text));
}

/* NULL, so that the default stands, where `v` is the default. */
static const qir_attr *int_unless(const inserter *s, int64_t v, int64_t dflt)
{
    return v == dflt ? NULL : qir_attr_int(s->module->ctx, v);
}

static const qir_attr *flag_attr(const inserter *s, bool v)
{
    return v ? qir_attr_bool(s->module->ctx, true) : NULL;
}

static const char *kind_of(const inserter *s, const qir_qspec *spec, const qir_value *v)
{
    if (spec->kind == QIR_QSPEC_FIXED)
        return "fixed";
    if (spec->kind == QIR_QSPEC_DERIVED)
        return "derived";
    if (spec->dynamic)
        return "placeholder";
    return s->activations && !qir_value_const(v) ? s->activations
           : spec->observer                      ? spec->observer
                                                 : "minmax";
}

/* Groups of the operands that a derived spec multiplies. */
static const qir_attr *derived_from(const inserter *s, const qir_qspec *spec, int64_t group)
{
    const qir_op *user = qir_sharing_user(s->sharing, group);
    int64_t of[2];
    for (int i = 0; i < 2; i++)
        of[i] = spec->of[i] < user->noperands ? qir_sharing_of_edge(s->sharing, user, spec->of[i]) : -1;
    return qir_attr_ints(s->module->ctx, of, 2);
}

static qir_value *build_observe(const inserter *s, qir_builder b, qir_value *v, int64_t group)
{
    qir_context *ctx = s->module->ctx;
    const qir_qspec *spec = qir_sharing_spec(s->sharing, group);
    bool own = spec->kind == QIR_QSPEC_OWN, fixed = spec->kind == QIR_QSPEC_FIXED;
    qir_named_attr attrs[] = {
        {"id", qir_attr_int(ctx, group)},
        {"kind", string_attr(s, kind_of(s, spec, v))},
        {"dtype", spec->dtype == QIR_i8 ? NULL : string_attr(s, qir_dtype_name(spec->dtype))},
        {"qmin", int_unless(s, spec->qmin, -128)},
        {"qmax", int_unless(s, spec->qmax, 127)},
        {"symmetric", flag_attr(s, own && spec->symmetric)},
        {"axis", own ? int_unless(s, spec->axis, -1) : NULL},
        {"group", own ? int_unless(s, spec->group, 0) : NULL},
        {"rows", flag_attr(s, own && spec->rows)},
        {"eps", own && spec->eps != FLT_EPSILON ? qir_attr_float(ctx, spec->eps) : NULL},
        {"scale", fixed ? qir_attr_float(ctx, spec->scale) : NULL},
        {"zp", fixed ? int_unless(s, spec->zero_point, 0) : NULL},
        {"fake", flag_attr(s, s->fake && own && !spec->dynamic)},
        {"of", own || fixed ? NULL : derived_from(s, spec, group)},
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

/* Right behind what made `v`, as PT2E does; constants where they are used. */
static qir_builder place_of(qir_op *user, const qir_value *v)
{
    qir_op *def = qir_value_op(v);
    qir_op *first = def ? def->next : user->parent->first;
    qir_builder b = qir_builder_before(v->kind == QIR_VALUE_CONST ? user : first);
    b.loc = user->loc;
    return b;
}

static bool observe_edge(inserter *s, qir_op *op, uint32_t i, int64_t group)
{
    qir_value *v = qir_op_operand(op, i);
    if (observes(qir_value_op(v), group))
        return true; /* the producer's result has that observer */
    qir_op *seen = existing(s, v, group);
    if (!seen) {
        qir_value *o = build_observe(s, place_of(op, v), v, group);
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
    qir_value *o = build_observe(s, qir_builder_after(op), v, group);
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

static bool run(qir_pass *p, qir_module *m)
{
    const char *observer = qir_pass_string(p, "observer");
    inserter s = {.pass = p, .module = m, .activations = strcmp(observer, "auto") ? observer : NULL};
    qir_observer_choice choice;
    s.fake = qir_pass_bool(p, "fake-quantize");
    if (s.activations &&
        !qir_observer_choose(m->ctx, m->loc, observer, strlen(observer), &choice))
        return false;
    int64_t next_group = 0;
    qir_for_each_func(f, m)
        if (!observe_func(&s, f, &next_group))
            return false;
    return true;
}

static const qir_pass_option options[] = {
    {"observer", QIR_OPT_STRING, "auto",
     "kind of the activations' observers; auto = as their specs say"},
    {"fake-quantize", QIR_OPT_BOOL, "false",
     "observers fake-quantize, as in quantization-aware training: what follows sees rounded values"},
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
