/* Text of quantization specs (qspec.h): words separated by blanks, the first one says the kind. */
#include "qir/qspec.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "qir/diag.h"

const qir_qspec qir_qspec_float = {.kind = QIR_QSPEC_FLOAT};

qir_qspec qir_qspec_same_as_operand(uint32_t i)
{
    return (qir_qspec){.kind = QIR_QSPEC_OPERAND, .of = {i}};
}

bool qir_qspec_agree(const qir_qspec *a, const qir_qspec *b)
{
    if (a->kind != b->kind || a->dtype != b->dtype || a->qmin != b->qmin || a->qmax != b->qmax)
        return false;
    if (a->kind == QIR_QSPEC_FIXED)
        return a->scale == b->scale && a->zero_point == b->zero_point;
    if (a->kind == QIR_QSPEC_DERIVED)
        return false; /* of operands of different ops */
    return a->symmetric == b->symmetric && a->dynamic == b->dynamic && a->rows == b->rows &&
           a->axis == b->axis && a->group == b->group;
}

/* --- reading --------------------------------------------------------------------------------- */

typedef struct reader {
    qir_context *ctx;
    const qir_loc *loc;
    const char *text, *at;
    const char *word; /* the last one */
    size_t len;
} reader;

static bool bad(const reader *r, const char *expected)
{
    return qir_error(qir_context_diag(r->ctx), r->loc, "quant.spec",
                     "bad quantization spec '%s': got '%.*s', expected %s", r->text, (int)r->len,
                     r->word, expected);
}

static bool next(reader *r)
{
    r->at += strspn(r->at, " \t");
    r->word = r->at;
    r->len = strcspn(r->at, " \t");
    r->at += r->len;
    return r->len != 0;
}

static bool is(const reader *r, const char *word)
{
    return strlen(word) == r->len && !memcmp(r->word, word, r->len);
}

/* The text behind "name=", if the word is such. */
static const char *value_of(const reader *r, const char *name)
{
    size_t n = strlen(name);
    return r->len > n + 1 && !memcmp(r->word, name, n) && r->word[n] == '=' ? r->word + n + 1 : NULL;
}

static bool integer(const reader *r, const char *s, long long lo, long long hi, const char *what,
                    long long *out)
{
    char *end;
    errno = 0;
    *out = strtoll(s, &end, 10);
    return (end == r->word + r->len && end != s && !errno && *out >= lo && *out <= hi) ||
           bad(r, what);
}

static bool positive(const reader *r, const char *s, float *out)
{
    char *end;
    *out = strtof(s, &end);
    return (end == r->word + r->len && end != s && isfinite(*out) && *out > 0.0f) ||
           bad(r, "a positive number");
}

/* i8, u8<0:127>, ... */
static bool storage(reader *r, qir_qspec *s)
{
    const char *open = memchr(r->word, '<', r->len);
    size_t len = open ? (size_t)(open - r->word) : r->len;
    if (!qir_dtype_from_name(r->word, len, &s->dtype) || !qir_dtype_is_int(s->dtype) ||
        qir_dtype_bits(s->dtype) > 32 || s->dtype == QIR_u32)
        return bad(r, "float, src, in<k>, fixed, derived, or a type of up to 32 bits: i8, u8, i4, ...");
    long long least = qir_dtype_min(s->dtype), most = qir_dtype_max(s->dtype), lo = least, hi = most;
    if (open) {
        char *end;
        lo = strtoll(open + 1, &end, 10);
        const char *second = *end == ':' ? end + 1 : end;
        hi = strtoll(second, &end, 10);
        if (end == second || *end != '>' || end + 1 != r->word + r->len || lo < least ||
            hi > most || lo >= hi)
            return bad(r, "a range that the type holds, like i8<-127:127>");
    }
    s->qmin = (int32_t)lo;
    s->qmax = (int32_t)hi;
    return true;
}

/* in<k>, up to `stop`. */
static bool operand(const reader *r, const char *s, const char **stop, uint32_t *out)
{
    char *end;
    if (strncmp(s, "in", 2) != 0 || s[2] < '0' || s[2] > '9')
        return false;
    unsigned long k = strtoul(s + 2, &end, 10);
    *stop = end;
    *out = (uint32_t)k;
    return end <= r->word + r->len && k < UINT16_MAX;
}

static bool fixed(reader *r, qir_qspec *s)
{
    if (!next(r) || !storage(r, s))
        return false;
    bool scale = false;
    long long zp = 0;
    while (next(r)) {
        const char *v;
        if ((v = value_of(r, "scale"))) {
            if (!positive(r, v, &s->scale))
                return false;
            scale = true;
        } else if (!(v = value_of(r, "zp"))) {
            return bad(r, "scale=NUMBER or zp=NUMBER");
        } else if (!integer(r, v, s->qmin, s->qmax, "a zero point within the range", &zp)) {
            return false;
        }
    }
    s->zero_point = (int32_t)zp;
    return scale || bad(r, "scale=NUMBER");
}

static bool derived(reader *r, qir_qspec *s)
{
    const char *end;
    if (!next(r) || !storage(r, s))
        return false;
    next(r);
    if (!operand(r, r->word, &end, &s->of[0]) || *end != '*' ||
        !operand(r, end + 1, &end, &s->of[1]) || end != r->word + r->len)
        return bad(r, "two operands, like in0*in1");
    return !next(r) || bad(r, "the end of the spec");
}

static const struct {
    const char *word;
    size_t field; /* a bool */
    bool value;
} flags[] = {
    {"affine", offsetof(qir_qspec, symmetric), false},
    {"symmetric", offsetof(qir_qspec, symmetric), true},
    {"dynamic", offsetof(qir_qspec, dynamic), true},
    {"rows", offsetof(qir_qspec, rows), true},
};

static bool flag(const reader *r, qir_qspec *s)
{
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (is(r, flags[i].word))
            return *(bool *)((char *)s + flags[i].field) = flags[i].value, true;
    return false;
}

static bool own_word(reader *r, qir_qspec *s)
{
    const char *v;
    long long n;
    if (flag(r, s))
        return true;
    if (is(r, "per-channel"))
        return s->axis = QIR_QSPEC_PER_CHANNEL, true;
    if ((v = value_of(r, "observer")))
        return s->observer = qir_intern(r->ctx, v, (size_t)(r->word + r->len - v)), true;
    if ((v = value_of(r, "eps")))
        return positive(r, v, &s->eps);
    if ((v = value_of(r, "axis")))
        return integer(r, v, 0, 7, "an axis from 0 to 7", &n) && (s->axis = (int32_t)n, true);
    if ((v = value_of(r, "group")))
        return integer(r, v, 1, INT32_MAX, "a group of at least 1", &n) && (s->group = n, true);
    return bad(r, "affine, symmetric, per-channel, axis=N, group=N, dynamic, rows, observer=NAME or "
                  "eps=NUMBER");
}

static bool own(reader *r, qir_qspec *s)
{
    s->kind = QIR_QSPEC_OWN;
    if (!storage(r, s))
        return false;
    while (next(r))
        if (!own_word(r, s))
            return false;
    if (s->group && s->axis < 0)
        s->axis = 1; /* groups run along the inputs of a weight [O, I, ...] */
    return !s->rows || s->dynamic || bad(r, "dynamic beside rows");
}

bool qir_qspec_parse(qir_context *ctx, const char *text, const qir_loc *loc, qir_qspec *out)
{
    reader r = {.ctx = ctx, .loc = loc, .text = text, .at = text};
    const char *end;
    *out = (qir_qspec){.axis = QIR_QSPEC_PER_TENSOR, .eps = FLT_EPSILON};
    next(&r);
    if (is(&r, "fixed"))
        return out->kind = QIR_QSPEC_FIXED, fixed(&r, out);
    if (is(&r, "derived"))
        return out->kind = QIR_QSPEC_DERIVED, derived(&r, out);
    if (is(&r, "float"))
        out->kind = QIR_QSPEC_FLOAT;
    else if (is(&r, "src"))
        out->kind = QIR_QSPEC_PRODUCER;
    else if (operand(&r, r.word, &end, &out->of[0]) && end == r.word + r.len)
        out->kind = QIR_QSPEC_OPERAND;
    else
        return own(&r, out);
    return !next(&r) || bad(&r, "the end of the spec");
}

/* --- printing -------------------------------------------------------------------------------- */

static void print_storage(const qir_qspec *s, qir_strbuf *out)
{
    qir_strbuf_puts(out, qir_dtype_name(s->dtype));
    if (s->qmin != qir_dtype_min(s->dtype) || s->qmax != qir_dtype_max(s->dtype))
        qir_strbuf_printf(out, "<%d:%d>", s->qmin, s->qmax);
}

/* Powers of two as such: 0x1p-12. */
static void print_eps(float eps, qir_strbuf *out)
{
    int exponent;
    qir_strbuf_puts(out, " eps=");
    if (frexpf(eps, &exponent) == 0.5f)
        qir_strbuf_printf(out, "0x1p%d", exponent - 1);
    else
        qir_strbuf_float(out, eps);
}

static void print_own(const qir_qspec *s, qir_strbuf *out)
{
    print_storage(s, out);
    qir_strbuf_puts(out, s->symmetric ? " symmetric" : " affine");
    if (s->axis == QIR_QSPEC_PER_CHANNEL)
        qir_strbuf_puts(out, " per-channel");
    else if (s->axis >= 0)
        qir_strbuf_printf(out, " axis=%d", s->axis);
    if (s->group)
        qir_strbuf_printf(out, " group=%lld", (long long)s->group);
    qir_strbuf_printf(out, "%s%s", s->dynamic ? " dynamic" : "", s->rows ? " rows" : "");
    if (s->observer)
        qir_strbuf_printf(out, " observer=%s", s->observer);
    if (s->eps != FLT_EPSILON)
        print_eps(s->eps, out);
}

void qir_qspec_print(const qir_qspec *s, qir_strbuf *out)
{
    switch (s->kind) {
    case QIR_QSPEC_FLOAT: qir_strbuf_puts(out, "float"); return;
    case QIR_QSPEC_PRODUCER: qir_strbuf_puts(out, "src"); return;
    case QIR_QSPEC_OPERAND: qir_strbuf_printf(out, "in%u", s->of[0]); return;
    case QIR_QSPEC_OWN: print_own(s, out); return;
    case QIR_QSPEC_FIXED:
        qir_strbuf_puts(out, "fixed ");
        print_storage(s, out);
        qir_strbuf_puts(out, " scale=");
        qir_strbuf_float(out, s->scale);
        qir_strbuf_printf(out, " zp=%d", s->zero_point);
        return;
    case QIR_QSPEC_DERIVED:
        qir_strbuf_puts(out, "derived ");
        print_storage(s, out);
        qir_strbuf_printf(out, " in%u*in%u", s->of[0], s->of[1]);
        return;
    }
}
