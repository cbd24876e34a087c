/* -min-sqnr, -max-drop: the costliest layers get wider weights, then stay in float, one after the other,
 * until the results are near enough; the plan is a .qcfg that says so. */
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

static void remark(const qcc_study *s, const qcc_trial *t, const qcc_variant *v, size_t total)
{
    qir_strbuf b = {0};
    qir_strbuf_printf(&b, "%zu of %zu layers stay in float", v->nfloats, total);
    if (v->nwide)
        qir_strbuf_printf(&b, ", %zu get weights of 8 bits", v->nwide);
    qir_strbuf_printf(&b, ": SQNR %.2f dB", qir_fidelity_sqnr(&t->fidelity));
    if (s->labels)
        qir_strbuf_printf(&b, ", %.2f points of top-1 lost", qcc_trial_drop(s, t));
    qir_remark(s->d->diag, NULL, "%s, over %lld samples; the plan is in '%s'", b.data,
               (long long)s->samples, s->d->opts->save_plan);
    qir_strbuf_free(&b);
}

/* The next step: 8 bits for the next layer with fewer, else float for the next layer. */
static bool take_step(const qcc_findings *f, const char *const *low, size_t nlow, qcc_variant *v)
{
    if (v->nwide < nlow)
        v->nwide++;
    else if (v->nfloats < f->nlayers)
        v->nfloats++;
    else
        return false;
    v->wide = low;
    return true;
}

static bool search(const qcc_study *s, const qcc_findings *f, const char *const *low, size_t nlow,
                   qcc_variant *v)
{
    bool enough = is_enough(s, &f->whole);
    qcc_trial t = f->whole; /* its module is not ours */
    while (!enough && take_step(f, low, nlow, v)) {
        bool ok = qcc_trial_run(s, v, &t);
        qcc_trial_free(&t);
        if (!ok)
            return false;
        enough = is_enough(s, &t);
    }
    if (enough)
        remark(s, &t, v, f->nlayers);
    return enough ||
           qir_error(s->d->diag, NULL, "quantize.plan",
                     "even with all %zu layers in float the results are not near enough (%.2f dB); "
                     "ask for less", f->nlayers, qir_fidelity_sqnr(&t.fidelity));
}

/* --- the plan ---------------------------------------------------------------------------------- */
static void add_rules(const qcc_study *s, qir_strbuf *b, const char *const *names, size_t n,
                      const char *what)
{
    for (size_t i = 0; i < n; i++) {
        qir_strbuf_puts(b, b->data[b->len - 1] == '[' ? "\n  {\"name\": " : ",\n  {\"name\": ");
        json_string(b, qcc_names_regex(s->arena, &names[i], 1, NULL));
        qir_strbuf_printf(b, ", %s}", what);
    }
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

#define FLOAT_RULE "\"use\": \"float\""
#define WIDE_RULE "\"specs\": {\"weight\": \"i8<-127:127> symmetric per-channel\"}"

static bool write_plan(const qcc_study *s, const qcc_variant *v)
{
    qir_strbuf b = {0};
    qir_strbuf_puts(&b, "{\"rules\": [");
    add_rules(s, &b, v->floats, v->nfloats, FLOAT_RULE);
    add_rules(s, &b, v->wide, v->nwide, WIDE_RULE);
    bool ok = add_own_rules(s, &b);
    qir_strbuf_puts(&b, "\n]}\n");
    ok = ok && tool_write(s->d->diag, s->d->opts->save_plan, b.data, b.len);
    qir_strbuf_free(&b);
    return ok;
}

bool qcc_choose_plan(qcc_study *s, const qcc_findings *f)
{
    const char **names = QIR_NEW_ARRAY(s->arena, const char *, f->nlayers);
    const char **low = QIR_NEW_ARRAY(s->arena, const char *, f->nlayers);
    size_t nlow = 0;
    /* Widths that -weights gives by name come before those of a plan. */
    bool widens = !s->d->opts->weights || !strchr(s->d->opts->weights, '@');
    for (size_t i = 0; i < f->nlayers; i++) {
        names[i] = f->layers[i].name;
        if (widens && f->layers[i].weight_bits && f->layers[i].weight_bits < 8)
            low[nlow++] = names[i];
    }
    qcc_variant v = {.floats = names};
    if (!search(s, f, low, nlow, &v) || !write_plan(s, &v))
        return false;
    qcc_follow(s->d, &v, qir_context_arena(s->d->ctx));
    return true;
}
