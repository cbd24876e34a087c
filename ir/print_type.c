/* Text of types. */
#include "print_priv.h"

enum { MOST_INLINE_SCALES = 8 };

void print_hex(qir_strbuf *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *s = data;
    char chunk[512];
    qir_strbuf_puts(out, "\"0x");
    for (size_t i = 0; i < len;) {
        size_t n = 0;
        for (; i < len && n < sizeof chunk; i++) {
            chunk[n++] = digits[s[i] >> 4];
            chunk[n++] = digits[s[i] & 15];
        }
        qir_strbuf_write(out, chunk, n);
    }
    qir_strbuf_putc(out, '"');
}

/* --- quantization ----------------------------------------------------------------------------- */
static void print_pair(qir_strbuf *out, const qir_quant *q, size_t i)
{
    qir_strbuf_float(out, q->scale[i]);
    if (q->zero_point[i])
        qir_strbuf_printf(out, ":%d", q->zero_point[i]);
}

static void print_inline_params(qir_strbuf *out, const qir_quant *q)
{
    qir_strbuf_putc(out, '{');
    for (size_t i = 0; i < q->count; i++) {
        if (i)
            qir_strbuf_puts(out, ", ");
        print_pair(out, q, i);
    }
    qir_strbuf_putc(out, '}');
}

static void print_hex_params(qir_strbuf *out, const qir_quant *q)
{
    bool any_zp = false;
    qir_strbuf_puts(out, "dense<");
    print_hex(out, q->scale, q->count * sizeof *q->scale);
    qir_strbuf_putc(out, '>');
    for (size_t i = 0; i < q->count; i++)
        any_zp |= q->zero_point[i] != 0;
    if (!any_zp)
        return;
    qir_strbuf_puts(out, ":dense<");
    print_hex(out, q->zero_point, q->count * sizeof *q->zero_point);
    qir_strbuf_putc(out, '>');
}

static void print_params(qir_strbuf *out, const qir_quant *q)
{
    if (q->dynamic)
        qir_strbuf_puts(out, "dynamic");
    else if (q->axis < 0 && q->count == 1)
        print_pair(out, q, 0);
    else if (q->count <= MOST_INLINE_SCALES)
        print_inline_params(out, q);
    else
        print_hex_params(out, q);
}

static void print_full_quant(qir_strbuf *out, const qir_quant *q)
{
    qir_strbuf_printf(out, "quant<%s", qir_dtype_name(q->storage));
    if (q->qmin != qir_dtype_min(q->storage) || q->qmax != qir_dtype_max(q->storage))
        qir_strbuf_printf(out, "<%d:%d>", q->qmin, q->qmax);
    qir_strbuf_printf(out, ":%s, ", qir_dtype_name(q->expressed));
    if (q->axis >= 0)
        qir_strbuf_printf(out, "axis = %d, ", q->axis);
    if (q->group)
        qir_strbuf_printf(out, "group = %lld, ", (long long)q->group);
    print_params(out, q);
    qir_strbuf_putc(out, '>');
}

void print_quant(printer *p, const qir_quant *q)
{
    if (!p->use_aliases) {
        print_full_quant(p->out, q);
        return;
    }
    size_t index = (size_t)(uintptr_t)qir_map_get(&p->aliases, q);
    if (!index) {
        qir_vec_push(&p->alias_order, q);
        index = p->alias_order.len;
        qir_map_put(&p->aliases, q, (void *)(uintptr_t)index);
    }
    qir_strbuf_puts(p->out, "!q");
    qir_strbuf_int(p->out, (int64_t)index - 1);
}

/* --- types ------------------------------------------------------------------------------------ */
static void print_tensor(printer *p, const qir_type *t)
{
    qir_strbuf_puts(p->out, "tensor<");
    for (unsigned i = 0; i < t->rank; i++) {
        if (t->dims[i] == QIR_DYNAMIC)
            qir_strbuf_putc(p->out, '?');
        else
            qir_strbuf_int(p->out, t->dims[i]);
        qir_strbuf_putc(p->out, 'x');
    }
    if (t->quant)
        print_quant(p, t->quant);
    else
        qir_strbuf_puts(p->out, qir_dtype_name(t->dtype));
    if (t->order != QIR_ORDER_row_major) {
        qir_strbuf_puts(p->out, ", ");
        qir_strbuf_puts(p->out, qir_order_name(t->order));
    }
    qir_strbuf_putc(p->out, '>');
}

void print_type(printer *p, const qir_type *t)
{
    if (t->kind == QIR_TENSOR) {
        print_tensor(p, t);
        return;
    }
    qir_strbuf_printf(p->out, "packed<%s, ", qir_packing_get(t->packing)->name);
    print_tensor(p, t->logical);
    qir_strbuf_putc(p->out, '>');
}

const char *qir_type_text(qir_context *ctx, const qir_type *t)
{
    qir_strbuf text = {0};
    printer p = {.ctx = ctx, .out = &text};
    if (!t)
        return "(no type)";
    print_type(&p, t);
    const char *s = qir_arena_strndup(qir_context_arena(ctx), text.data, text.len);
    qir_strbuf_free(&text);
    return s;
}
