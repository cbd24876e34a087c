#include "json.h"

#include <math.h>

void json_string(qir_strbuf *out, const char *s)
{
    qir_strbuf_putc(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            qir_strbuf_printf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            qir_strbuf_printf(out, "\\u%04x", c);
        else
            qir_strbuf_putc(out, (char)c);
    }
    qir_strbuf_putc(out, '"');
}

void json_number(qir_strbuf *out, double v)
{
    isfinite(v) ? qir_strbuf_double(out, v) : qir_strbuf_puts(out, "null");
}
