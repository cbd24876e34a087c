/* What happens around each pass besides the pass: printing, verification, round trips, timing,
 * reproducers, and the report of statistics and times. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "pm_priv.h"
#include "qir/support/file.h"
#include "qir/text.h"

double pm_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void pm_write(const qir_pass_manager *pm, const char *text, size_t len)
{
    if (pm->opts.write)
        pm->opts.write(pm->opts.user, text, len);
    else
        fwrite(text, 1, len, stderr);
}

/* Is `name` in the comma-separated list (or the list "*")? */
static bool listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    if (!list)
        return false;
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ",");
        if ((len == 1 && *at == '*') || (len == n && !memcmp(at, name, n)))
            return true;
        at += len + (at[len] == ',');
    }
    return false;
}

static void dump(const qir_pass_manager *pm, const char *when, const char *pass, const char *text)
{
    qir_strbuf b = {0};
    qir_strbuf_printf(&b, "// ----- %s %s -----\n%s", when, pass, text);
    pm_write(pm, qir_strbuf_cstr(&b), b.len);
    qir_strbuf_free(&b);
}

void pm_watch_begin(qir_pass_manager *pm, const pipeline_item *item, qir_module *m, pass_watch *w)
{
    bool print = listed(pm->opts.print_before, item->desc->name);
    if (print || pm->opts.reproducer || pm->opts.print_after_change)
        qir_print(m, NULL, &w->before);
    if (print)
        dump(pm, "before", item->desc->name, qir_strbuf_cstr(&w->before));
    w->start = pm_now();
}

static void print_after(const qir_pass_manager *pm, const char *pass, const qir_module *m,
                        const pass_watch *w)
{
    bool wanted = listed(pm->opts.print_after, pass);
    if (!wanted && !pm->opts.print_after_change)
        return;
    qir_strbuf after = {0};
    qir_print(m, NULL, &after);
    bool changed = strcmp(qir_strbuf_cstr(&w->before), qir_strbuf_cstr(&after)) != 0;
    if (wanted || changed)
        dump(pm, "after", pass, qir_strbuf_cstr(&after));
    qir_strbuf_free(&after);
}

/* The module as it was before the pass, headed by the passes that remain. */
static void write_reproducer(const qir_pass_manager *pm, size_t index, const pass_watch *w)
{
    qir_strbuf b = {0};
    qir_diag_engine *diag = qir_context_diag(pm->ctx);
    if (!pm->opts.reproducer)
        return;
    qir_strbuf_puts(&b, "// configuration: -passes='");
    for (size_t i = index; i < pm->items.len; i++) {
        if (i > index)
            qir_strbuf_putc(&b, ',');
        pm_print_item(&pm->items.data[i], &b);
    }
    qir_strbuf_printf(&b, "' -verify-each\n%s", qir_strbuf_cstr(&w->before));
    qir_output_set *set = qir_output_set_create(diag);
    if (qir_output_add(set, pm->opts.reproducer, b.data, b.len) && qir_output_commit(set))
        qir_note(diag, NULL, "reproducer written to '%s'", pm->opts.reproducer);
    qir_output_set_destroy(set);
    qir_strbuf_free(&b);
}

static bool internal(qir_pass_manager *pm, size_t index, const pass_watch *w, const char *what)
{
    pm->internal_error = true;
    qir_error(qir_context_diag(pm->ctx), pm->items.data[index].loc, "internal.pass",
              "internal error: pass '%s' %s", pm->items.data[index].desc->name, what);
    write_reproducer(pm, index, w);
    return false;
}

/* print(parse(print(m))) == print(m) */
static bool round_trips(const qir_pass_manager *pm, const qir_module *m)
{
    qir_strbuf first = {0}, second = {0};
    qir_parse_options opts = {.source_dir = m->source_dir, .no_verify = true};
    qir_print(m, NULL, &first);
    qir_module *copy = qir_parse(pm->ctx, "round-trip", first.data, first.len, &opts);
    if (copy) {
        qir_print(copy, NULL, &second);
        qir_module_destroy(copy);
    }
    bool same = copy && first.len == second.len && !memcmp(first.data, second.data, first.len);
    qir_strbuf_free(&first);
    qir_strbuf_free(&second);
    return same;
}

bool pm_watch_end(qir_pass_manager *pm, size_t index, qir_module *m, pass_watch *w, bool ok)
{
    if (!ok)
        return false;
    print_after(pm, pm->items.data[index].desc->name, m, w);
    if (pm->opts.verify_each && !(qir_verify(m) && qir_module_check_stage(m)))
        return internal(pm, index, w, "left a module that does not verify");
    if (pm->opts.verify_roundtrip && !round_trips(pm, m))
        return internal(pm, index, w, "left a module whose text does not read back");
    return true;
}

static void report_stats(const qir_pass_manager *pm, qir_strbuf *out)
{
    qir_strbuf_puts(out, "pass statistics:\n");
    for (size_t i = 0; i < pm->totals.len; i++) {
        const pass_totals *t = &pm->totals.data[i];
        for (size_t k = 0; t->desc->statistics && t->desc->statistics[k]; k++)
            qir_strbuf_printf(out, "%8lld  %s: %s\n", (long long)t->counts[k], t->desc->name,
                              t->desc->statistics[k]);
    }
}

static void report_time(const qir_pass_manager *pm, qir_strbuf *out)
{
    double sum = 0;
    for (size_t i = 0; i < pm->totals.len; i++)
        sum += pm->totals.data[i].seconds;
    qir_strbuf_puts(out, "pass times:\n");
    for (size_t i = 0; i < pm->totals.len; i++) {
        const pass_totals *t = &pm->totals.data[i];
        qir_strbuf_printf(out, "%10.4f s  %5.1f %%  %s (%u)\n", t->seconds,
                          sum > 0 ? 100 * t->seconds / sum : 0.0, t->desc->name, t->runs);
    }
    qir_strbuf_printf(out, "%10.4f s  100.0 %%  total\n", sum);
}

void qir_pm_report(const qir_pass_manager *pm, qir_strbuf *out)
{
    if (pm->opts.stats)
        report_stats(pm, out);
    if (pm->opts.time)
        report_time(pm, out);
}
