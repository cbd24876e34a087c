/* -calibrate, in one run or in shards, interrupted and resumed; -merge-profiles. */
#include "run.h"

#include <stdio.h>
#include <string.h>
#include "qir/calibrate.h"
#include "qir/pass.h"

enum { MAX_PROFILE = 1 << 30 };

static bool write_profile(run *r, const qir_profile *p)
{
    qir_strbuf text = {0};
    qir_profile_print(p, &text);
    bool ok = tool_write(r->diag, r->opts->output_file, text.data, text.len);
    qir_strbuf_free(&text);
    return ok;
}

static qir_profile *read_profile(run *r, const char *path)
{
    qir_bytes text;
    if (!qir_read_file(r->diag, qir_context_arena(r->ctx), path, MAX_PROFILE, NULL, &text))
        return NULL;
    return qir_profile_parse(r->ctx, path, (const char *)text.data, text.len);
}

/* --- -calibrate ------------------------------------------------------------------------------- */

/* "i/n", i < n; without it 0/0. */
static void parse_shard(const run *r, qir_calibrate_options *opts)
{
    const char *text = r->opts->shard;
    long long i, n;
    int used = 0;
    if (!text)
        return;
    if (sscanf(text, "%lld/%lld%n", &i, &n, &used) != 2 || text[used] || n < 1 || i < 0 || i >= n ||
        n > QIR_MAX_SHARDS)
        cl_usage_error(r->tool, "-shard expects I/N with 0 <= I < N <= %d, got '%.80s'",
                       QIR_MAX_SHARDS, text);
    opts->shard = i;
    opts->nshards = n;
}

static qir_profile *begin(run *r)
{
    const char *path = r->opts->resume;
    qir_profile *p = path ? read_profile(r, path) : qir_profile_create(r->ctx);
    if (!path || !p || qir_profile_next(p))
        return p;
    qir_error(r->diag, qir_loc_file(r->ctx, path, 0, 0), "calibrate.resume",
              "the profile is complete; -resume goes on with one that an interruption left");
    qir_profile_destroy(p);
    return NULL;
}

/* An interruption takes effect when the profile so far is written. */
static bool measure(run *r, qir_samples *samples, qir_profile *p)
{
    qir_calibrate_options opts = {.limit = r->opts->limit, .progress = tool_progress};
    parse_shard(r, &opts);
    opts.stop = tool_catch_interrupt();
    bool ok = qir_calibrate(r->module, samples, &opts, p) &&
              !qir_diag_error_count(r->diag) && /* warnings made errors fail nothing */
              write_profile(r, p);
    if (ok && qir_profile_next(p))
        qir_remark(r->diag, NULL,
                   "interrupted before sample %lld; -resume=%s goes on with the same options",
                   (long long)qir_profile_next(p),
                   r->opts->output_file ? r->opts->output_file : "PROFILE");
    tool_obey_interrupt();
    return ok;
}

/* A model without observers gets those of the default quantizer first. */
int run_calibrate(run *r)
{
    if (!(qir_module_stage(r->module) & QIR_STAGE_OBSERVED) &&
        !qir_run_pipeline(r->module, "prepare"))
        return CL_EXIT_ERROR;
    qir_samples *samples = open_samples(r, &r->opts->calibrate);
    if (!samples)
        return CL_EXIT_ERROR;
    qir_profile *profile = begin(r);
    bool ok = profile && measure(r, samples, profile);
    qir_profile_destroy(profile);
    qir_samples_close(samples);
    return ok ? CL_EXIT_OK : CL_EXIT_ERROR;
}

/* --- -merge-profiles -------------------------------------------------------------------------- */

static bool merge_file(run *r, qir_profile *into, const char *path)
{
    qir_profile *p = read_profile(r, path);
    bool ok = p && qir_profile_merge(into, p);
    qir_profile_destroy(p);
    return ok;
}

int run_merge(run *r, const cl_list *paths)
{
    if (r->opts->output_file &&
        !tool_check_output(r->diag, r->opts->output_file, paths->items, paths->len))
        return CL_EXIT_ERROR;
    qir_profile *all = read_profile(r, paths->items[0]);
    bool ok = all != NULL;
    for (size_t i = 1; ok && i < paths->len; i++)
        ok = merge_file(r, all, paths->items[i]);
    ok = ok && write_profile(r, all);
    qir_profile_destroy(all);
    return ok ? CL_EXIT_OK : CL_EXIT_ERROR;
}
