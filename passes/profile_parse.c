/* The text form of profiles, read (docs/quantization.md):
 *
 *   qir-profile 2
 *   samples 100
 *   observer 3 histogram {
 *     batches 100
 *     elements 307200
 *     range -1.5 2.25
 *     bins 12 0*7 3 ...
 *   }
 *
 * The lines behind `range` are the kind's own and are read by its row of the table. */
#include "profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COUNT ((int64_t)1 << 53)
#define MAX_MEMORY ((int64_t)1 << 32)

struct qir_profile_reader {
    qir_context *ctx;
    qir_profile *profile;
    const char *file, *at, *end;
    const char *token; /* the current one; length 0 at the end */
    size_t len;
    uint32_t line, col, next_line;
    const char *line_start;
    int64_t reserved; /* bytes */
};
typedef qir_profile_reader reader;

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void next(reader *r)
{
    while (r->at < r->end && is_space(*r->at)) {
        if (*r->at++ == '\n') {
            r->next_line++;
            r->line_start = r->at;
        }
    }
    r->token = r->at;
    r->line = r->next_line;
    r->col = (uint32_t)(r->at - r->line_start) + 1;
    while (r->at < r->end && !is_space(*r->at))
        r->at++;
    r->len = (size_t)(r->at - r->token);
}

static const qir_loc *place(const reader *r)
{
    return qir_loc_file(r->ctx, r->file, r->line, r->col);
}

bool qir_profile_fail(const reader *r, const char *expected)
{
    int shown = r->len > 40 ? 40 : (int)r->len;
    const char *quote = r->len ? "'" : "";
    return qir_error(qir_context_diag(r->ctx), place(r), "profile.syntax",
                     "expected %s, got %s%.*s%s", expected, quote, r->len ? shown : 15,
                     r->len ? r->token : "the end of file", quote);
}

static bool is_word(const reader *r, const char *word)
{
    return r->len == strlen(word) && memcmp(r->token, word, r->len) == 0;
}

bool qir_profile_word(reader *r, const char *expected)
{
    if (!is_word(r, expected)) {
        char text[40];
        snprintf(text, sizeof text, "'%s'", expected);
        return qir_profile_fail(r, text);
    }
    next(r);
    return true;
}

/* Copies `len` bytes of the token so that strto* stops at its end. */
static const char *terminated(char buf[64], const char *s, size_t len)
{
    size_t n = len < 63 ? len : 63;
    memcpy(buf, s, n);
    buf[n] = '\0';
    return buf;
}

static bool parse_int(const char *s, size_t len, int64_t *out)
{
    char buf[64], *end;
    if (len == 0 || len > 18 || s[0] < '0' || s[0] > '9')
        return false;
    *out = strtoll(terminated(buf, s, len), &end, 10);
    return (size_t)(end - buf) == len;
}

static bool parse_float(const char *s, size_t len, float *out)
{
    char buf[64], *end;
    *out = strtof(terminated(buf, s, len), &end);
    return len > 0 && (size_t)(end - buf) == len && isfinite(*out);
}

bool qir_profile_integer(reader *r, int64_t least, int64_t most, int64_t *out)
{
    bool negative = r->len > 1 && r->token[0] == '-';
    bool ok = parse_int(r->token + negative, r->len - negative, out);
    *out = negative ? -*out : *out;
    if (!ok || *out < least || *out > most) {
        char text[80];
        snprintf(text, sizeof text, "an integer from %lld to %lld", (long long)least,
                 (long long)most);
        return qir_profile_fail(r, text);
    }
    next(r);
    return true;
}

bool qir_profile_number(reader *r, float *out)
{
    if (!parse_float(r->token, r->len, out))
        return qir_profile_fail(r, "a finite number");
    next(r);
    return true;
}

/* A few words may stand for many counts. */
bool qir_profile_reserve(reader *r, int64_t bytes)
{
    r->reserved += bytes;
    return r->reserved <= MAX_MEMORY || qir_profile_fail(r, "observers of at most 4 GiB in all");
}

/* --- lists of counts -------------------------------------------------------------------------- */

static bool store_float(const char *s, size_t len, void *counts, int64_t i)
{
    float *v = (float *)counts + i;
    return parse_float(s, len, v) && *v >= 0.0f;
}

static bool store_int(const char *s, size_t len, void *counts, int64_t i)
{
    return parse_int(s, len, (int64_t *)counts + i);
}

/* count or count*times; `n` counts in all. */
static bool counts(reader *r, void *out, int64_t n, bool (*store)(const char *, size_t, void *, int64_t))
{
    for (int64_t filled = 0, times; filled < n; next(r)) {
        const char *star = memchr(r->token, '*', r->len);
        size_t len = star ? (size_t)(star - r->token) : r->len;
        times = 1;
        if (!store(r->token, len, out, filled) ||
            (star && !parse_int(star + 1, r->len - len - 1, &times)))
            return qir_profile_fail(r, "a count, or count*times");
        if (times < 1 || times > n - filled) {
            char text[48];
            snprintf(text, sizeof text, "%lld counts in all", (long long)n);
            return qir_profile_fail(r, text);
        }
        for (int64_t end = filled + times; filled < end; filled++)
            store(r->token, len, out, filled);
    }
    return true;
}

bool qir_profile_floats(reader *r, float *out, int64_t n)
{
    return counts(r, out, n, store_float);
}

bool qir_profile_counts(reader *r, int64_t *out, int64_t n)
{
    return counts(r, out, n, store_int);
}

/* --- stanzas ---------------------------------------------------------------------------------- */

static bool cell(reader *r, qir_observer *o, int64_t batches)
{
    if (!qir_profile_word(r, "range") || !qir_profile_number(r, &o->lo))
        return false;
    reader high = *r;
    if (!qir_profile_number(r, &o->hi))
        return false;
    if (o->lo > o->hi)
        return qir_profile_fail(&high, "an upper end not below the lower one");
    o->batches = batches;
    if (!qir_profile_reserve(r, (int64_t)o->choice.kind->state_bytes))
        return false;
    qir_observer_open(o);
    return !o->choice.kind->parse || o->choice.kind->parse(o, r);
}

static bool body(reader *r, qir_profile_entry *e)
{
    if (!qir_profile_word(r, "{") || !qir_profile_word(r, "batches") ||
        !qir_profile_integer(r, 1, MAX_COUNT, &e->batches) || !qir_profile_word(r, "elements") ||
        !qir_profile_integer(r, 1, MAX_COUNT, &e->elements))
        return false;
    for (int64_t i = 0; i < e->ncells; i++)
        if (!cell(r, &e->cells[i], e->batches))
            return false;
    return qir_profile_word(r, "}");
}

static bool observer(reader *r)
{
    int64_t id, ncells = 1;
    qir_observer_choice choice;
    if (!qir_profile_word(r, "observer"))
        return false;
    if (!parse_int(r->token, r->len, &id) || id > INT32_MAX)
        return qir_profile_fail(r, "an observer id");
    if (qir_profile_find(r->profile, id))
        return qir_profile_fail(r, "an id that was not used before");
    next(r);
    if (!qir_observer_choose(r->ctx, place(r), r->token, r->len, &choice))
        return false;
    next(r);
    if (is_word(r, "channels")) {
        next(r);
        if (!qir_profile_integer(r, 1, r->end - r->at, &ncells)) /* each takes a line */
            return false;
    }
    return body(r, qir_profile_entry_of(r->profile, id, choice, ncells));
}

static bool header(reader *r)
{
    if (!is_word(r, "samples"))
        return true;
    next(r);
    return qir_profile_integer(r, 0, MAX_COUNT, &r->profile->samples);
}

static bool profile(reader *r)
{
    next(r);
    if (!qir_profile_word(r, "qir-profile"))
        return false;
    if (!is_word(r, "2"))
        return qir_profile_fail(r, "profile version 2 (calibrate again)");
    next(r);
    if (!header(r))
        return false;
    while (r->len)
        if (!observer(r))
            return false;
    return true;
}

qir_profile *qir_profile_parse(qir_context *ctx, const char *file, const char *text, size_t len)
{
    reader r = {.ctx = ctx,
                .profile = qir_profile_create(ctx),
                .file = qir_intern_cstr(ctx, file),
                .at = text,
                .end = text + len,
                .next_line = 1,
                .line_start = text};
    qir_diag_add_source(qir_context_diag(ctx), r.file, text, len);
    bool ok = profile(&r);
    qir_diag_remove_source(qir_context_diag(ctx), r.file);
    if (ok)
        return r.profile;
    qir_profile_destroy(r.profile);
    return NULL;
}
