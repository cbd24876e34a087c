/* Calibration lint (calibration_lint.h). */
#include "calibration_lint.h"

#include <math.h>
#include "observing.h"

enum {
    FEW_SAMPLES = 10,  /* less say nothing about outliers... */
    SOME_SAMPLES = 20, /* ...or about growth */
};
static const float OUTLIER = 1.5f; /* one sample widens the range by half */
static const float GROWTH = 1.1f;  /* the last quarter widens it by a tenth */
static const float MARGIN = 0.01f, COVERED = 0.125f; /* of the range that preprocessing gives */

/* The two largest of the samples' extremes, 0 included as it is in every range. */
typedef struct extremes {
    float first, second;
    int64_t sample; /* that the first is of */
} extremes;

typedef struct watch {
    extremes above, below;           /* below: of negated values */
    extremes late_above, late_below; /* of the last quarter */
    float early_above, early_below;  /* of what is before it */
    int64_t samples;
    bool *alive; /* per channel; NULL: not watched */
} watch;

struct qir_lint {
    qir_func *func;
    qir_arena *arena;
    qir_diag_engine *diag;
    int64_t total;
    float *least, *most; /* per argument */
    qir_map watches;     /* observe op -> watch */
};

qir_lint *qir_lint_create(qir_func *f, qir_arena *arena, int64_t total)
{
    qir_lint *l = QIR_NEW(arena, qir_lint);
    *l = (qir_lint){.func = f, .arena = arena, .total = total};
    l->diag = qir_context_diag(f->module->ctx);
    l->least = QIR_NEW_ARRAY(arena, float, f->body->nargs);
    l->most = QIR_NEW_ARRAY(arena, float, f->body->nargs);
    for (uint32_t i = 0; i < f->body->nargs; i++)
        l->least[i] = INFINITY, l->most[i] = -INFINITY;
    return l;
}

/* --- counting --------------------------------------------------------------------------------- */

void qir_lint_inputs(qir_lint *l, const qir_tensor *in)
{
    for (uint32_t i = 0; i < l->func->body->nargs; i++) {
        float lo, hi;
        int64_t n = qir_type_elements(in[i].type);
        if (in[i].type->dtype != QIR_f32 || n == 0)
            continue;
        qir_minmax(in[i].data, n, &lo, &hi);
        l->least[i] = fminf(l->least[i], lo);
        l->most[i] = fmaxf(l->most[i], hi);
    }
}

static void note(extremes *e, float v, int64_t sample)
{
    if (v > e->first)
        *e = (extremes){v, e->first, sample};
    else if (v > e->second)
        e->second = v;
}

/* Channels of images and sequences that an op computed; units of a plain layer may well sleep. */
static int64_t watched_channels(const qir_op *observe)
{
    const qir_value *v = qir_op_operand(observe, 0);
    return qir_value_op(v) && v->type->rank >= 3 ? v->type->dims[1] : 0;
}

static watch *watch_of(qir_lint *l, const qir_op *op)
{
    watch *w = qir_map_get(&l->watches, op);
    int64_t channels = watched_channels(op);
    if (w)
        return w;
    w = QIR_NEW(l->arena, watch);
    w->alive = channels ? QIR_NEW_ARRAY(l->arena, bool, (size_t)channels) : NULL;
    qir_map_put(&l->watches, op, w);
    return w;
}

static void note_channels(watch *w, const qir_type *t, const float *x)
{
    int64_t inner = 1, rows = t->dims[0] * t->dims[1];
    for (unsigned d = 2; d < t->rank; d++)
        inner *= t->dims[d];
    for (int64_t r = 0; r < rows; r++) {
        bool *alive = &w->alive[r % t->dims[1]];
        for (int64_t i = 0; i < inner && !*alive; i++)
            *alive = x[r * inner + i] != 0.0f;
    }
}

void qir_lint_value(qir_lint *l, const qir_op *observe, const qir_tensor *x, int64_t sample)
{
    watch *w = watch_of(l, observe);
    float lo, hi;
    int64_t n = qir_type_elements(x->type);
    if (n == 0)
        return;
    qir_minmax(x->data, n, &lo, &hi);
    w->samples++;
    note(&w->above, hi, sample);
    note(&w->below, -lo, sample);
    if (sample >= l->total - l->total / 4) {
        note(&w->late_above, hi, sample);
        note(&w->late_below, -lo, sample);
    } else {
        w->early_above = fmaxf(w->early_above, hi);
        w->early_below = fmaxf(w->early_below, -lo);
    }
    if (w->alive)
        note_channels(w, x->type, x->data);
}

/* --- findings --------------------------------------------------------------------------------- */

/* Of the two samples at the ends, the one without which the range would be narrowest. */
static void report_outlier(qir_lint *l, const qir_op *op, const watch *w)
{
    const extremes *a = &w->above, *b = &w->below;
    float width = a->first + b->first, least = width, lo = 0.0f, hi = 0.0f;
    int64_t sample = -1;
    for (int k = 0; k < 2; k++) {
        int64_t s = k ? b->sample : a->sample;
        float above = s == a->sample ? a->second : a->first;
        float below = s == b->sample ? b->second : b->first;
        if (above + below < least)
            least = above + below, sample = s, lo = -below, hi = above;
    }
    if (w->samples >= FEW_SAMPLES && width > OUTLIER * least)
        qir_warning(l->diag, op->loc, "single-sample-range",
                    "the range of '%s', [%g, %g], is that of sample %lld alone; all others are "
                    "within [%g, %g]",
                    qir_observe_name(op), (double)-b->first, (double)a->first, (long long)sample,
                    (double)lo, (double)hi);
}

/* Two late samples beyond all early ones: more than one outlier. */
static void report_growth(qir_lint *l, const qir_op *op, const watch *w)
{
    float early = w->early_above + w->early_below;
    float now = fmaxf(w->early_above, w->late_above.second) +
                fmaxf(w->early_below, w->late_below.second);
    if (w->samples >= SOME_SAMPLES && early > 0.0f && now > GROWTH * early)
        qir_warning(l->diag, op->loc, "growing-range",
                    "the range of '%s' grew by %.0f %% in the last quarter of %lld samples; "
                    "calibrate on more samples, in random order",
                    qir_observe_name(op), ((double)now / (double)early - 1.0) * 100.0,
                    (long long)w->samples);
}

static void report_dead(qir_lint *l, const qir_op *op, const watch *w)
{
    int64_t channels = watched_channels(op), dead = 0, first = -1;
    for (int64_t c = 0; w->alive && w->samples && c < channels; c++)
        if (!w->alive[c] && dead++ == 0)
            first = c;
    if (dead)
        qir_warning(l->diag, op->loc, "dead-channel",
                    "%lld of %lld channels of '%s' are 0 in all samples, the first is channel %lld",
                    (long long)dead, (long long)channels, qir_observe_name(op), (long long)first);
}

static void report_unused(qir_lint *l, const qir_op *op)
{
    qir_warning(l->diag, op->loc, "unused-observer",
                "observer %lld ('%s') saw no value in any sample; what it observes stays in float",
                (long long)qir_op_int(op, "id"), qir_observe_name(op));
}

/* Range of the reals that bytes become, over all channels. */
static void declared_range(const qir_preprocess *p, const qir_type *t, float *lo, float *hi)
{
    qir_image_axes axes;
    int64_t channels = qir_type_image_axes(t, &axes) ? t->dims[axes.channel] : 1;
    *lo = INFINITY;
    *hi = -INFINITY;
    for (int64_t c = 0; c < channels; c++)
        for (int end = 0; end < 2; end++) {
            float v = qir_preprocess_byte(p, 255.0f * (float)end, c);
            *lo = fminf(*lo, v);
            *hi = fmaxf(*hi, v);
        }
}

static void report_input(qir_lint *l, uint32_t arg)
{
    const qir_value *v = l->func->body->args[arg];
    float lo = l->least[arg], hi = l->most[arg], from, to;
    qir_preprocess p;
    if (!qir_func_preprocess(l->func, arg, &p))
        return;
    declared_range(&p, v->type, &from, &to);
    float width = to - from;
    bool beyond = lo < from - MARGIN * width || hi > to + MARGIN * width;
    if (!(lo <= hi) || !(beyond || hi - lo < COVERED * width))
        return;
    qir_warning(l->diag, l->func->loc, "preprocess-range",
                "input '%s' ranges over [%g, %g], but -preprocess makes values of [%g, %g] from "
                "bytes; are the samples preprocessed otherwise?",
                v->name ? v->name : "?", (double)lo, (double)hi, (double)from, (double)to);
}

static bool is_unused(const qir_profile *p, const qir_op *op)
{
    qir_observer_choice choice;
    if (qir_value_const(qir_op_operand(op, 0)) || !qir_observe_choice(op, &choice) ||
        choice.kind->passive)
        return false;
    const qir_profile_entry *e = qir_profile_find(p, qir_op_int(op, "id"));
    return !e || e->batches == 0;
}

/* Ops that share an observer share what is wrong with it. */
static void report_observer(qir_lint *l, const qir_op *op, const qir_profile *profile,
                            qir_map *told)
{
    const void *id = (const void *)(uintptr_t)qir_op_int(op, "id");
    const watch *w = qir_map_get(&l->watches, op);
    if (qir_map_has(told, id))
        return;
    if (is_unused(profile, op))
        report_unused(l, op);
    else if (!w)
        return;
    qir_map_put(told, id, l);
    if (!w)
        return;
    report_outlier(l, op, w);
    report_growth(l, op, w);
    report_dead(l, op, w);
}

void qir_lint_finish(qir_lint *l, const qir_profile *profile)
{
    qir_map told = {0}; /* ids */
    for (uint32_t i = 0; profile && i < l->func->body->nargs; i++)
        report_input(l, i);
    qir_for_each_op(op, l->func->body)
        if (profile && op->opcode == QIR_OP_observe)
            report_observer(l, op, profile, &told);
    qir_map_free(&told);
    qir_map_free(&l->watches);
}
