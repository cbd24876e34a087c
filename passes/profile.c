/* Profiles: observers by id, and their text form (docs/quantization.md).
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
#include "qir/support/map.h"
#include "qir/support/vec.h"

struct qir_profile {
    qir_context *ctx;
    qir_arena *arena;
    QIR_VEC(qir_observer *) observers; /* ascending ids */
    qir_map by_id;                     /* id -> observer */
};

qir_profile *qir_profile_create(qir_context *ctx)
{
    qir_arena *arena = qir_context_new_arena(ctx);
    qir_profile *p = QIR_NEW(arena, qir_profile);
    p->ctx = ctx;
    p->arena = arena;
    return p;
}

void qir_profile_destroy(qir_profile *p)
{
    if (!p)
        return;
    qir_vec_free(&p->observers);
    qir_map_free(&p->by_id);
    qir_arena_destroy(p->arena);
}

static const void *key_of(int64_t id)
{
    return (const void *)(uintptr_t)id;
}

const qir_observer *qir_profile_find(const qir_profile *p, int64_t id)
{
    return qir_map_get(&p->by_id, key_of(id));
}

const qir_observer *qir_profile_unused(const qir_profile *p, const qir_map *used)
{
    for (size_t i = 0; i < p->observers.len; i++)
        if (!qir_map_has(used, p->observers.data[i]))
            return p->observers.data[i];
    return NULL;
}

static qir_observer *add_observer(qir_profile *p, int64_t id, qir_observer_kind kind)
{
    qir_observer *o = QIR_NEW(p->arena, qir_observer);
    o->id = id;
    o->kind = kind;
    if (kind == QIR_OBSERVER_HISTOGRAM)
        o->hist = QIR_NEW_ARRAY(p->arena, float, QIR_HISTOGRAM_BINS);
    qir_map_put(&p->by_id, key_of(id), o);
    qir_vec_push(&p->observers, o);
    qir_observer **v = p->observers.data; /* ids mostly arrive in order */
    for (size_t i = p->observers.len - 1; i > 0 && v[i - 1]->id > id; i--) {
        v[i] = v[i - 1];
        v[i - 1] = o;
    }
    return o;
}

qir_observer *qir_profile_observer(qir_profile *p, int64_t id, qir_observer_kind kind)
{
    qir_observer *o = qir_map_get(&p->by_id, key_of(id));
    if (!o)
        return add_observer(p, id, kind);
    return o->kind == kind ? o : NULL;
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_count(qir_strbuf *out, float v)
{
    if (v == floorf(v) && v < 0x1p24f)
        qir_strbuf_int(out, (int64_t)v);
    else
        qir_strbuf_float(out, v);
}

/* Counts in lines of 16 entries; a run of four or more equal counts is one entry "count*times". */
static void print_bins(qir_strbuf *out, const float *hist)
{
    qir_strbuf_puts(out, "  bins");
    int entries = 0;
    for (int i = 0; i < QIR_HISTOGRAM_BINS;) {
        int run = 1;
        while (i + run < QIR_HISTOGRAM_BINS && hist[i + run] == hist[i])
            run++;
        run = run < 4 ? 1 : run;
        qir_strbuf_puts(out, entries > 0 && entries % 16 == 0 ? "\n    " : " ");
        print_count(out, hist[i]);
        if (run > 1)
            qir_strbuf_printf(out, "*%d", run);
        i += run;
        entries++;
    }
    qir_strbuf_putc(out, '\n');
}

static void print_observer(qir_strbuf *out, const qir_observer *o)
{
    qir_strbuf_printf(out, "observer %lld %s {\n", (long long)o->id,
                      qir_observer_kind_name(o->kind));
    qir_strbuf_printf(out, "  batches %lld\n  elements %lld\n  range ", (long long)o->batches,
                      (long long)o->elements);
    qir_strbuf_float(out, o->lo);
    qir_strbuf_putc(out, ' ');
    qir_strbuf_float(out, o->hi);
    qir_strbuf_putc(out, '\n');
    if (o->kind == QIR_OBSERVER_HISTOGRAM)
        print_bins(out, o->hist);
    qir_strbuf_puts(out, "}\n");
}

void qir_profile_print(const qir_profile *p, qir_strbuf *out)
{
    qir_strbuf_puts(out, "qir-profile 1\n");
    for (size_t i = 0; i < p->observers.len; i++)
        if (p->observers.data[i]->batches > 0)
            print_observer(out, p->observers.data[i]);
}

/* --- parsing ---------------------------------------------------------------------------------- */

typedef struct reader {
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
    qir_context *ctx = r->profile->ctx;
    int shown = r->len > 40 ? 40 : (int)r->len;
    return qir_error(qir_context_diag(ctx), qir_loc_file(ctx, r->file, r->line, r->col),
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
    reader r = {.profile = qir_profile_create(ctx),
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
