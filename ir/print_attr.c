/* Text of attributes, names and locations. */
#include <string.h>
#include "print_priv.h"
#include "qir/ops.h"

/* --- attributes ------------------------------------------------------------------------------- */
static void print_element(qir_strbuf *out, const qir_attr *a, size_t i)
{
    if (a->kind == QIR_ATTR_INTS)
        qir_strbuf_int(out, a->u.ints[i]);
    else if (a->kind == QIR_ATTR_FLOATS)
        qir_strbuf_float(out, a->u.floats[i]);
    else
        qir_strbuf_quoted(out, a->u.strings[i], strlen(a->u.strings[i]));
}

static void print_list(qir_strbuf *out, const qir_attr *a)
{
    qir_strbuf_putc(out, '[');
    for (size_t i = 0; i < a->len; i++) {
        if (i)
            qir_strbuf_puts(out, ", ");
        print_element(out, a, i);
    }
    qir_strbuf_putc(out, ']');
}

void print_attr(printer *p, const qir_attr *a)
{
    switch (a->kind) {
    case QIR_ATTR_BOOL:
        qir_strbuf_puts(p->out, a->u.b ? "true" : "false");
        return;
    case QIR_ATTR_INT:
        qir_strbuf_int(p->out, a->u.i);
        return;
    case QIR_ATTR_FLOAT:
        qir_strbuf_float(p->out, a->u.f);
        return;
    case QIR_ATTR_STRING:
        qir_strbuf_quoted(p->out, a->u.s, a->len);
        return;
    case QIR_ATTR_INTS:
    case QIR_ATTR_FLOATS:
    case QIR_ATTR_STRINGS:
        print_list(p->out, a);
        return;
    case QIR_ATTR_TYPE:
        print_type(p, a->u.type);
        return;
    }
}

static void print_entry(printer *p, const char *name, const qir_attr *value, bool *any)
{
    qir_strbuf_puts(p->out, *any ? ", " : " {");
    qir_strbuf_puts(p->out, name);
    if (!(value->kind == QIR_ATTR_BOOL && value->u.b)) {
        qir_strbuf_puts(p->out, " = ");
        print_attr(p, value);
    }
    *any = true;
}

static bool is_declared(const qir_op_desc *desc, const char *name)
{
    for (unsigned i = 0; desc && i < desc->nattrs; i++)
        if (!strcmp(desc->attrs[i].name, name))
            return true;
    return false;
}

static const qir_attr *find(const qir_dict *d, const char *name)
{
    for (size_t i = 0; i < d->len; i++)
        if (!strcmp(d->entries[i].name, name))
            return d->entries[i].value;
    return NULL;
}

void print_attrs(printer *p, const qir_dict *d, int opcode)
{
    const qir_op_desc *desc = opcode < 0 ? NULL : qir_op_desc_get((qir_opcode)opcode);
    bool any = false;
    if (!d || d->len == 0)
        return;
    for (unsigned i = 0; desc && i < desc->nattrs; i++) {
        const char *name = desc->attrs[i].name;
        const qir_attr *v = find(d, name);
        if (v && v != qir_op_default_attr(p->ctx, (qir_opcode)opcode, name))
            print_entry(p, name, v, &any);
    }
    for (size_t i = 0; i < d->len; i++)
        if (!is_declared(desc, d->entries[i].name))
            print_entry(p, d->entries[i].name, d->entries[i].value, &any);
    if (any)
        qir_strbuf_putc(p->out, '}');
}

/* --- names ------------------------------------------------------------------------------------ */
static bool is_bare_name(const char *s)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$";
    size_t n = strspn(s, allowed);
    return n > 0 && n <= 250 && s[n] == 0;
}

void print_name(qir_strbuf *out, char sigil, const char *name)
{
    qir_strbuf_putc(out, sigil);
    if (is_bare_name(name))
        qir_strbuf_puts(out, name);
    else
        qir_strbuf_quoted(out, name, strlen(name));
}

/* --- locations -------------------------------------------------------------------------------- */
/* Where the text itself stands is not worth printing: reading it again gives a position anyway. */
static bool is_own_position(const printer *p, const qir_loc *loc)
{
    return loc->kind == QIR_LOC_FILE && loc->line && loc->text == p->m->source_file;
}

static void print_loc_part(qir_strbuf *out, const qir_loc *loc)
{
    qir_strbuf_quoted(out, loc->text, strlen(loc->text));
    if (loc->kind != QIR_LOC_FILE)
        return;
    qir_strbuf_printf(out, ":%u:", loc->line);
    qir_strbuf_int(out, loc->line ? (int64_t)loc->col : (int64_t)loc->offset);
}

void print_loc(printer *p, const qir_loc *loc)
{
    if (!loc || !p->opts.locations)
        return;
    const qir_loc *const *parts = loc->kind == QIR_LOC_FUSED ? loc->parts : &loc;
    uint32_t n = loc->kind == QIR_LOC_FUSED ? loc->nparts : 1, kept = 0;
    for (uint32_t i = 0; i < n; i++)
        kept += !is_own_position(p, parts[i]);
    if (!kept)
        return;
    const char *sep = kept > 1 ? " loc(fused[" : " loc(";
    for (uint32_t i = 0; i < n; i++) {
        if (is_own_position(p, parts[i]))
            continue;
        qir_strbuf_puts(p->out, sep);
        print_loc_part(p->out, parts[i]);
        sep = ", ";
    }
    qir_strbuf_puts(p->out, kept > 1 ? "])" : ")");
}
