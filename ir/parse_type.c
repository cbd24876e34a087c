/* Types of the text form: tensors, quantized elements, packed weights, aliases. */
#include <string.h>
#include "parse_priv.h"

static elem bad_elem(parser *p)
{
    p->bad = true;
    p->nerrors++;
    return (elem){.ok = false};
}

elem parse_dtype(parser *p, pos at, slice name)
{
    elem e = {.ok = true};
    qir_strbuf known = {0};
    if (qir_dtype_from_name(name.s, name.len, &e.dtype))
        return e;
    for (int t = 0; t < QIR_NUM_DTYPES; t++)
        qir_strbuf_printf(&known, " %s", qir_dtype_name((qir_dtype)t));
    parse_error(p, at, "type.dtype", "unknown element type '%.*s', expected one of%s",
                parse_print_slice(name), name.s, qir_strbuf_cstr(&known));
    qir_strbuf_free(&known);
    return (elem){.ok = false};
}

/* --- aliases ---------------------------------------------------------------------------------- */
elem parse_alias_use(parser *p, pos at, slice name)
{
    const qir_quant *q = qir_strmap_get(&p->aliases, name.s, name.len);
    if (q)
        return (elem){q->storage, q, true};
    if (!qir_strmap_has(&p->aliases, name.s, name.len))
        parse_error(p, at, "type.alias", "undefined alias '!%.*s', expected a line '!%.*s = "
                    "quant<...>' before the module", parse_print_slice(name), name.s,
                    parse_print_slice(name), name.s);
    p->bad = true;
    return (elem){.ok = false};
}

void parse_alias_def(parser *p, pos at, slice name, elem e)
{
    if (qir_strmap_has(&p->aliases, name.s, name.len))
        parse_error(p, at, "type.alias", "alias '!%.*s' is defined twice", parse_print_slice(name),
                    name.s);
    else
        qir_strmap_put(&p->aliases, name.s, name.len, e.ok ? (void *)(uintptr_t)e.quant : NULL);
    parse_reset_statement(p);
}

/* --- tensors ---------------------------------------------------------------------------------- */
/* Reads "1x?x3x". */
static bool parse_dims(parser *p, pos at, slice text, int64_t *dims, unsigned *rank)
{
    const char *s = text.s, *end = text.len ? text.s + text.len : s; /* a scalar has no text */
    while (s < end) {
        const char *x = memchr(s, 'x', (size_t)(end - s));
        if (*rank == QIR_MAX_RANK)
            return parse_error(p, at, "type.rank", "rank above %d", QIR_MAX_RANK);
        if (*s == '-')
            return parse_error(p, at, "type.dim", "dimension %.*s is negative, expected 0 or more",
                               parse_print_slice((slice){s, (size_t)(x - s)}), s);
        int64_t v = QIR_DYNAMIC;
        if (*s != '?')
            v = 0;
        for (; *s >= '0' && *s <= '9'; s++)
            if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *s - '0', &v))
                return parse_error(p, at, "int.range", "dimension does not fit in 64 bits");
        dims[(*rank)++] = v;
        s = x + 1;
    }
    return true;
}

static const qir_type *failed(parser *p)
{
    p->bad = true;
    p->nerrors++;
    return NULL;
}

static const qir_type *with_order(parser *p, pos at, const qir_type *t, slice name)
{
    qir_order order;
    qir_strbuf known = {0};
    if (qir_order_from_name(name.s, name.len, &order)) {
        if (order == QIR_ORDER_row_major || (t->rank >= 3 && t->rank <= 5))
            return qir_type_with_order(p->ctx, t, order);
        parse_error(p, at, "type.order", "physical order '%.*s' needs rank 3 to 5, got %u",
                    parse_print_slice(name), name.s, t->rank);
        return NULL;
    }
    for (int o = 0; o < QIR_NUM_ORDERS; o++)
        qir_strbuf_printf(&known, " %s", qir_order_name((qir_order)o));
    parse_error(p, at, "type.order", "unknown physical order '%.*s', expected one of%s",
                parse_print_slice(name), name.s, qir_strbuf_cstr(&known));
    qir_strbuf_free(&known);
    return NULL;
}

const qir_type *parse_tensor(parser *p, pos at, slice text, elem e, slice order)
{
    int64_t dims[QIR_MAX_RANK];
    unsigned rank = 0;
    if (!parse_dims(p, at, text, dims, &rank) || !e.ok) {
        p->bad = true;
        return NULL;
    }
    const qir_loc *loc = parse_loc(p, at);
    const qir_type *t = e.quant ? qir_quant_type(p->ctx, e.quant, dims, rank, loc)
                                : qir_tensor_type(p->ctx, e.dtype, dims, rank, loc);
    if (!t)
        return failed(p);
    return order.s ? with_order(p, at, t, order) : t;
}

const qir_type *parse_packed(parser *p, pos at, slice name, const qir_type *logical)
{
    qir_packing packing;
    if (!logical)
        return NULL;
    if (!qir_packing_from_name(name.s, name.len, &packing)) {
        qir_strbuf known = {0};
        for (int i = QIR_PACKING_none + 1; i < QIR_NUM_PACKINGS; i++)
            qir_strbuf_printf(&known, " %s", qir_packing_get((qir_packing)i)->name);
        parse_error(p, at, "type.packing", "unknown packing '%.*s', expected one of%s",
                    parse_print_slice(name), name.s, qir_strbuf_cstr(&known));
        qir_strbuf_free(&known);
        return NULL;
    }
    const qir_type *t = qir_packed_type(p->ctx, packing, logical, parse_loc(p, at));
    return t ? t : failed(p);
}

/* --- quantized elements ----------------------------------------------------------------------- */
static int32_t parse_i32(parser *p, pos at, slice text, const char *what, const char *code)
{
    int64_t v = 0;
    if (parse_int(p, at, text, &v) && v != (int32_t)v)
        parse_error(p, at, code, "%s %.*s does not fit in 32 bits", what, parse_print_slice(text),
                    text.s);
    return (int32_t)v;
}

void parse_quant_begin(parser *p, pos at, slice storage, const slice *range)
{
    quant_parts *parts = &p->quant;
    parts->scales.len = parts->zero_points.len = 0;
    parts->seen_params = parts->seen_axis = parts->seen_group = false;
    parts->q = (qir_quant){.axis = -1};
    elem e = parse_dtype(p, at, storage);
    if (!e.ok)
        return;
    qir_quant *q = &parts->q;
    q->storage = e.dtype;
    if (!qir_dtype_is_int(e.dtype) || qir_dtype_bits(e.dtype) > 32 || e.dtype == QIR_u32) {
        parse_error(p, at, "quant.storage", "storage type '%s' cannot hold quantized values, "
                    "expected an integer of at most 32 bits", qir_dtype_name(e.dtype));
        return;
    }
    q->qmin = range ? parse_i32(p, at, range[0], "bound", "quant.range")
                    : (int32_t)qir_dtype_min(e.dtype);
    q->qmax = range ? parse_i32(p, at, range[1], "bound", "quant.range")
                    : (int32_t)qir_dtype_max(e.dtype);
}

void parse_quant_expressed(parser *p, pos at, slice name)
{
    elem e = parse_dtype(p, at, name);
    p->quant.q.expressed = e.dtype;
}

void parse_quant_scale(parser *p, pos at, slice scale, const slice *zero_point)
{
    float v = 1.0f;
    parse_f32(p, at, scale, &v);
    qir_vec_push(&p->quant.scales, v);
    qir_vec_push(&p->quant.zero_points,
                 zero_point ? parse_i32(p, at, *zero_point, "zero point", "quant.zp") : 0);
}

void parse_quant_params(parser *p, pos at)
{
    if (p->quant.seen_params)
        parse_error(p, at, "quant.params", "scales are given twice");
    p->quant.seen_params = true;
}

void parse_quant_hex(parser *p, pos at, slice scales, const slice *zero_points)
{
    size_t n = 0, nz = 0;
    unsigned char *s = parse_hex(p, at, scales, &n);
    unsigned char *z = s && zero_points ? parse_hex(p, at, *zero_points, &nz) : NULL;
    if (!s || (zero_points && !z))
        return;
    if (n % 4 || (z && nz != n)) {
        parse_error(p, at, "quant.count", "expected 4 bytes for each scale and as many for the "
                    "zero points, got %zu and %zu", n, nz);
        return;
    }
    for (size_t i = 0; i < n; i += 4) {
        float scale;
        int32_t zp = 0;
        memcpy(&scale, s + i, 4);
        if (z)
            memcpy(&zp, z + i, 4);
        qir_vec_push(&p->quant.scales, scale);
        qir_vec_push(&p->quant.zero_points, zp);
    }
    parse_quant_params(p, at);
}

static bool slice_is(slice s, const char *word)
{
    return s.len == strlen(word) && !memcmp(s.s, word, s.len);
}

void parse_quant_setting(parser *p, pos at, slice name, const slice *value)
{
    quant_parts *parts = &p->quant;
    if (!value && slice_is(name, "dynamic") && !parts->q.dynamic) {
        parts->q.dynamic = true;
    } else if (value && slice_is(name, "axis") && !parts->seen_axis) {
        parts->seen_axis = true;
        parts->q.axis = parse_i32(p, at, *value, "axis", "quant.axis");
        if (parts->q.axis < 0)
            parse_error(p, at, "quant.axis", "axis %d is negative, expected 0 or more",
                        parts->q.axis);
    } else if (value && slice_is(name, "group") && !parts->seen_group) {
        parts->seen_group = true;
        if (parse_int(p, at, *value, &parts->q.group) && parts->q.group < 1)
            parse_error(p, at, "quant.group", "group must be 1 or more, got %lld",
                        (long long)parts->q.group);
    } else {
        parse_error(p, at, "quant.setting", "unexpected '%.*s' in quantization parameters, expected "
                    "axis = A, group = G or dynamic, each at most once", parse_print_slice(name),
                    name.s);
    }
}

elem parse_quant_end(parser *p, pos at)
{
    quant_parts *parts = &p->quant;
    if (p->bad)
        return (elem){.ok = false};
    if (parts->q.dynamic == parts->seen_params) {
        parse_error(p, at, "quant.params", "expected either scales or 'dynamic'");
        return (elem){.ok = false};
    }
    parts->q.count = parts->scales.len;
    parts->q.scale = parts->scales.data;
    parts->q.zero_point = parts->zero_points.data;
    const qir_quant *q = qir_quant_get(p->ctx, &parts->q, parse_loc(p, at));
    return q ? (elem){q->storage, q, true} : bad_elem(p);
}
