/* Rendering: `file:line:col: error: text [code]`, the source line, a caret.  Bytes outside printable
 * ASCII are escaped, so that a model cannot drive the terminal. */
#include "diag_priv.h"

#include <string.h>

enum { MAX_SOURCE_LINE = 160, MAX_TEXT = 4096 };

typedef struct style {
    const char *name, *color;
} style;

static const style styles[] = {
    [QIR_NOTE] = {"note", "\033[1;36m"},
    [QIR_REMARK] = {"remark", "\033[1;34m"},
    [QIR_WARNING] = {"warning", "\033[1;35m"},
    [QIR_ERROR] = {"error", "\033[1;31m"},
};

static void put_escaped(qir_strbuf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c >= 0x7f)
            qir_strbuf_printf(out, "\\x%02x", c);
        else
            qir_strbuf_putc(out, (char)c);
    }
}

static void put_place(qir_strbuf *out, const qir_loc *loc)
{
    switch (loc->kind) {
    case QIR_LOC_FILE:
        put_escaped(out, loc->text, strlen(loc->text));
        if (loc->line)
            qir_strbuf_printf(out, ":%u:%u", loc->line, loc->col);
        else if (loc->offset)
            qir_strbuf_printf(out, ":+0x%llx", (unsigned long long)loc->offset);
        return;
    case QIR_LOC_NAME:
        qir_strbuf_puts(out, "'");
        put_escaped(out, loc->text, strlen(loc->text));
        qir_strbuf_puts(out, "'");
        return;
    case QIR_LOC_FUSED:
        put_place(out, loc->parts[0]);
        return;
    }
}

/* The text of line `line`, without its end; NULL if the source is not known. */
static const char *find_line(const qir_diag_engine *e, const qir_loc *loc, size_t *len)
{
    const qir_source *s = qir_strmap_get(&e->sources, loc->text, strlen(loc->text));
    if (!s)
        return NULL;
    const char *p = s->text, *end = s->text + s->len;
    for (uint32_t line = 1; line < loc->line; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (!p)
            return NULL;
        p++;
    }
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    *len = (size_t)((nl ? nl : end) - p);
    return p;
}

/* Shows a window of long lines so that the column stays visible; tabs become one blank. */
static void put_caret(const qir_diag_engine *e, const qir_loc *loc, bool color, qir_strbuf *out)
{
    if (loc->kind != QIR_LOC_FILE || !loc->line || !loc->col)
        return;
    size_t len, col = loc->col - 1, from = 0;
    const char *line = find_line(e, loc, &len);
    if (!line || col > len)
        return;
    if (len > MAX_SOURCE_LINE) {
        from = col > MAX_SOURCE_LINE / 2 ? col - MAX_SOURCE_LINE / 2 : 0;
        len = len - from > MAX_SOURCE_LINE ? MAX_SOURCE_LINE : len - from;
        line += from;
    }
    qir_strbuf_puts(out, "  ");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];
        qir_strbuf_putc(out, c < 0x20 || c >= 0x7f ? (c == '\t' ? ' ' : '?') : (char)c);
    }
    qir_strbuf_printf(out, "\n  %*s%s^%s\n", (int)(col - from), "", color ? "\033[1;32m" : "",
                      color ? "\033[0m" : "");
}

void qir_diag_render(const qir_diag_engine *e, const qir_diag *d, bool color, qir_strbuf *out)
{
    const style *s = &styles[d->severity];
    if (d->loc) {
        put_place(out, d->loc);
        qir_strbuf_puts(out, ": ");
    }
    qir_strbuf_printf(out, "%s%s:%s ", color ? s->color : "", s->name, color ? "\033[0m" : "");
    size_t len = strlen(d->text);
    put_escaped(out, d->text, len < MAX_TEXT ? len : MAX_TEXT);
    if (d->code)
        qir_strbuf_printf(out, " [%s]", d->code);
    qir_strbuf_putc(out, '\n');
    if (d->loc)
        put_caret(e, d->loc, color, out);
}
