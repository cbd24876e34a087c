/* Ranges of a profile into the attributes of observe ops: the body of apply-calibration.  Observers
 * of constants are measured here: they need no samples. */
#include "qir/calibrate.h"

#include "observing.h"
#include "profile.h"

typedef struct range {
    float *lo, *hi; /* one per channel */
    int64_t n;
} range;

typedef struct application {
    const qir_profile *profile; /* may be NULL: constants only */
    qir_module *module;
    qir_diag_engine *diag;
    qir_arena *arena;
    qir_arena *scratch; /* of one channel */
    qir_map ranges;     /* profile entry -> range *; the search is done once */
    qir_map warned;     /* observer ids */
} application;

static range *new_range(application *a, int64_t n)
{
    range *r = QIR_NEW(a->arena, range);
    *r = (range){QIR_NEW_ARRAY(a->arena, float, (size_t)n),
                 QIR_NEW_ARRAY(a->arena, float, (size_t)n), n};
    return r;
}

static void set_range(qir_module *m, qir_op *op, const range *r)
{
    qir_op_set_attr(op, qir_intern_cstr(m->ctx, "lo"),
                    qir_attr_floats(m->ctx, r->lo, (size_t)r->n));
    qir_op_set_attr(op, qir_intern_cstr(m->ctx, "hi"),
                    qir_attr_floats(m->ctx, r->hi, (size_t)r->n));
}

/* --- constants -------------------------------------------------------------------------------- */

/* Channels without elements get 0, 0. */
static range *measure(application *a, const qir_op *op, qir_observer_choice choice, const float *x)
{
    int64_t cells = qir_observe_cells(op), n;
    qir_observer_goal goal = qir_observe_goal(op);
    range *r = new_range(a, cells);
    float *buffer = QIR_NEW_ARRAY(a->arena, float,
                                  (size_t)(qir_type_elements(qir_op_operand(op, 0)->type) / cells));
    for (int64_t i = 0; i < cells; i++) {
        qir_observer o;
        qir_observer_init(&o, choice, a->scratch);
        const float *values = qir_observe_cell(op, x, i, buffer, &n);
        if (qir_observer_add(&o, values, n) && o.batches > 0)
            qir_observer_range(&o, &goal, &r->lo[i], &r->hi[i]);
        qir_arena_reset(a->scratch);
    }
    return r;
}

static bool measure_constant(application *a, qir_op *op, qir_const *c, qir_observer_choice choice)
{
    const float *x = qir_const_data(c);
    if (!x)
        return false;
    int64_t bad = qir_first_non_finite(x, qir_type_elements(c->value.type));
    if (bad >= 0)
        return qir_error(a->diag, c->loc ? c->loc : op->loc, "calibrate.value",
                         "element %lld of '@%s' is not finite and cannot be quantized",
                         (long long)bad, c->value.name);
    if (qir_observe_cells(op) > 0)
        set_range(a->module, op, measure(a, op, choice, x));
    return true;
}

/* --- activations ------------------------------------------------------------------------------ */

static void warn_range(application *a, const qir_op *op, int64_t id, const char *what)
{
    const void *key = (const void *)(uintptr_t)id;
    if (qir_map_has(&a->warned, key))
        return;
    qir_map_put(&a->warned, key, a);
    qir_warning(a->diag, op->loc, "calibration-range", "observer %lld ('%s') %s", (long long)id,
                qir_observe_name(op), what);
}

static const range *range_of(application *a, const qir_profile_entry *e, const qir_op *op)
{
    range *r = qir_map_get(&a->ranges, e);
    if (r)
        return r;
    qir_observer_goal goal = qir_observe_goal(op);
    r = new_range(a, e->ncells);
    for (int64_t i = 0; i < e->ncells; i++)
        qir_observer_range(&e->cells[i], &goal, &r->lo[i], &r->hi[i]);
    qir_map_put(&a->ranges, e, r);
    return r;
}

static bool fail_kind(application *a, const qir_op *op, const qir_profile_entry *e,
                      qir_observer_choice choice)
{
    qir_strbuf here = {0}, there = {0};
    qir_observer_choice_print(choice, &here);
    qir_observer_choice_print(e->choice, &there);
    qir_error(a->diag, op->loc, "profile.kind",
              "observer %lld is %s here but %s in the profile; calibrate again with the options of "
              "this compilation",
              (long long)e->id, here.data, there.data);
    qir_strbuf_free(&here);
    qir_strbuf_free(&there);
    return false;
}

static bool apply_observer(application *a, qir_op *op, qir_observer_choice choice)
{
    int64_t id = qir_op_int(op, "id");
    if (!a->profile && qir_op_attr(op, "lo"))
        return true; /* applied before */
    const qir_profile_entry *e = a->profile ? qir_profile_find(a->profile, id) : NULL;
    if (!e || e->batches == 0) {
        warn_range(a, op, id, "saw no data; what it observes stays in float");
        return true;
    }
    if (!qir_observer_choice_equal(e->choice, choice))
        return fail_kind(a, op, e, choice);
    if (e->ncells != qir_observe_cells(op))
        return qir_error(a->diag, op->loc, "profile.channels",
                         "observer %lld has %lld channels here but %lld in the profile; is it the "
                         "profile of this model?",
                         (long long)id, (long long)qir_observe_cells(op), (long long)e->ncells);
    const range *r = range_of(a, e, op);
    if (e->ncells == 1 && e->cells[0].lo == e->cells[0].hi)
        warn_range(a, op, id, "saw one single value");
    set_range(a->module, op, r);
    return true;
}

static void check_complete(const application *a)
{
    if (a->profile && (a->profile->next || a->profile->nshards))
        qir_warning(a->diag, a->module->loc, "profile-incomplete",
                    "the profile is of a part of the samples: %s",
                    a->profile->next ? "its calibration was interrupted (-resume completes it)"
                                     : "shards are missing (-merge-profiles adds them)");
}

/* A profile of another model, or made with other options, may fit by chance. */
static void check_all_used(application *a)
{
    const qir_profile_entry *e = a->profile ? qir_profile_unused(a->profile, &a->ranges) : NULL;
    if (e)
        qir_warning(
            a->diag, a->module->loc, "profile-observer",
            "the profile holds observer %lld, which the model does not have; is it the profile "
            "of this model, made with the same options?",
            (long long)e->id);
}

static bool apply_to(application *a, qir_op *op)
{
    qir_observer_choice choice;
    qir_const *c = qir_value_const(qir_op_operand(op, 0));
    if (!qir_observe_choice(op, &choice))
        return false;
    if (choice.kind->passive)
        return true; /* nothing to measure */
    return c ? measure_constant(a, op, c, choice) : apply_observer(a, op, choice);
}

bool qir_profile_apply(const qir_profile *p, qir_module *m)
{
    application a = {.profile = p,
                     .module = m,
                     .diag = qir_context_diag(m->ctx),
                     .arena = qir_context_new_arena(m->ctx),
                     .scratch = qir_context_new_arena(m->ctx)};
    bool ok = !p || qir_profile_fits(p, m);
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            if (ok && op->opcode == QIR_OP_observe)
                ok = apply_to(&a, op);
    if (ok) {
        check_complete(&a);
        check_all_used(&a);
    }
    qir_map_free(&a.ranges);
    qir_map_free(&a.warned);
    qir_arena_destroy(a.scratch);
    qir_arena_destroy(a.arena);
    return ok;
}
