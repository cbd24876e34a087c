/* The text form of profiles, read (docs/quantization.md):
 *
 *   qir-profile 1
 *   observer 3 histogram {
 *     batches 100
 *     elements 307200
 *     range -1.5 2.25
 *     bins 12 0*7 3 ...
 *   }
 */
#include "profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    qir_context *ctx;
    qir_profile *profile;
    const char *file, *at, *end;
    const char *token; /* the current one; length 0 at the end */
    size_t len;
    uint32_t line, col, next_line;
    const char *line_start;
} reader;

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

static bool fail(const reader *r, const char *expected)
{
    int shown = r->len > 40 ? 40 : (int)r->len;
    return qir_error(qir_context_diag(r->ctx), qir_loc_file(r->ctx, r->file, r->line, r->col),
                     "profile.syntax", "expected %s, got %s%.*s%s", expected, r->len ? "'" : "",
                     r->len ? shown : 15, r->len ? r->token : "the end of file", r->len ? "'" : "");
}

static bool is_word(const reader *r, const char *word)
{
    return r->len == strlen(word) && memcmp(r->token, word, r->len) == 0;
}

static bool word(reader *r, const char *expected)
{
    if (!is_word(r, expected)) {
        char text[40];
        snprintf(text, sizeof text, "'%s'", expected);
        return fail(r, text);
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

static bool integer(reader *r, int64_t least, const char *what, int64_t *out)
{
    if (!parse_int(r->token, r->len, out) || *out < least)
        return fail(r, what);
    next(r);
    return true;
}

static bool number(reader *r, float *out)
{
    if (!parse_float(r->token, r->len, out))
        return fail(r, "a finite number");
    next(r);
    return true;
}

/* One entry of `bins`: count or count*times. */
static bool bin_entry(reader *r, float *hist, int *filled)
{
    const char *star = memchr(r->token, '*', r->len);
    size_t len = star ? (size_t)(star - r->token) : r->len;
    int64_t times = 1;
    float count;
    if (!parse_float(r->token, len, &count) || count < 0.0f ||
        (star && !parse_int(star + 1, r->len - len - 1, &times)))
        return fail(r, "a count, or count*times");
    if (times < 1 || times > QIR_HISTOGRAM_BINS - *filled)
        return fail(r, "counts for 2048 bins in all");
    for (int64_t i = 0; i < times; i++)
        hist[(*filled)++] = count;
    next(r);
    return true;
}

static bool bins(reader *r, float *hist)
{
    int filled = 0;
    if (!word(r, "bins"))
        return false;
    while (filled < QIR_HISTOGRAM_BINS)
        if (!bin_entry(r, hist, &filled))
            return false;
    return true;
}

static bool body(reader *r, qir_observer *o)
{
    bool ok = word(r, "{") && word(r, "batches") && integer(r, 1, "a count > 0", &o->batches) &&
              word(r, "elements") && integer(r, 1, "a count > 0", &o->elements) &&
              word(r, "range") && number(r, &o->lo);
    if (!ok)
        return false;
    reader high = *r;
    if (!number(r, &o->hi))
        return false;
    if (o->lo > o->hi)
        return fail(&high, "an upper end not below the lower one");
    return (o->kind != QIR_OBSERVER_HISTOGRAM || bins(r, o->hist)) && word(r, "}");
}

static bool observer(reader *r)
{
    int64_t id;
    qir_observer_kind kind;
    if (!word(r, "observer"))
        return false;
    if (!parse_int(r->token, r->len, &id) || id > INT32_MAX)
        return fail(r, "an observer id");
    if (qir_profile_find(r->profile, id))
        return fail(r, "an id that was not used before");
    next(r);
    if (!qir_observer_kind_from_name(r->token, r->len, &kind))
        return fail(r, "minmax or histogram");
    next(r);
    return body(r, qir_profile_observer(r->profile, id, kind));
}

static bool profile(reader *r)
{
    next(r);
    if (!word(r, "qir-profile"))
        return false;
    if (!is_word(r, "1"))
        return fail(r, "profile version 1");
    next(r);
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
