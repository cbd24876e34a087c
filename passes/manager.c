/* The pass manager: owns a parsed pipeline, checks stages, runs the passes.  What happens around a
 * pass (printing, verification, times) is in instrument.c. */
#include <stdlib.h>
#include <string.h>
#include "options.h"
#include "pm_priv.h"
#include "qir/support/assert.h"

qir_pass_manager *qir_pm_create(qir_context *ctx, const qir_pm_options *opts)
{
    qir_arena *arena = qir_context_new_arena(ctx);
    qir_pass_manager *pm = QIR_NEW(arena, qir_pass_manager);
    pm->ctx = ctx;
    pm->arena = arena;
    pm->scratch = qir_context_new_arena(ctx);
    if (opts)
        pm->opts = *opts;
    return pm;
}

void qir_pm_destroy(qir_pass_manager *pm)
{
    if (!pm)
        return;
    for (size_t i = 0; i < pm->sources.len; i++)
        qir_diag_remove_source(qir_context_diag(pm->ctx), pm->sources.data[i]);
    qir_vec_free(&pm->sources);
    qir_vec_free(&pm->extra);
    qir_vec_free(&pm->items);
    qir_vec_free(&pm->counters);
    qir_vec_free(&pm->totals);
    qir_arena_destroy(pm->scratch);
    qir_arena_destroy(pm->arena);
}

bool qir_pm_register(qir_pass_manager *pm, const qir_pass_desc *d)
{
    size_t len = strlen(d->name);
    if (pm_find_pass(pm, d->name, len) || qir_pipeline_find(d->name, len))
        return false;
    qir_vec_push(&pm->extra, d);
    return true;
}

bool qir_pm_add(qir_pass_manager *pm, const char *pipeline)
{
    return pm_parse(pm, "-passes", pipeline, 0);
}

void qir_pm_print(const qir_pass_manager *pm, qir_strbuf *out)
{
    for (size_t i = 0; i < pm->items.len; i++) {
        if (i)
            qir_strbuf_putc(out, ',');
        pm_print_item(&pm->items.data[i], out);
    }
}

bool qir_pm_internal_error(const qir_pass_manager *pm)
{
    return pm->internal_error;
}

/* --- options and statistics of a running pass ---------------------------------------------- */
static const char *option(const qir_pass *p, const char *name, qir_option_kind kind)
{
    return opt_value(p->item->desc->options, p->item->values, name, kind);
}

bool qir_pass_bool(const qir_pass *p, const char *name)
{
    return !strcmp(option(p, name, QIR_OPT_BOOL), "true");
}

int64_t qir_pass_int(const qir_pass *p, const char *name)
{
    return strtoll(option(p, name, QIR_OPT_INT), NULL, 10);
}

double qir_pass_float(const qir_pass *p, const char *name)
{
    return strtod(option(p, name, QIR_OPT_FLOAT), NULL);
}

const char *qir_pass_string(const qir_pass *p, const char *name)
{
    return option(p, name, QIR_OPT_STRING);
}

qir_arena *qir_pass_arena(qir_pass *p)
{
    return p->arena;
}

void qir_pass_count(qir_pass *p, const char *statistic, int64_t n)
{
    const char *const *s = p->item->desc->statistics;
    size_t i = 0;
    while (s && s[i] && strcmp(s[i], statistic))
        i++;
    QIR_ASSERT(s && s[i], "undeclared pass statistic");
    p->totals->counts[i] += n;
}

void qir_pass_write(qir_pass *p, const char *text, size_t len)
{
    pm_write(p->pm, text, len);
}

/* --- stages ---------------------------------------------------------------------------------- */
/* Names the passes that establish `bit`. */
static void note_setters(const qir_pass_manager *pm, unsigned bit)
{
    qir_strbuf b = {0};
    size_t n;
    const qir_pass_desc *const *all = qir_pass_registry(&n);
    for (size_t i = 0; i < n; i++)
        if (all[i]->sets & bit)
            qir_strbuf_printf(&b, "%s%s", b.len ? ", " : "", all[i]->name);
    if (b.len)
        qir_note(qir_context_diag(pm->ctx), NULL, "stage '%s' is established by %s",
                 qir_stage_name(bit), qir_strbuf_cstr(&b));
    qir_strbuf_free(&b);
}

static bool stage_allows(const qir_pass_manager *pm, const pipeline_item *item, unsigned stage)
{
    const qir_pass_desc *d = item->desc;
    unsigned missing = d->requires & ~stage, wrong = d->excludes & stage;
    unsigned bit = missing ? missing & -missing : wrong & -wrong;
    if (!bit)
        return true;
    if (missing)
        qir_error(qir_context_diag(pm->ctx), item->loc, "pass.stage",
                  "pass '%s' needs a module in stage '%s'", d->name, qir_stage_name(bit));
    else
        qir_error(qir_context_diag(pm->ctx), item->loc, "pass.stage",
                  "pass '%s' cannot run on a module in stage '%s'", d->name, qir_stage_name(bit));
    note_setters(pm, bit);
    return false;
}

/* --- running ---------------------------------------------------------------------------------- */
static pass_totals *totals_of(qir_pass_manager *pm, const qir_pass_desc *d)
{
    size_t n = 0;
    for (size_t i = 0; i < pm->totals.len; i++)
        if (pm->totals.data[i].desc == d)
            return &pm->totals.data[i];
    while (d->statistics && d->statistics[n])
        n++;
    pass_totals t = {.desc = d, .counts = QIR_NEW_ARRAY(pm->arena, int64_t, n + 1)};
    qir_vec_push(&pm->totals, t);
    return &pm->totals.data[pm->totals.len - 1];
}

static debug_counter *counter_of(qir_pass_manager *pm, const qir_pass_desc *d)
{
    for (size_t i = 0; i < pm->counters.len; i++)
        if (!strcmp(pm->counters.data[i].pass, d->name))
            return &pm->counters.data[i];
    return NULL;
}

static bool run_desc(qir_pass_manager *pm, const pipeline_item *item, qir_module *m,
                     const pass_watch *w)
{
    qir_pass p = {pm, item, pm->scratch, totals_of(pm, item->desc), counter_of(pm, item->desc)};
    unsigned errors = qir_diag_error_count(qir_context_diag(pm->ctx));
    bool ok = item->desc->run(&p, m);
    p.totals->seconds += pm_now() - w->start;
    p.totals->runs++;
    qir_arena_reset(pm->scratch);
    if (!ok && qir_diag_error_count(qir_context_diag(pm->ctx)) == errors) {
        pm->internal_error = true;
        qir_error(qir_context_diag(pm->ctx), item->loc, "internal.pass",
                  "internal error: pass '%s' failed without saying why", item->desc->name);
    }
    return ok;
}

static bool tell_watch(const qir_pass_manager *pm, const pipeline_item *item, bool after, qir_module *m)
{
    if (!pm->opts.watch)
        return true;
    qir_strbuf text = {0};
    pm_print_item(item, &text);
    bool go_on = pm->opts.watch(pm->opts.watch_user, after, text.data, m);
    qir_strbuf_free(&text);
    return go_on;
}

/* There is nothing to measure on. */
static bool is_left_out(const qir_pass_manager *pm, const pipeline_item *item)
{
    bool is = item->desc->samples && !pm->opts.samples;
    if (is)
        qir_remark(qir_context_diag(pm->ctx), item->loc,
                   "pass '%s' leaves the module as it is: there are no samples to measure on "
                   "(-samples=PATH, qcc: -calibrate=PATH)",
                   item->desc->name);
    return is;
}

static bool run_item(qir_pass_manager *pm, size_t index, qir_module *m)
{
    const pipeline_item *item = &pm->items.data[index];
    pass_watch w = {0};
    unsigned stage = qir_module_stage(m);
    if (!stage_allows(pm, item, stage))
        return false;
    if (is_left_out(pm, item))
        return true;
    if (!tell_watch(pm, item, false, m))
        return false;
    pm_watch_begin(pm, item, m, &w);
    bool ok = run_desc(pm, item, m, &w);
    if (ok && (item->desc->sets | item->desc->clears))
        qir_module_set_stage(m, (qir_module_stage(m) | item->desc->sets) & ~item->desc->clears);
    ok = pm_watch_end(pm, index, m, &w, ok);
    qir_strbuf_free(&w.before);
    return ok && tell_watch(pm, item, true, m);
}

bool qir_pm_run(qir_pass_manager *pm, qir_module *m)
{
    pm->internal_error = false;
    pm->totals.len = pm->counters.len = 0;
    if (!pm_parse_counters(pm, pm->opts.debug_counter) || !qir_module_check_stage(m))
        return false;
    for (size_t i = 0; i < pm->items.len; i++)
        if (!run_item(pm, i, m))
            return false;
    return true;
}

bool qir_run_pipeline(qir_module *m, const char *pipeline)
{
    qir_pm_options opts = {0};
#ifndef QIR_NO_ASSERT
    opts.verify_each = true;
#endif
    qir_pass_manager *pm = qir_pm_create(m->ctx, &opts);
    bool ok = qir_pm_add(pm, pipeline) && qir_pm_run(pm, m);
    qir_pm_destroy(pm);
    return ok;
}
