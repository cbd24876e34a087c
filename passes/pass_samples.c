/* Samples for passes that measure: the tool says where they are, a pass opens or runs them. */
#include "pm_priv.h"

static int64_t count_of(const qir_sample_source *source, const qir_samples *s)
{
    int64_t n = qir_samples_count(s);
    return source->limit && source->limit < n ? source->limit : n;
}

const qir_layer_log *qir_pass_layer_log(const qir_pass *p)
{
    return p->pm->opts.layer_log;
}

void qir_pass_progress(const qir_pass *p, int64_t done, int64_t total)
{
    if (p->pm->opts.progress)
        p->pm->opts.progress(p->item->desc->name, done, total);
}

qir_samples *qir_pass_open_samples(qir_pass *p, qir_func *f, int64_t *count)
{
    const qir_sample_source *source = p->pm->opts.samples;
    qir_diag_engine *diag = qir_context_diag(p->pm->ctx);
    if (!source) {
        qir_error(diag, p->item->loc, "pass.samples",
                  "pass '%s' needs samples to measure; give them with -samples=PATH (qcc: "
                  "-calibrate=PATH)",
                  p->item->desc->name);
        return NULL;
    }
    qir_samples *s = qir_samples_open(f, source->paths, source->npaths);
    *count = s ? count_of(source, s) : 0;
    if (!s || *count)
        return s;
    qir_error(diag, p->item->loc, "pass.samples", "there are no samples for pass '%s'",
              p->item->desc->name);
    qir_samples_close(s);
    return NULL;
}

bool qir_pass_run_samples(qir_pass *p, qir_func *f, const qir_eval_options *eval, int64_t limit)
{
    int64_t count;
    qir_samples *s = qir_pass_open_samples(p, f, &count);
    if (!s)
        return false;
    qir_tensor *in = QIR_NEW_ARRAY(p->arena, qir_tensor, f->body->nargs);
    qir_tensor *out = QIR_NEW_ARRAY(p->arena, qir_tensor, f->nresults);
    qir_evaluator *e = qir_evaluator_create(f, eval);
    bool ok = true;
    count = limit > 0 && limit < count ? limit : count;
    for (int64_t i = 0; ok && i < count; i++) {
        ok = qir_samples_read(s, i, in) && qir_evaluator_run(e, in, out);
        qir_pass_progress(p, i + 1, count);
    }
    qir_evaluator_destroy(e);
    qir_samples_close(s);
    return ok;
}
