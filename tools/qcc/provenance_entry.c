/* Entries of a provenance note: see provenance_entry.h. */
#include "provenance_entry.h"
#include <inttypes.h>
#include <stdio.h>
#include "json.h"
#include "qir/quant.h"

/* --- entries ---------------------------------------------------------------------------------- */
void note_begin(qir_strbuf *out, const char *is, const char *name)
{
    qir_strbuf_puts(out, out->len ? ",\n{\"is\":" : "[\n{\"is\":");
    json_string(out, is);
    qir_strbuf_puts(out, ",\"name\":");
    json_string(out, name);
}

void note_fact(qir_strbuf *out, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    qir_strbuf_printf(out, ",\"%s\":", key);
    json_string(out, value);
}

/* Hands a text over and empties it. */
void note_fact_of(qir_strbuf *out, const char *key, qir_strbuf *text)
{
    if (text->len)
        note_fact(out, key, qir_strbuf_cstr(text));
    text->len = 0;
}

void note_hash(qir_strbuf *out, const char *key, uint64_t value)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, value);
    note_fact(out, key, text);
}

void note_end(qir_strbuf *out)
{
    qir_strbuf_putc(out, '}');
}

/* --- types ------------------------------------------------------------------------------------ */
/* "int8" where it is quantized, else "f32". */
void note_put_type(qir_strbuf *out, const qir_type *t)
{
    if (t->quant)
        qir_strbuf_printf(out, "%s%u%s", qir_dtype_is_signed(t->dtype) ? "int" : "uint",
                          qir_dtype_bits(t->dtype), t->quant->dynamic ? " dynamic" : "");
    else
        qir_strbuf_puts(out, qir_dtype_name(t->dtype));
}

/* One scale as it is; of several the number and the extremes. */
void note_put_scales(qir_strbuf *out, const qir_quant *q)
{
    float least = q->scale[0], most = q->scale[0];
    for (size_t i = 1; i < q->count; i++) {
        least = q->scale[i] < least ? q->scale[i] : least;
        most = q->scale[i] > most ? q->scale[i] : most;
    }
    if (q->count > 1)
        qir_strbuf_printf(out, "%zu of ", q->count);
    qir_strbuf_float(out, least);
    if (q->count == 1)
        return;
    qir_strbuf_puts(out, " to ");
    qir_strbuf_float(out, most);
}

void note_put_shape(qir_strbuf *out, const qir_type *t)
{
    qir_strbuf_putc(out, '[');
    for (unsigned i = 0; i < t->rank; i++)
        qir_strbuf_printf(out, i ? ",%" PRId64 : "%" PRId64, t->dims[i]);
    qir_strbuf_putc(out, ']');
}

void note_type_facts(qir_strbuf *out, const qir_type *t)
{
    qir_strbuf text = {0};
    note_put_type(&text, t);
    note_fact_of(out, "type", &text);
    if (t->quant && t->quant->count) {
        note_put_scales(&text, t->quant);
        note_fact_of(out, "scale", &text);
        if (t->quant->count == 1) {
            qir_strbuf_int(&text, t->quant->zero_point[0]);
            note_fact_of(out, "zero point", &text);
        }
    }
    qir_strbuf_free(&text);
}
