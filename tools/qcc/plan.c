/* -min-sqnr, -max-drop: the costliest layers stay in float, one after the other, until the results are
 * near enough; the plan is a .qcfg that says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "explain.h"
#include "json.h"
#include "qir/pass.h"

static bool is_enough(const qcc_study *s, const qcc_trial *t)
{
    const qcc_options *o = s->d->opts;
    return (!o->min_sqnr || qir_fidelity_sqnr(&t->fidelity) >= strtod(o->min_sqnr, NULL)) &&
           (!o->max_drop || qcc_trial_drop(s, t) <= strtod(o->max_drop, NULL));
}

static void remark(const qcc_study *s, const qcc_trial *t, size_t n, size_t total)
{
    qir_strbuf b = {0};
    qir_strbuf_printf(&b, "%zu of %zu layers stay in float: SQNR %.2f dB", n, total,
                      qir_fidelity_sqnr(&t->fidelity));
    if (s->labels)
        qir_strbuf_printf(&b, ", %.2f points of top-1 lost", qcc_trial_drop(s, t));
    qir_remark(s->d->diag, NULL, "%s, over %lld samples; the plan is in '%s'", b.data,
               (long long)s->samples, s->d->opts->save_plan);
    qir_strbuf_free(&b);
}

/* How many of `names` are to stay in float; -1: diagnosed. */
static int64_t search(const qcc_study *s, const qcc_findings *f, const char *const *names)
{
    bool enough = is_enough(s, &f->whole);
    qcc_trial t = f->whole;
    size_t n = 0;
    while (!enough && n < f->nlayers) {
        if (n)
            qcc_trial_free(&t);
        if (!qcc_trial_run(s, names, ++n, &t))
            return -1;
        enough = is_enough(s, &t);
    }
    if (enough)
        remark(s, &t, n, f->nlayers);
    else
        qir_error(s->d->diag, NULL, "quantize.plan",
                  "even with all %zu layers in float the results are not near enough (%.2f dB); ask "
                  "for less", f->nlayers, qir_fidelity_sqnr(&t.fidelity));
    if (n)
        qcc_trial_free(&t);
    return enough ? (int64_t)n : -1;
}

/* --- the plan ---------------------------------------------------------------------------------- */
static void add_rule(qir_strbuf *b, const char *name)
{
    qir_strbuf_puts(b, b->data[b->len - 1] == '[' ? "\n  {\"name\": " : ",\n  {\"name\": ");
    json_string(b, name);
    qir_strbuf_puts(b, ", \"use\": \"float\"}");
}

/* The rules of the user's own configuration stay behind those of the plan. */
static bool add_own_rules(const qcc_study *s, qir_strbuf *b)
{
    qir_bytes text;
    const char *path = s->d->opts->qconfig;
    if (!path)
        return true;
    if (!qir_read_file(s->d->diag, s->arena, path, (size_t)1 << 26, NULL, &text))
        return false;
    const char *open = memchr(text.data, '[', text.len);
    const char *close = (const char *)text.data + text.len;
    while (close > (const char *)text.data && close[-1] != ']')
        close--;
    if (!open || open + 1 >= close)
        return true;
    qir_strbuf rules = {0};
    qir_strbuf_write(&rules, open + 1, (size_t)(close - 1 - open - 1));
    if (strspn(rules.data, " \t\r\n") < rules.len)
        qir_strbuf_printf(b, "%s%s", b->data[b->len - 1] == '[' ? "" : ",", rules.data);
    qir_strbuf_free(&rules);
    return true;
}

static bool write_plan(const qcc_study *s, const char *const *names, size_t n)
{
    qir_strbuf b = {0};
    qir_strbuf_puts(&b, "{\"rules\": [");
    for (size_t i = 0; i < n; i++)
        add_rule(&b, qcc_names_regex(s->arena, &names[i], 1, NULL));
    bool ok = add_own_rules(s, &b);
    qir_strbuf_puts(&b, "\n]}\n");
    ok = ok && tool_write(s->d->diag, s->d->opts->save_plan, b.data, b.len);
    qir_strbuf_free(&b);
    return ok;
}

bool qcc_choose_plan(qcc_study *s, const qcc_findings *f)
{
    const char **names = QIR_NEW_ARRAY(s->arena, const char *, f->nlayers);
    for (size_t i = 0; i < f->nlayers; i++)
        names[i] = f->layers[i].name;
    int64_t n = search(s, f, names);
    if (n < 0 || !write_plan(s, names, (size_t)n))
        return false;
    if (n)
        s->d->keep_float = qcc_names_regex(qir_context_arena(s->d->ctx), names, (size_t)n,
                                           s->d->opts->keep_float);
    return true;
}
