/* Calibration: samples through the evaluator into the observers of a profile. */
#include "qir/calibrate.h"

#include <math.h>
#include "calibration_lint.h"
#include "fake_quant.h"
#include "observing.h"
#include "profile.h"

typedef struct calibration {
    qir_profile *profile;
    qir_diag_engine *diag;
    qir_context *ctx;
    qir_map choices; /* observe op -> qir_observer_choice * */
    qir_arena *arena, *scratch;
    float *buffer; /* one channel's values; as large as the largest observed tensor */
    qir_lint *lint;
    int64_t sample;
    const qir_calibrate_options *opts;
    bool pytorch; /* an observer asks for sums in PyTorch's order */
    bool ok;
} calibration;

static bool observes_activation(const qir_op *op)
{
    return op->opcode == QIR_OP_observe && !qir_value_const(qir_op_operand(op, 0));
}

static bool fail_value(calibration *c, const qir_op *op, const float *x, int64_t bad)
{
    return qir_error(c->diag, op->loc, "calibrate.value",
                     "sample %lld: element %lld of '%s' is %s; calibration needs finite values",
                     (long long)c->sample, (long long)bad, qir_observe_name(op),
                     isnan(x[bad]) ? "not a number" : "infinite");
}

static bool feed_cells(calibration *c, const qir_op *op, qir_profile_entry *e, const float *x)
{
    for (int64_t i = 0; i < e->ncells; i++) {
        int64_t n;
        const float *values = qir_observe_cell(op, x, i, c->buffer, &n);
        if (!qir_observer_add(&e->cells[i], values, n))
            return qir_error(c->diag, op->loc, "calibrate.growth",
                             "sample %lld: the range of '%s' is more than an observer of kind '%s' "
                             "can count; minmax and histogram-exact have no such limit",
                             (long long)c->sample, qir_observe_name(op), e->choice.kind->name);
    }
    return true;
}

static bool feed(calibration *c, const qir_op *op, const qir_tensor *x)
{
    const qir_observer_choice *choice = qir_map_get(&c->choices, op);
    if (choice->kind->passive)
        return true;
    int64_t n = qir_type_elements(x->type), bad = qir_first_non_finite(x->data, n);
    if (bad >= 0)
        return fail_value(c, op, x->data, bad);
    qir_profile_entry *e =
        qir_profile_entry_of(c->profile, qir_op_int(op, "id"), *choice, qir_observe_cells(op));
    if (!e)
        return qir_error(c->diag, op->loc, "calibrate.kind",
                         "observer %lld is of another kind elsewhere; equal ids need equal kinds",
                         (long long)qir_op_int(op, "id"));
    if (n > 0) {
        e->batches++;
        e->elements += n;
        qir_lint_value(c->lint, op, x, c->sample);
    }
    return feed_cells(c, op, e, x->data);
}

/* --- fake quantization ------------------------------------------------------------------------ */

/* Range of one cell: what was seen so far, or of a constant as it is. */
static void cell_range(calibration *c, const qir_op *op, const qir_tensor *x, int64_t cell, float *lo, float *hi)
{
    int64_t n, id = qir_op_int(op, "id");
    const qir_observer_choice *choice = qir_map_get(&c->choices, op);
    if (choice) {
        qir_observer_goal goal = qir_observe_goal(op);
        qir_observer_range(&qir_profile_find(c->profile, id)->cells[cell], &goal, lo, hi);
        return;
    }
    const float *values = qir_observe_cell(op, x->data, cell, c->buffer, &n);
    qir_minmax(values, n, lo, hi);
}

static void fake_quantize(calibration *c, const qir_op *op, const qir_tensor *x, float *y)
{
    int64_t cells = qir_observe_cells(op);
    float *lo = QIR_NEW_ARRAY(c->scratch, float, (size_t)cells);
    float *hi = QIR_NEW_ARRAY(c->scratch, float, (size_t)cells);
    if (qir_type_elements(x->type) == 0)
        return;
    for (int64_t i = 0; i < cells; i++)
        cell_range(c, op, x, i, &lo[i], &hi[i]);
    qir_fake_quantize(op, lo, hi, x->data, y, c->scratch);
    qir_arena_reset(c->scratch);
}

static void on_op(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    calibration *c = user;
    if (c->ok && observes_activation(op))
        c->ok = feed(c, op, &in[0]);
    if (c->ok && op->opcode == QIR_OP_observe && qir_op_bool(op, "fake"))
        fake_quantize(c, op, &in[0], out[0].data);
    if (c->opts->on_op)
        c->opts->on_op(c->opts->on_op_user, op, in, out);
}

static int64_t samples_to_do(const qir_samples *samples, const qir_calibrate_options *opts)
{
    int64_t n = qir_samples_count(samples);
    return opts->limit > 0 && opts->limit < n ? opts->limit : n;
}

/* One sample; then the profile says how far it goes. */
static bool run_sample(calibration *c, qir_evaluator *e, qir_samples *samples, qir_tensor *in,
                       qir_tensor *out)
{
    if (!qir_samples_read(samples, c->sample, in) || !qir_evaluator_run(e, in, out) || !c->ok)
        return false;
    qir_lint_inputs(c->lint, in);
    c->profile->samples++;
    c->profile->next = c->sample + 1;
    return true;
}

static bool run_samples(calibration *c, qir_evaluator *e, qir_func *f, qir_samples *samples,
                        const qir_calibrate_options *opts)
{
    qir_tensor *in = QIR_NEW_ARRAY(c->arena, qir_tensor, f->body->nargs);
    qir_tensor *out = QIR_NEW_ARRAY(c->arena, qir_tensor, f->nresults);
    int64_t total = samples_to_do(samples, opts);
    for (c->sample = c->profile->next; c->sample < total; c->sample++) {
        if (opts->nshards && c->sample % opts->nshards != opts->shard)
            continue;
        if (!run_sample(c, e, samples, in, out))
            return false;
        if (opts->progress)
            opts->progress(opts->user, c->sample + 1, total);
        if (opts->stop && *opts->stop)
            break;
    }
    bool done = c->sample >= total - 1;
    c->profile->next = done ? 0 : c->profile->next;
    c->profile->total = done ? 0 : total;
    return true;
}

static bool fail_resume(const calibration *c, const char *what, int64_t here, int64_t before)
{
    return qir_error(c->diag, NULL, "calibrate.resume",
                     "%s: %lld here, %lld when calibration was interrupted; resume with the same "
                     "samples and options",
                     what, (long long)here, (long long)before);
}

/* Takes note of the shard, or checks that the interrupted run was one of the same samples. */
static bool begin(calibration *c, int64_t total, const qir_calibrate_options *opts)
{
    qir_profile *p = c->profile;
    if (!p->next && opts->nshards > 1)
        qir_profile_add_shard(p, opts->shard, opts->nshards);
    if (!p->next)
        return true;
    if (p->total != total)
        return fail_resume(c, "the number of samples differs", total, p->total);
    if (p->nshards != (opts->nshards > 1 ? opts->nshards : 0))
        return fail_resume(c, "the number of shards differs", opts->nshards, p->nshards);
    return !p->nshards || p->shards.data[0] == opts->shard ||
           fail_resume(c, "the shard differs", opts->shard, p->shards.data[0]);
}

static bool run(calibration *c, qir_func *f, qir_samples *samples,
                const qir_calibrate_options *opts)
{
    qir_eval_options eval = {
        .on_op = on_op, .user = c, .eval_of = c->pytorch ? qir_eval_as_pytorch : NULL};
    if (!begin(c, samples_to_do(samples, opts), opts))
        return false;
    c->lint = qir_lint_create(f, c->arena, samples_to_do(samples, opts));
    qir_evaluator *e = qir_evaluator_create(f, &eval);
    bool ok = e && run_samples(c, e, f, samples, opts);
    qir_lint_finish(c->lint, ok && !c->profile->next ? c->profile : NULL);
    if (e)
        qir_evaluator_destroy(e);
    return ok;
}

/* Shards are there to be merged. */
static bool check_mergeable(const calibration *c, const qir_op *op, const qir_observer_kind *kind)
{
    if (qir_op_bool(op, "fake"))
        return qir_error(c->diag, op->loc, "calibrate.shard",
                         "shards cannot be merged: observers fake-quantize, so what they see depends on the samples "
                         "before; calibrate in one run");
    if (kind->order_free)
        return true;
    qir_emit_error(c->diag, op->loc, "calibrate.shard",
                   "shards cannot be merged: observer kind '%s' depends on the order of samples",
                   kind->name);
    qir_note(c->diag, op->loc, "minmax, histogram-exact and mse do not; or calibrate in one run");
    return false;
}

/* Looks up the kinds of all observers.  False: one is unknown (diagnosed). */
static bool choose_kinds(calibration *c, const qir_func *f, bool shards, size_t *found)
{
    int64_t largest = 0;
    *found = 0;
    qir_for_each_op(op, f->body) {
        int64_t n = op->opcode == QIR_OP_observe ? qir_type_elements(op->results[0].type) : 0;
        largest = n > largest ? n : largest;
        if (!observes_activation(op))
            continue;
        qir_observer_choice *choice = QIR_NEW(c->arena, qir_observer_choice);
        if (!qir_observe_choice(op, choice) ||
            (shards && !check_mergeable(c, op, choice->kind)))
            return false;
        qir_map_put(&c->choices, op, choice);
        c->pytorch = c->pytorch || choice->kind->pytorch;
        ++*found;
    }
    c->buffer = QIR_NEW_ARRAY(c->arena, float, (size_t)largest);
    return true;
}

static bool calibrate(calibration *c, qir_func *f, qir_samples *samples,
                      const qir_calibrate_options *opts)
{
    size_t found;
    if (!choose_kinds(c, f, opts->nshards > 1, &found))
        return false;
    if (!found)
        return qir_error(c->diag, f->loc, "calibrate.observers",
                         "function '@%s' has no observers; run the pipeline 'prepare' first",
                         f->name);
    if (qir_samples_count(samples) == 0)
        return qir_error(c->diag, f->loc, "calibrate.empty", "no samples to calibrate with");
    return qir_profile_identify(c->profile, f->module) && run(c, f, samples, opts);
}

bool qir_calibrate(qir_module *m, qir_samples *samples, const qir_calibrate_options *opts,
                   qir_profile *profile)
{
    calibration c = {.profile = profile,
                     .diag = qir_context_diag(m->ctx),
                     .ctx = m->ctx,
                     .arena = qir_context_new_arena(m->ctx),
                     .scratch = qir_context_new_arena(m->ctx),
                     .ok = true};
    static const qir_calibrate_options all = {0};
    qir_func *f = qir_module_main(m);
    c.opts = opts ? opts : &all;
    bool ok = f ? calibrate(&c, f, samples, c.opts)
                : qir_error(c.diag, m->loc, "calibrate.main",
                            "no function to calibrate; expected '@main' or a single function");
    qir_map_free(&c.choices);
    qir_arena_destroy(c.arena);
    qir_arena_destroy(c.scratch);
    return ok;
}
