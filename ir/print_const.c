/* Text of constants and params scopes. */
#include <math.h>
#include <string.h>
#include "qir/qmath.h"
#include "print_priv.h"

enum { DEFAULT_INLINE_LIMIT = 64 };

/* Would the decimal form lose something?  NaN has a payload. */
static bool needs_hex(qir_dtype t, const unsigned char *e)
{
    return qir_dtype_is_float(t) && isnan(qir_load_float(t, e));
}

static void print_scalar(qir_strbuf *out, qir_dtype t, const unsigned char *e)
{
    if (t == QIR_i1)
        qir_strbuf_puts(out, *e ? "true" : "false");
    else if (t == QIR_u64)
        qir_strbuf_printf(out, "%llu", (unsigned long long)qir_load_int(t, e));
    else if (!qir_dtype_is_float(t))
        qir_strbuf_int(out, qir_load_int(t, e));
    else if (t == QIR_f64)
        qir_strbuf_double(out, qir_load_float(t, e));
    else
        qir_strbuf_float(out, (float)qir_load_float(t, e));
}

static bool fits_list(const printer *p, const qir_type *t, const unsigned char *data)
{
    size_t limit = p->opts.inline_limit ? p->opts.inline_limit : DEFAULT_INLINE_LIMIT;
    if (t->kind == QIR_PACKED || (uint64_t)qir_type_elements(t) > limit)
        return false;
    for (int64_t i = 0; i < qir_type_elements(t); i++)
        if (needs_hex(t->dtype, data + (size_t)i * qir_dtype_bytes(t->dtype)))
            return false;
    return true;
}

static void print_data(printer *p, const qir_type *t, const unsigned char *data)
{
    qir_strbuf_puts(p->out, "dense<");
    if (fits_list(p, t, data)) {
        qir_strbuf_putc(p->out, '[');
        for (int64_t i = 0; i < qir_type_elements(t); i++) {
            if (i)
                qir_strbuf_puts(p->out, ", ");
            print_scalar(p->out, t->dtype, data + (size_t)i * qir_dtype_bytes(t->dtype));
        }
        qir_strbuf_putc(p->out, ']');
    } else {
        print_hex(p->out, data, qir_type_bytes(t));
    }
    qir_strbuf_putc(p->out, '>');
}

static void print_splat(printer *p, qir_dtype t, const unsigned char *e)
{
    qir_strbuf_puts(p->out, "splat<");
    if (needs_hex(t, e))
        print_hex(p->out, e, qir_dtype_bytes(t));
    else
        print_scalar(p->out, t, e);
    qir_strbuf_putc(p->out, '>');
}

void print_const(printer *p, const qir_const *c)
{
    qir_strbuf_puts(p->out, "  const ");
    print_name(p->out, '@', c->value.name);
    qir_strbuf_puts(p->out, " : ");
    print_type(p, c->value.type);
    qir_strbuf_puts(p->out, " = ");
    switch (c->payload) {
    case QIR_PAYLOAD_DATA:
        print_data(p, c->value.type, c->data);
        break;
    case QIR_PAYLOAD_SPLAT:
        print_splat(p, c->value.type->dtype, c->data);
        break;
    case QIR_PAYLOAD_PARAM:
        print_name(p->out, '@', c->params->name);
        qir_strbuf_putc(p->out, '[');
        qir_strbuf_quoted(p->out, c->key, strlen(c->key));
        qir_strbuf_putc(p->out, ']');
        break;
    }
    print_loc(p, c->loc);
    qir_strbuf_putc(p->out, '\n');
}
