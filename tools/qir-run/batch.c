/* Every sample of a stream: -samples. */
#include "run.h"

#include <stdio.h>

qir_samples *open_samples(run *r, const cl_list *paths)
{
    return qir_samples_open(r->func, paths->items, paths->len);
}

/* --- -samples --------------------------------------------------------------------------------- */
static bool run_all(run *r, engine *e, qir_samples *samples, results *s, int64_t end)
{
    qir_arena *arena = qir_context_arena(r->ctx);
    qir_tensor *in = QIR_NEW_ARRAY(arena, qir_tensor, r->func->body->nargs);
    qir_tensor *out = QIR_NEW_ARRAY(arena, qir_tensor, r->func->nresults);
    if (r->opts->skip >= end)
        return qir_error(r->diag, NULL, "run.samples", "-skip=%lld leaves none of %lld samples",
                         (long long)r->opts->skip, (long long)end);
    for (int64_t i = r->opts->skip; i < end; i++) {
        if (!qir_samples_read(samples, i, in) || !engine_run(e, in, out)) {
            qir_note(r->diag, NULL, "in sample %lld", (long long)i);
            return false;
        }
        results_add(r, s, out);
        tool_progress(NULL, i + 1 - r->opts->skip, end - r->opts->skip);
    }
    return true;
}

static int finish(run *r, const results *s, int64_t total)
{
    if (!results_report(r, s) || (r->opts->labels && !results_top1(r, s, r->opts->skip, total)))
        return CL_EXIT_ERROR;
    return results_compare(r, s);
}

static int64_t end_of(const run *r, int64_t total)
{
    const run_options *o = r->opts;
    return o->limit && o->limit < total - o->skip ? o->skip + o->limit : total;
}

int run_samples(run *r)
{
    qir_samples *samples = open_samples(r, &r->opts->samples);
    engine *e = samples ? engine_create(r) : NULL;
    int code = CL_EXIT_ERROR;
    if (e) {
        int64_t total = qir_samples_count(samples);
        results s;
        results_init(r, &s);
        s.stacked = true;
        if (run_all(r, e, samples, &s, end_of(r, total)))
            code = finish(r, &s, total);
        results_free(r, &s);
    }
    engine_destroy(e);
    qir_samples_close(samples);
    return code;
}
