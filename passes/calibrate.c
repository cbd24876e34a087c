/* Calibration: samples through the evaluator into observers, and observers' ranges into the
 * attributes of observe ops.  Observers of constants are measured when the profile is applied: they
 * need no samples. */
#include "qir/calibrate.h"

#include <math.h>
#include "profile.h"
#include "qir/support/map.h"
#include "qir/support/vec.h"

/* --- measuring -------------------------------------------------------------------------------- */

typedef struct calibration {
    qir_profile *profile;
    qir_diag_engine *diag;
    qir_context *ctx;
    int64_t sample;
    bool ok;
} calibration;

static bool observes_activation(const qir_op *op)
{
    return op->opcode == QIR_OP_observe && !qir_value_const(qir_op_operand(op, 0));
}

static qir_observer_kind kind_of(const qir_op *op)
{
    const qir_attr *a = qir_op_attr(op, "kind");
    qir_observer_kind kind = QIR_OBSERVER_MINMAX;
    qir_observer_kind_from_name(a->u.s, a->len, &kind);
    return kind;
}

/* What a person would call the observed value. */
static const char *value_name(qir_context *ctx, const qir_value *v)
{
    const qir_op *op = qir_value_op(v);
    if (v->name)
        return v->name;
    return op && op->loc ? qir_loc_text(ctx, op->loc) : "(unnamed)";
}

static int64_t first_non_finite(const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return i;
    return -1;
}

static void feed(calibration *c, const qir_op *op, const qir_tensor *x)
{
    int64_t n = qir_type_elements(x->type), bad = first_non_finite(x->data, n);
    if (bad >= 0) {
        c->ok = qir_error(
            c->diag, op->loc, "calibrate.value",
            "sample %lld: element %lld of '%s' is %s; calibration needs finite values",
            (long long)c->sample, (long long)bad, value_name(c->ctx, qir_op_operand(op, 0)),
            isnan(((const float *)x->data)[bad]) ? "not a number" : "infinite");
        return;
    }
    qir_observer *o = qir_profile_observer(c->profile, qir_op_int(op, "id"), kind_of(op));
    if (o)
        qir_observer_add(o, x->data, n);
    else
        c->ok = qir_error(c->diag, op->loc, "calibrate.kind",
                          "observer %lld is of another kind elsewhere; equal ids need equal kinds",
                          (long long)qir_op_int(op, "id"));
}

static void on_op(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    calibration *c = user;
    (void)out;
    if (c->ok && observes_activation(op))
        feed(c, op, &in[0]);
}

static bool has_observers(const qir_func *f)
{
    qir_for_each_op(op, f->body)
        if (observes_activation(op))
            return true;
    return false;
}

static bool run_samples(calibration *c, qir_func *f, qir_samples *samples,
                        const qir_calibrate_options *opts)
{
    qir_arena *arena = qir_context_new_arena(c->ctx);
    qir_tensor *in = QIR_NEW_ARRAY(arena, qir_tensor, f->body->nargs);
    qir_tensor *out = QIR_NEW_ARRAY(arena, qir_tensor, f->nresults);
    qir_eval_options eval = {.on_op = on_op, .user = c};
    qir_evaluator *e = qir_evaluator_create(f, &eval);
    int64_t total = qir_samples_count(samples);
    if (opts && opts->limit > 0 && opts->limit < total)
        total = opts->limit;
    for (c->sample = 0; e && c->ok && c->sample < total; c->sample++) {
        c->ok = qir_samples_read(samples, c->sample, in) && qir_evaluator_run(e, in, out) && c->ok;
        if (c->ok && opts && opts->progress)
            opts->progress(opts->user, c->sample + 1, total);
    }
    bool ok = e && c->ok;
    if (e)
        qir_evaluator_destroy(e);
    qir_arena_destroy(arena);
    return ok;
}

bool qir_calibrate(qir_module *m, qir_samples *samples, const qir_calibrate_options *opts,
                   qir_profile *profile)
{
    calibration c = {
        .profile = profile, .diag = qir_context_diag(m->ctx), .ctx = m->ctx, .ok = true};
    qir_func *f = qir_module_main(m);
    if (!f)
        return qir_error(c.diag, m->loc, "calibrate.main",
                         "no function to calibrate; expected '@main' or a single function");
    if (!has_observers(f))
        return qir_error(c.diag, f->loc, "calibrate.observers",
                         "function '@%s' has no observers; run the pipeline 'prepare' first",
                         f->name);
    if (qir_samples_count(samples) == 0)
        return qir_error(c.diag, f->loc, "calibrate.empty", "no samples to calibrate with");
    return run_samples(&c, f, samples, opts);
}

/* --- applying --------------------------------------------------------------------------------- */

typedef struct range {
    float lo, hi;
} range;

typedef struct application {
    const qir_profile *profile; /* may be NULL: constants only */
    qir_module *module;
    qir_diag_engine *diag;
    qir_arena *arena;
    qir_map ranges; /* observer -> range *; the search is done once */
    qir_map warned; /* observer ids */
} application;

static void set_range(qir_module *m, qir_op *op, const float *lo, const float *hi, size_t n)
{
    qir_op_set_attr(op, qir_intern_cstr(m->ctx, "lo"), qir_attr_floats(m->ctx, lo, n));
    qir_op_set_attr(op, qir_intern_cstr(m->ctx, "hi"), qir_attr_floats(m->ctx, hi, n));
}

/* Per-tensor measurement is the one-channel case of the per-channel one. */
static bool measure_constant(application *a, qir_op *op, qir_const *c)
{
    const qir_type *t = c->value.type;
    int64_t axis = qir_op_int(op, "axis"), n = qir_type_elements(t);
    int64_t flat[2] = {1, n};
    const int64_t *dims = axis < 0 ? flat : t->dims;
    unsigned rank = axis < 0 ? 2 : t->rank, channel_axis = axis < 0 ? 0 : (unsigned)axis;
    const float *x = qir_const_data(c);
    if (!x)
        return false;
    int64_t bad = first_non_finite(x, n);
    if (bad >= 0)
        return qir_error(a->diag, c->loc ? c->loc : op->loc, "calibrate.value",
                         "element %lld of '@%s' is not finite and cannot be quantized",
                         (long long)bad, c->value.name);
    size_t channels = (size_t)dims[channel_axis];
    float *lo = QIR_NEW_ARRAY(a->arena, float, channels);
    float *hi = QIR_NEW_ARRAY(a->arena, float, channels);
    qir_minmax_channels(x, dims, rank, channel_axis, lo, hi);
    set_range(a->module, op, lo, hi, channels);
    return true;
}

static void warn_range(application *a, const qir_op *op, int64_t id, const char *what)
{
    const void *key = (const void *)(uintptr_t)id;
    if (qir_map_has(&a->warned, key))
        return;
    qir_map_put(&a->warned, key, a);
    qir_warning(a->diag, op->loc, "calibration-range", "observer %lld ('%s') %s", (long long)id,
                value_name(a->module->ctx, qir_op_operand(op, 0)), what);
}

static int levels_of(const qir_op *op)
{
    const qir_attr *a = qir_op_attr(op, "dtype");
    qir_dtype t = QIR_i8;
    qir_dtype_from_name(a->u.s, a->len, &t);
    unsigned bits = qir_dtype_bits(t);
    return 1 << (bits < 16 ? bits : 16);
}

static const range *range_of(application *a, const qir_observer *o, const qir_op *op)
{
    range *r = qir_map_get(&a->ranges, o);
    if (r)
        return r;
    r = QIR_NEW(a->arena, range);
    qir_observer_range(o, levels_of(op), &r->lo, &r->hi);
    qir_map_put(&a->ranges, o, r);
    return r;
}

static bool apply_observer(application *a, qir_op *op)
{
    int64_t id = qir_op_int(op, "id");
    if (!a->profile && qir_op_attr(op, "lo"))
        return true; /* applied before */
    const qir_observer *o = a->profile ? qir_profile_find(a->profile, id) : NULL;
    if (!o || o->batches == 0) {
        warn_range(a, op, id, "saw no data; what it observes stays in float");
        return true;
    }
    if (o->kind != kind_of(op))
        return qir_error(a->diag, op->loc, "profile.kind",
                         "observer %lld is %s here but %s in the profile; calibrate again with the "
                         "options of this compilation",
                         (long long)id, qir_observer_kind_name(kind_of(op)),
                         qir_observer_kind_name(o->kind));
    if (o->lo == o->hi)
        warn_range(a, op, id, "saw one single value");
    const range *r = range_of(a, o, op);
    set_range(a->module, op, &r->lo, &r->hi, 1);
    return true;
}

/* A profile of another model, or made with other options, may fit by chance. */
static void check_all_used(application *a)
{
    const qir_observer *o = a->profile ? qir_profile_unused(a->profile, &a->ranges) : NULL;
    if (o)
        qir_warning(
            a->diag, a->module->loc, "profile-observer",
            "the profile holds observer %lld, which the model does not have; is it the profile "
            "of this model, made with the same options?",
            (long long)o->id);
}

bool qir_profile_apply(const qir_profile *p, qir_module *m)
{
    application a = {.profile = p,
                     .module = m,
                     .diag = qir_context_diag(m->ctx),
                     .arena = qir_context_new_arena(m->ctx)};
    bool ok = true;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            if (op->opcode != QIR_OP_observe)
                continue;
            qir_const *c = qir_value_const(qir_op_operand(op, 0));
            ok &= c ? measure_constant(&a, op, c) : apply_observer(&a, op);
        }
    if (ok)
        check_all_used(&a);
    qir_map_free(&a.ranges);
    qir_map_free(&a.warned);
    qir_arena_destroy(a.arena);
    return ok;
}
