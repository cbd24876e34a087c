/* Tables of a provenance note: see provenance_entry.h and provenance.h. */
#include "provenance_entry.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "json.h"
#include "qir/quant.h"

/* --- tables ----------------------------------------------------------------------------------- */
/* The column of a key; a new one follows that of the fact before, so that facts keep their order. */
static note_column *column_of(note_table *t, const char *key)
{
    size_t i = 0;
    while (i < t->columns.len && strcmp(t->columns.data[i].key, key))
        i++;
    if (i == t->columns.len) {
        note_column made = {.key = key};
        qir_vec_push(&t->columns, made);
        for (; i > t->next; i--)
            t->columns.data[i] = t->columns.data[i - 1];
        t->columns.data[i] = made;
    }
    t->next = i + 1;
    return &t->columns.data[i];
}

static void fill_column(note_column *c, size_t rows)
{
    while (c->values.len < rows)
        qir_vec_push(&c->values, "");
}

void note_entry(note_table *t, const char *name)
{
    t->rows++;
    t->next = 0;
    note_fact(t, "name", name);
}

void note_fact(note_table *t, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    note_column *c = column_of(t, key);
    fill_column(c, t->rows - 1);
    qir_vec_push(&c->values, qir_arena_strndup(t->arena, value, strlen(value)));
}

/* Hands a text over and empties it. */
void note_fact_of(note_table *t, const char *key, qir_strbuf *text)
{
    if (text->len)
        note_fact(t, key, qir_strbuf_cstr(text));
    text->len = 0;
}

void note_hash(note_table *t, const char *key, uint64_t value)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, value);
    note_fact(t, key, text);
}

/* How many values from the first on are equal. */
static size_t run_of(const char *const *value, size_t n)
{
    size_t run = 1;
    while (run < n && !strcmp(value[run], value[0]))
        run++;
    return run;
}

static void put_column(qir_strbuf *out, const note_column *c, bool counted)
{
    size_t n = c->values.len, run;
    bool one = n == 1 || (counted && run_of(c->values.data, n) == n);
    qir_strbuf_puts(out, one ? "" : "[");
    for (size_t i = 0; i < (one ? 1 : n); i += run) {
        run = counted ? run_of(c->values.data + i, n - i) : 1;
        qir_strbuf_puts(out, i ? "," : "");
        json_string(out, c->values.data[i]);
        if (run > 1 && !one)
            qir_strbuf_printf(out, ",%zu", run - 1);
    }
    qir_strbuf_puts(out, one ? "" : "]");
}

void note_put(note_table *t, qir_strbuf *out)
{
    if (t->rows) {
        qir_strbuf_puts(out, out->len ? ",\n{\"is\":" : "[\n{\"is\":");
        json_string(out, t->is);
    }
    for (size_t i = 0; i < t->columns.len; i++) {
        note_column *c = &t->columns.data[i];
        fill_column(c, t->rows);
        qir_strbuf_puts(out, ",\n");
        json_string(out, c->key);
        qir_strbuf_putc(out, ':');
        put_column(out, c, strcmp(c->key, "name") != 0);
        qir_vec_free(&c->values);
    }
    qir_strbuf_puts(out, t->rows ? "}" : "");
    qir_vec_free(&t->columns);
    t->rows = t->next = 0;
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

void note_type_facts(note_table *t, const qir_type *type)
{
    const qir_quant *q = type->quant;
    qir_strbuf text = {0};
    note_put_type(&text, type);
    note_fact_of(t, "type", &text);
    if (q && q->count) {
        note_put_scales(&text, q);
        note_fact_of(t, "scale", &text);
    }
    if (q && q->count == 1) {
        qir_strbuf_int(&text, q->zero_point[0]);
        note_fact_of(t, "zero point", &text);
    }
    qir_strbuf_free(&text);
}
