/* Words of a profile (profile_reader.h): white space separates them, lines mean nothing. */
#include "profile_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MEMORY ((int64_t)1 << 32)

typedef qir_profile_reader reader;


static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void qir_profile_next_word(reader *r)
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

const qir_loc *qir_profile_place(const reader *r)
{
    return qir_loc_file(r->ctx, r->file, r->line, r->col);
}

bool qir_profile_fail(const reader *r, const char *expected)
{
    int shown = r->len > 40 ? 40 : (int)r->len;
    const char *quote = r->len ? "'" : "";
    return qir_error(qir_context_diag(r->ctx), qir_profile_place(r), "profile.syntax",
                     "expected %s, got %s%.*s%s", expected, quote, r->len ? shown : 15,
                     r->len ? r->token : "the end of file", quote);
}

bool qir_profile_is_word(const reader *r, const char *word)
{
    return r->len == strlen(word) && memcmp(r->token, word, r->len) == 0;
}

bool qir_profile_word(reader *r, const char *expected)
{
    if (!qir_profile_is_word(r, expected)) {
        char text[40];
        snprintf(text, sizeof text, "'%s'", expected);
        return qir_profile_fail(r, text);
    }
    qir_profile_next_word(r);
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

bool qir_profile_parse_int(const char *s, size_t len, int64_t *out)
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
    bool ok = qir_profile_parse_int(r->token + negative, r->len - negative, out);
    *out = negative ? -*out : *out;
    if (!ok || *out < least || *out > most) {
        char text[80];
        snprintf(text, sizeof text, "an integer from %lld to %lld", (long long)least,
                 (long long)most);
        return qir_profile_fail(r, text);
    }
    qir_profile_next_word(r);
    return true;
}

bool qir_profile_number(reader *r, float *out)
{
    if (!parse_float(r->token, r->len, out))
        return qir_profile_fail(r, "a finite number");
    qir_profile_next_word(r);
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
    return qir_profile_parse_int(s, len, (int64_t *)counts + i);
}

/* count or count*times; `n` counts in all. */
static bool counts(reader *r, void *out, int64_t n,
                   bool (*store)(const char *, size_t, void *, int64_t))
{
    for (int64_t filled = 0, times; filled < n; qir_profile_next_word(r)) {
        const char *star = memchr(r->token, '*', r->len);
        size_t len = star ? (size_t)(star - r->token) : r->len;
        times = 1;
        if (!store(r->token, len, out, filled) ||
            (star && !qir_profile_parse_int(star + 1, r->len - len - 1, &times)))
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

bool qir_profile_hash(reader *r, uint64_t *out)
{
    char buf[64], *end;
    *out = strtoull(terminated(buf, r->token, r->len), &end, 16);
    if (r->len != 16 || end != buf + 16)
        return qir_profile_fail(r, "a hash of 16 hexadecimal digits");
    qir_profile_next_word(r);
    return true;
}
