/* String building and number formatting. */
#include "qir/support/strbuf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qir/support/checked.h"

static void reserve(qir_strbuf *b, size_t extra)
{
    size_t need;
    if (!qir_add_size(b->len, extra, &need) || !qir_add_size(need, 1, &need))
        __builtin_trap();
    if (need <= b->cap)
        return;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need && qir_mul_size(cap, 2, &cap)) {
    }
    char *p = realloc(b->data, cap);
    if (!p)
        __builtin_trap();
    b->data = p;
    b->cap = cap;
}

void qir_strbuf_free(qir_strbuf *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

void qir_strbuf_write(qir_strbuf *b, const void *data, size_t len)
{
    reserve(b, len);
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void qir_strbuf_putc(qir_strbuf *b, char c)
{
    qir_strbuf_write(b, &c, 1);
}

void qir_strbuf_puts(qir_strbuf *b, const char *s)
{
    qir_strbuf_write(b, s, strlen(s));
}

void qir_strbuf_vprintf(qir_strbuf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        n = 0;
    reserve(b, (size_t)n);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
    va_end(again);
    b->len += (size_t)n;
}

void qir_strbuf_printf(qir_strbuf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    qir_strbuf_vprintf(b, fmt, ap);
    va_end(ap);
}

void qir_strbuf_int(qir_strbuf *b, int64_t v)
{
    char tmp[24], *end = tmp + sizeof tmp, *p = end;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *--p = '-';
    qir_strbuf_write(b, p, (size_t)(end - p));
}

const char *qir_strbuf_cstr(const qir_strbuf *b)
{
    return b->data ? b->data : "";
}

static bool put_special(qir_strbuf *b, double v)
{
    if (isfinite(v))
        return false;
    qir_strbuf_puts(b, isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
    return true;
}

/* `text` as %g writes it; adds ".0" where nothing marks it as a float. */
static void put_marked(qir_strbuf *b, const char *text)
{
    qir_strbuf_puts(b, text);
    if (!strpbrk(text, ".e"))
        qir_strbuf_puts(b, ".0");
}

/* Whole numbers that people read: "10.0", where %g would choose "1e+01". */
static bool put_whole(qir_strbuf *b, double v)
{
    if (v <= -1e6 || v >= 1e6 || v != (double)(int32_t)v)
        return false;
    qir_strbuf_printf(b, "%.1f", v);
    return true;
}

void qir_strbuf_float(qir_strbuf *b, float v)
{
    char text[32];
    if (put_special(b, v) || put_whole(b, (double)v))
        return;
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v)
            break;
    }
    put_marked(b, text);
}

void qir_strbuf_double(qir_strbuf *b, double v)
{
    char text[40];
    if (put_special(b, v) || put_whole(b, v))
        return;
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    put_marked(b, text);
}

void qir_strbuf_quoted(qir_strbuf *b, const char *s, size_t len)
{
    qir_strbuf_putc(b, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            qir_strbuf_printf(b, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            qir_strbuf_printf(b, "\\x%02x", c);
        else
            qir_strbuf_putc(b, (char)c);
    }
    qir_strbuf_putc(b, '"');
}
