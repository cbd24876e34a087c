/* Debug counters: -debug-counter=PASS=skip:N,count:M;... lets a pass make only its transformations
 * N to N+M-1, so that a wrong one is found by bisection. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pm_priv.h"

static bool bad(const qir_pass_manager *pm, const char *entry, size_t len, const char *why)
{
    return qir_error(qir_context_diag(pm->ctx), NULL, "counter.syntax",
                     "debug counter '%.*s': %s; expected PASS=skip:N,count:M", (int)len, entry,
                     why);
}

static bool parse_number(const char **at, int64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoll(*at, &end, 10);
    bool ok = end != *at && !errno && *out >= 0;
    *at = end;
    return ok;
}

/* skip:N or count:N, in any order, comma between. */
static bool parse_ranges(const char *at, const char *end, debug_counter *c)
{
    while (at < end) {
        bool skip = !strncmp(at, "skip:", 5);
        int64_t *field = skip ? &c->skip : &c->count;
        if (!skip && strncmp(at, "count:", 6))
            return false;
        at += skip ? 5 : 6;
        if (!parse_number(&at, field) || (at < end && *at++ != ','))
            return false;
    }
    return true;
}

static bool parse_entry(qir_pass_manager *pm, const char *s, size_t len)
{
    const char *eq = memchr(s, '=', len);
    if (!eq)
        return bad(pm, s, len, "no '='");
    const qir_pass_desc *d = pm_find_pass(pm, s, (size_t)(eq - s));
    if (!d)
        return bad(pm, s, len, "no such pass");
    debug_counter c = {d->name, 0, -1, 0};
    if (!parse_ranges(eq + 1, s + len, &c))
        return bad(pm, s, len, "bad range");
    qir_vec_push(&pm->counters, c);
    return true;
}

bool pm_parse_counters(qir_pass_manager *pm, const char *text)
{
    while (text && *text) {
        size_t len = strcspn(text, ";");
        if (!parse_entry(pm, text, len))
            return false;
        text += len + (text[len] == ';');
    }
    return true;
}

bool qir_pass_may_transform(qir_pass *p)
{
    debug_counter *c = p->counter;
    if (!c)
        return true;
    int64_t n = c->seen++;
    return n >= c->skip && (c->count < 0 || n - c->skip < c->count);
}
