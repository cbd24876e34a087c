/* Growable byte string on malloc, always NUL-terminated. */
#ifndef QIR_SUPPORT_STRBUF_H
#define QIR_SUPPORT_STRBUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialise, then use; qir_strbuf_free releases.  `data` may be NULL while empty. */
typedef struct qir_strbuf {
    char *data;
    size_t len, cap;
} qir_strbuf;

void qir_strbuf_free(qir_strbuf *b);
void qir_strbuf_putc(qir_strbuf *b, char c);
void qir_strbuf_puts(qir_strbuf *b, const char *s);
void qir_strbuf_write(qir_strbuf *b, const void *data, size_t len);
void qir_strbuf_printf(qir_strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void qir_strbuf_vprintf(qir_strbuf *b, const char *fmt, va_list ap);
void qir_strbuf_int(qir_strbuf *b, int64_t v); /* fast decimal */

/* The contents as a C string ("" when empty); borrowed until the next change. */
const char *qir_strbuf_cstr(const qir_strbuf *b);

/* Shortest decimal that reads back to the same float, always with a '.', an 'e' or a name ("inf",
 * "-inf", "nan"), so that it cannot be taken for an integer. */
void qir_strbuf_float(qir_strbuf *b, float v);
void qir_strbuf_double(qir_strbuf *b, double v);

/* `"` + s with the bytes outside printable ASCII, '"' and '\\' as \xNN, \" and \\ + `"`. */
void qir_strbuf_quoted(qir_strbuf *b, const char *s, size_t len);

#ifdef __cplusplus
}
#endif
#endif
