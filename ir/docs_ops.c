/* docs/ops.md from the descriptor tables. */
#include "qir/ops.h"

#include <string.h>

static const char *const attr_kinds[] = {"bool",   "int",    "float",   "string",
                                         "[int]",  "[float]", "[string]", "type"};

static const struct {
    unsigned bit;
    const char *name, *doc;
} traits[] = {
#define T(name, doc) {QIR_TRAIT_##name, #name, doc},
#include "traits.def"
#undef T
};

static void put_kinds(unsigned kinds, qir_strbuf *out)
{
    static const char *const names[] = {"float", "quantized", "integer", "bool", "packed"};
    const char *sep = "";
    for (unsigned i = 0; i < 5; i++) {
        if (kinds & 1u << i) {
            qir_strbuf_printf(out, "%s%s", sep, names[i]);
            sep = ", ";
        }
    }
    if (kinds & QIR_KIND_OPTIONAL)
        qir_strbuf_puts(out, "; optional");
}

static void put_operands(const qir_op_desc *d, qir_strbuf *out)
{
    if (!d->noperands)
        return;
    qir_strbuf_puts(out, "\n| operand | types | |\n|---|---|---|\n");
    for (unsigned i = 0; i < d->noperands; i++) {
        bool repeats = d->traits & QIR_TRAIT_VARIADIC && i + 1 == d->noperands;
        qir_strbuf_printf(out, "| `%s`%s | ", d->operands[i].name, repeats ? "..." : "");
        put_kinds(d->operands[i].kinds, out);
        qir_strbuf_printf(out, " | %s |\n", d->operands[i].doc);
    }
}

static void put_default(const qir_attr_desc *a, qir_strbuf *out)
{
    if (!a->dflt[0])
        qir_strbuf_puts(out, "required");
    else if (!strcmp(a->dflt, "-"))
        qir_strbuf_puts(out, "optional");
    else
        qir_strbuf_printf(out, "`%s`", a->dflt);
}

static void put_attrs(const qir_op_desc *d, qir_strbuf *out)
{
    if (!d->nattrs)
        return;
    qir_strbuf_puts(out, "\n| attribute | kind | default | |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < d->nattrs; i++) {
        const qir_attr_desc *a = &d->attrs[i];
        qir_strbuf_printf(out, "| `%s` | %s | ", a->name, attr_kinds[a->kind]);
        put_default(a, out);
        qir_strbuf_printf(out, " | %s |\n", a->doc);
    }
}

static void put_qrule(const qir_op_desc *d, qir_strbuf *out)
{
    const qir_qrule *r = &d->qrule;
    qir_strbuf_puts(out, "\nQuantization: ");
    switch (r->kind) {
    case QIR_QR_NONE:
        qir_strbuf_puts(out, "the quantization passes leave it alone.\n");
        return;
    case QIR_QR_SAME:
        qir_strbuf_puts(out, "the result has operand 0's parameters.\n");
        return;
    case QIR_QR_SHARED:
        qir_strbuf_puts(out, "all operands and the result have one set of parameters.\n");
        return;
    case QIR_QR_ACCUM:
        qir_strbuf_printf(out, "i32 accumulator; weight `%s` per axis %d, bias `%s` i32 with scale "
                          "`s_x * s_w`; free result.\n", d->operands[r->weight].name, r->axis,
                          d->operands[r->bias].name);
        return;
    case QIR_QR_DYNAMIC:
        qir_strbuf_puts(out, "an integer op already; lower-qdq makes it.\n");
        return;
    case QIR_QR_BINARY:
        qir_strbuf_puts(out, "two scaled operands, free result.\n");
        return;
    case QIR_QR_FREE:
        qir_strbuf_puts(out, "integer sums of operand 0, free result.\n");
        return;
    case QIR_QR_FIXED:
        qir_strbuf_puts(out, "the result is fixed to scale ");
        qir_strbuf_float(out, r->scale);
        qir_strbuf_printf(out, " and zero point %d (i8).\n", r->zero_point);
        return;
    case QIR_QR_LOOKUP:
        qir_strbuf_puts(out, "table of 256 entries, free result.\n");
        return;
    }
}

static void put_traits(const qir_op_desc *d, qir_strbuf *out)
{
    const char *sep = "\nTraits: ";
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++) {
        if (d->traits & traits[i].bit) {
            qir_strbuf_printf(out, "%s%s", sep, traits[i].name);
            sep = ", ";
        }
    }
    if (d->traits)
        qir_strbuf_puts(out, ".\n");
}

static void put_code(const qir_op_desc *d, qir_strbuf *out)
{
    if (strcmp(d->lower, "none") != 0)
        return;
    qir_strbuf_puts(out, d->traits & (QIR_TRAIT_VIEW | QIR_TRAIT_TERMINATOR)
                             ? "\nCode: none needed.\n"
                             : "\nCode: none; it has to be folded or lowered before.\n");
}

void qir_docs_ops(qir_strbuf *out)
{
    qir_strbuf_puts(out, "# Ops\n\nGenerated from `ir/ops.def`; do not edit.\n\n"
                         "One op name serves float and integer arithmetic: the types decide.\n\n"
                         "| trait | meaning |\n|---|---|\n");
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++)
        qir_strbuf_printf(out, "| %s | %s |\n", traits[i].name, traits[i].doc);
    for (unsigned i = 0; i < QIR_NUM_OPS; i++) {
        const qir_op_desc *d = qir_op_desc_get((qir_opcode)i);
        qir_strbuf_printf(out, "\n## %s\n\n%s\n", d->name, d->doc);
        put_operands(d, out);
        put_attrs(d, out);
        put_qrule(d, out);
        put_traits(d, out);
        put_code(d, out);
    }
}
