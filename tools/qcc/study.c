/* Studies of a model: what is found out about it, and in which order. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "explain.h"

void qcc_progress(const char *what, size_t done, size_t total)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (done < total)
        fprintf(stderr, "\r%s %zu of %zu\033[K", what, done + 1, total);
    else
        fprintf(stderr, "\r\033[K");
}

static bool leave_out(const qcc_study *s, qcc_layer *l)
{
    qcc_trial t;
    qcc_variant v = {.floats = &l->name, .nfloats = 1};
    bool ok = qcc_trial_run(s, &v, &t);
    l->sqnr = qir_fidelity_sqnr(&t.fidelity);
    l->right = t.right;
    qcc_trial_free(&t);
    return ok;
}

/* The costliest first; program order among equals. */
static int by_gain(const void *a, const void *b)
{
    const qcc_layer *x = a, *y = b;
    if (x->sqnr != y->sqnr)
        return (x->sqnr < y->sqnr) - (x->sqnr > y->sqnr);
    return (x->order > y->order) - (x->order < y->order);
}

bool qcc_rank_layers(const qcc_study *s, qcc_findings *f)
{
    for (size_t i = 0; i < f->nlayers && !f->ranked; i++) {
        qcc_progress("trial", i, f->nlayers);
        if (!leave_out(s, &f->layers[i]))
            return false;
    }
    qcc_progress("trial", f->nlayers, f->nlayers);
    if (!f->ranked && f->nlayers)
        qsort(f->layers, f->nlayers, sizeof *f->layers, by_gain);
    f->ranked = true;
    return true;
}

static bool find(qcc_study *s, qcc_findings *f)
{
    qcc_variant as_it_is = {0};
    if (!qcc_trial_run(s, &as_it_is, &f->whole))
        return false;
    s->accuracy = f->whole.accuracy;
    f->nlayers = qcc_find_layers(s, &f->whole, &f->layers);
    return qcc_gather_evidence(s, f->layers, f->nlayers);
}

static bool explain(const qcc_study *s, qcc_findings *f)
{
    return !s->d->opts->explain || (qcc_rank_layers(s, f) && qcc_find_values(s, f) && qcc_explain(s, f));
}

bool qcc_study_model(qcc_driver *d)
{
    const qcc_options *o = d->opts;
    if (!o->explain && !o->min_sqnr && !o->max_drop)
        return true;
    if (d->mode != QCC_QUANTIZE)
        return qir_error(d->diag, NULL, "quantize.explain",
                         "-explain, -min-sqnr and -max-drop need a float model to quantize; this one "
                         "arrived quantized, or stays in float");
    qcc_study s;
    qcc_findings f = {0};
    bool ok = qcc_settle_accuracy(d) && qcc_study_open(&s, d) && find(&s, &f) && explain(&s, &f) &&
              ((!o->min_sqnr && !o->max_drop) || qcc_choose_plan(&s, &f));
    qcc_trial_free(&f.whole);
    qcc_study_close(&s);
    return ok;
}
