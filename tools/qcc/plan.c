/* -min-sqnr, -max-drop: layers get weights of 8 bits, values get 16, layers stay in float, in this order and the costliest
 * first, until the results are near enough; the plan is a .qcfg that says so.
 *
 * Values are chosen as sets, since none of them helps alone: the fewest of the loudest that do, found by bisection, less
 * what turns out not to be needed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "explain.h"
#include "json.h"
#include "qir/pass.h"

static bool is_enough(const qcc_study *s, const qcc_trial *t)
{
    const qcc_options *o = s->d->opts;
    return (!o->min_sqnr || qcc_trial_sure_sqnr(s, t) >= strtod(o->min_sqnr, NULL)) &&
           (!o->max_drop || qcc_trial_drop(s, t) <= strtod(o->max_drop, NULL));
}

static void remark(const qcc_study *s, const qcc_trial *t, const qcc_variant *v, size_t total)
{
    qir_strbuf b = {0};
    qir_strbuf_printf(&b, "%zu of %zu layers stay in float", v->nfloats, total);
    if (v->nint16)
        qir_strbuf_printf(&b, ", %zu value%s 16 bits", v->nint16, v->nint16 == 1 ? " gets" : "s get");
    if (v->nwide)
        qir_strbuf_printf(&b, ", %zu get weights of 8 bits", v->nwide);
    qir_strbuf_printf(&b, ": SQNR %.2f dB (others like them: %.2f)", qir_fidelity_sqnr(&t->fidelity),
                      qcc_trial_sure_sqnr(s, t));
    if (s->labels)
        qir_strbuf_printf(&b, ", %.2f points of top-1 lost", qcc_trial_drop(s, t));
    qir_remark(s->d->diag, NULL, "%s, over %lld samples; the plan is in '%s'", b.data,
               (long long)s->samples, s->d->opts->save_plan);
    qir_strbuf_free(&b);
}

/* --- the search -------------------------------------------------------------------------------- */
typedef struct search {
    const qcc_study *study;
    qcc_findings *findings;
    qcc_variant v;
    const char **int16; /* v.int16 */
    qcc_trial last;     /* its numbers; its module is not ours */
    bool enough, ok;
} search;

static bool tries(search *s)
{
    s->ok = s->ok && qcc_trial_run(s->study, &s->v, &s->last);
    qcc_trial_free(&s->last);
    s->enough = s->ok && is_enough(s->study, &s->last);
    return s->enough;
}

/* The layers whose weights have fewer bits. */
static void widen_weights(search *s)
{
    const qcc_findings *f = s->findings;
    const char **low = QIR_NEW_ARRAY(s->study->arena, const char *, f->nlayers);
    const char *weights = s->study->d->opts->weights;
    size_t n = 0;
    /* Widths that -weights gives by name come before those of a plan. */
    for (size_t i = 0; i < f->nlayers && !(weights && strchr(weights, '@')); i++)
        n += f->layers[i].weight_bits && f->layers[i].weight_bits < 8;
    s->ok = s->ok && (s->enough || !n || qcc_rank_layers(s->study, s->findings));
    for (size_t i = 0, k = 0; k < n; i++)
        if (f->layers[i].weight_bits && f->layers[i].weight_bits < 8)
            low[k++] = f->layers[i].name;
    s->v.wide = low;
    while (s->ok && !s->enough && s->v.nwide < n) {
        s->v.nwide++;
        tries(s);
    }
}

/* The fewest of the loudest values that are enough, which all of them are. */
static void bisect_values(search *s)
{
    size_t few = 0, many = s->v.nint16;
    while (s->ok && many - few > 1) {
        s->v.nint16 = few + (many - few) / 2;
        *(tries(s) ? &many : &few) = s->v.nint16;
    }
    s->v.nint16 = many;
}

/* Drops the values without which it is enough, the quietest first. */
static void drop_values(search *s)
{
    for (size_t i = s->v.nint16 - 1; s->ok && i-- > 0;) { /* without the quietest it was not */
        const char *name = s->int16[i];
        size_t behind = (s->v.nint16 - 1 - i) * sizeof *s->int16;
        memmove(&s->int16[i], &s->int16[i + 1], behind);
        s->v.nint16--;
        if (tries(s))
            continue;
        memmove(&s->int16[i + 1], &s->int16[i], behind);
        s->int16[i] = name;
        s->v.nint16++;
    }
}

static void widen_values(search *s)
{
    qcc_findings *f = s->findings;
    s->ok = s->ok && (s->enough || f->nvalues || qcc_find_values(s->study, f));
    if (!s->ok || s->enough || !f->nvalues)
        return;
    s->v.int16 = s->int16 = QIR_NEW_ARRAY(s->study->arena, const char *, f->nvalues);
    for (size_t i = 0; i < f->nvalues; i++)
        s->int16[i] = f->values[i].name;
    s->v.nint16 = f->nvalues;
    if (!tries(s))
        return; /* all of them, then, and floats */
    bisect_values(s);
    drop_values(s);
    tries(s);
}

static void leave_floats(search *s)
{
    const qcc_findings *f = s->findings;
    const char **names = QIR_NEW_ARRAY(s->study->arena, const char *, f->nlayers);
    s->ok = s->ok && (s->enough || qcc_rank_layers(s->study, s->findings));
    for (size_t i = 0; i < f->nlayers; i++)
        names[i] = f->layers[i].name;
    s->v.floats = names;
    while (s->ok && !s->enough && s->v.nfloats < f->nlayers) {
        s->v.nfloats++;
        tries(s);
    }
}

static bool find_variant(search *s)
{
    widen_weights(s);
    widen_values(s);
    leave_floats(s);
    if (s->enough)
        remark(s->study, &s->last, &s->v, s->findings->nlayers);
    return s->enough ||
           (s->ok && qir_error(s->study->d->diag, NULL, "quantize.plan",
                               "even with all %zu layers in float the results are not near enough (%.2f dB); "
                               "ask for less", s->findings->nlayers, qir_fidelity_sqnr(&s->last.fidelity)));
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
#define INT16_RULE "\"result\": \"int16\""
#define WIDE_RULE "\"specs\": {\"weight\": \"i8<-127:127> symmetric per-channel\"}"

static bool write_plan(const qcc_study *s, const qcc_variant *v)
{
    qir_strbuf b = {0};
    qir_strbuf_puts(&b, "{\"rules\": [");
    add_rules(s, &b, v->floats, v->nfloats, FLOAT_RULE);
    add_rules(s, &b, v->int16, v->nint16, INT16_RULE);
    add_rules(s, &b, v->wide, v->nwide, WIDE_RULE);
    bool ok = add_own_rules(s, &b);
    qir_strbuf_puts(&b, "\n]}\n");
    ok = ok && tool_write(s->d->diag, s->d->opts->save_plan, b.data, b.len);
    qir_strbuf_free(&b);
    return ok;
}

bool qcc_choose_plan(qcc_study *s, qcc_findings *f)
{
    search it = {.study = s, .findings = f, .last = f->whole, .enough = is_enough(s, &f->whole), .ok = true};
    if (!find_variant(&it) || !write_plan(s, &it.v))
        return false;
    qcc_follow(s->d, &it.v, qir_context_arena(s->d->ctx));
    return true;
}
