/* The table of observer kinds, and what all kinds have in common: the range of all values. */
#include "qir/observer.h"

#include <stdlib.h>
#include <string.h>
#include "observer_kinds.h"
#include "qir/support/assert.h"
#include "qir/support/suggest.h"

/* --- table ------------------------------------------------------------------------------------ */

#define ROW(ident) &qir_observer_##ident,
static const qir_observer_kind *const built_in[] = {QIR_OBSERVER_KINDS(ROW)};
enum { BUILT_IN = sizeof built_in / sizeof built_in[0] };

static const char registered_key; /* its address is the key of the context's list */

const qir_observer_kind *qir_observer_kind_at(qir_context *ctx, size_t i)
{
    if (i < BUILT_IN)
        return built_in[i];
    return qir_context_row(ctx, &registered_key, i - BUILT_IN);
}

static const qir_observer_kind *find(qir_context *ctx, const char *name, size_t len)
{
    const qir_observer_kind *k;
    for (size_t i = 0; (k = qir_observer_kind_at(ctx, i)); i++)
        if (strlen(k->name) == len && memcmp(k->name, name, len) == 0)
            return k;
    return NULL;
}

bool qir_observer_register(qir_context *ctx, const qir_observer_kind *kind)
{
    if (find(ctx, kind->name, strlen(kind->name)))
        return qir_error(qir_context_diag(ctx), NULL, "observer.name",
                         "an observer kind '%s' exists already; register it under another name",
                         kind->name);
    qir_context_add_row(ctx, &registered_key, kind);
    return true;
}

/* --- choosing --------------------------------------------------------------------------------- */

static bool fail_unknown(qir_context *ctx, const qir_loc *loc, const char *name, size_t len)
{
    qir_suggestion near = {.name = name, .len = len};
    qir_strbuf known = {0};
    const qir_observer_kind *k;
    for (size_t i = 0; (k = qir_observer_kind_at(ctx, i)); i++) {
        qir_suggestion_offer(&near, k->name);
        qir_strbuf_printf(&known, "%s%s", i ? ", " : "", k->name);
    }
    qir_error(qir_context_diag(ctx), loc, "quant.observer",
              near.best ? "unknown observer '%.*s'; did you mean '%s'?"
                        : "unknown observer '%.*s'; expected one of %s",
              (int)(len < 80 ? len : 80), name, near.best ? near.best : qir_strbuf_cstr(&known));
    qir_strbuf_free(&known);
    return false;
}

static bool fail_parameter(qir_context *ctx, const qir_loc *loc, const qir_observer_kind *k,
                           const char *text, size_t len)
{
    int shown = (int)(len < 80 ? len : 80);
    if (!k->parameter)
        return qir_error(qir_context_diag(ctx), loc, "quant.observer",
                         "observer '%s' takes no parameter, got '%.*s'", k->name, shown, text);
    return qir_error(qir_context_diag(ctx), loc, "quant.observer",
                     "observer '%s': expected %s from %g to %g behind ':', got '%.*s'", k->name,
                     k->parameter, k->least, k->most, shown, text);
}

bool qir_observer_choose(qir_context *ctx, const qir_loc *loc, const char *text, size_t len,
                         qir_observer_choice *out)
{
    const char *colon = memchr(text, ':', len);
    size_t name = colon ? (size_t)(colon - text) : len;
    const qir_observer_kind *k = find(ctx, text, name);
    if (!k)
        return fail_unknown(ctx, loc, text, name);
    *out = (qir_observer_choice){k, k->dflt};
    if (!colon)
        return true;
    char number[32] = {0}, *end;
    size_t rest = len - name - 1;
    memcpy(number, colon + 1, rest < sizeof number ? rest : sizeof number - 1);
    out->parameter = strtod(number, &end);
    bool whole = rest > 0 && (size_t)(end - number) == rest;
    if (!k->parameter || !whole || !(out->parameter >= k->least && out->parameter <= k->most))
        return fail_parameter(ctx, loc, k, colon + 1, rest);
    return true;
}

bool qir_observer_choice_equal(qir_observer_choice a, qir_observer_choice b)
{
    return a.kind == b.kind && a.parameter == b.parameter;
}

void qir_observer_choice_print(qir_observer_choice c, qir_strbuf *out)
{
    qir_strbuf_puts(out, c.kind->name);
    if (c.parameter == c.kind->dflt)
        return;
    qir_strbuf_putc(out, ':');
    qir_strbuf_double(out, c.parameter);
}

/* --- observers -------------------------------------------------------------------------------- */

void qir_observer_init(qir_observer *o, qir_observer_choice c, qir_arena *arena)
{
    *o = (qir_observer){.choice = c, .arena = arena};
}

void qir_observer_open(qir_observer *o)
{
    size_t bytes = o->choice.kind->state_bytes;
    if (!o->state && bytes)
        o->state = qir_arena_alloc(o->arena, bytes);
}

void qir_minmax(const float *x, int64_t n, float *lo, float *hi)
{
    float least = x[0], most = x[0];
    for (int64_t i = 1; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    *lo = least;
    *hi = most;
}

static void take_in(qir_observer *o, int64_t batches, float lo, float hi)
{
    o->lo = o->batches == 0 || lo < o->lo ? lo : o->lo;
    o->hi = o->batches == 0 || hi > o->hi ? hi : o->hi;
    o->batches += batches;
}

bool qir_observer_add(qir_observer *o, const float *x, int64_t n)
{
    const qir_observer_kind *k = o->choice.kind;
    float lo, hi;
    if (n == 0 || k->passive)
        return true;
    qir_minmax(x, n, &lo, &hi);
    qir_observer_open(o);
    if (k->add && !k->add(o, x, n, lo, hi))
        return false;
    take_in(o, 1, lo, hi);
    return true;
}

void qir_observer_range(const qir_observer *o, const qir_observer_goal *goal, float *lo, float *hi)
{
    QIR_ASSERT(o->batches > 0, "an observer without data has no range");
    *lo = o->lo;
    *hi = o->hi;
    if (o->choice.kind->range)
        o->choice.kind->range(o, goal, lo, hi);
}

void qir_observer_merge(qir_observer *into, const qir_observer *from)
{
    const qir_observer_kind *k = into->choice.kind;
    QIR_ASSERT(k->order_free && qir_observer_choice_equal(into->choice, from->choice),
               "only equal order-free observers merge");
    if (from->batches == 0)
        return;
    qir_observer_open(into);
    if (k->merge)
        k->merge(into, from);
    take_in(into, from->batches, from->lo, from->hi);
}
