/* The checks that every op shares: operand count and kinds, static shapes, physical orders,
 * attribute names, kinds and presence.  Then the op's own infer function. */
#include "infer.h"

#include <math.h>
#include <string.h>
#include "qir/support/strbuf.h"

static const qir_op_desc *desc_of(const qir_infer *q)
{
    return qir_op_desc_get(q->opcode);
}

/* --- operands -------------------------------------------------------------------------------- */

static const qir_operand_desc *operand_desc(const qir_op_desc *d, uint32_t i)
{
    return &d->operands[i < d->noperands ? i : d->noperands - 1];
}

static bool check_count(qir_infer *q, const qir_op_desc *d)
{
    unsigned least = d->noperands;
    if (d->traits & QIR_TRAIT_VARIADIC)
        return q->noperands + 1 >= d->noperands ||
               infer_fail(q, "op.operands", "%u operands, expected at least %u", q->noperands,
                          d->noperands - 1);
    while (least && (d->operands[least - 1].kinds & QIR_KIND_OPTIONAL))
        least--;
    if (q->noperands >= least && q->noperands <= d->noperands)
        return true;
    if (least == d->noperands)
        return infer_fail(q, "op.operands", "%u operands, expected %u", q->noperands, least);
    return infer_fail(q, "op.operands", "%u operands, expected %u to %u", q->noperands, least,
                      d->noperands);
}

static unsigned kind_of(const qir_type *t)
{
    if (t->kind == QIR_PACKED)
        return QIR_KIND_PACKED;
    if (t->quant)
        return QIR_KIND_QUANT;
    if (qir_dtype_is_float(t->dtype))
        return QIR_KIND_FLOAT;
    return t->dtype == QIR_i1 ? QIR_KIND_BOOL : QIR_KIND_INT;
}

static void kinds_text(unsigned kinds, qir_strbuf *out)
{
    static const struct {
        unsigned kind;
        const char *name;
    } words[] = {{QIR_KIND_FLOAT, "a float"},
                 {QIR_KIND_QUANT, "a quantized"},
                 {QIR_KIND_INT, "an integer"},
                 {QIR_KIND_BOOL, "a boolean"},
                 {QIR_KIND_PACKED, "a packed"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (kinds & words[i].kind)
            qir_strbuf_printf(out, "%s%s", out->len ? " or " : "", words[i].name);
    qir_strbuf_puts(out, " tensor");
}

static bool check_kind(qir_infer *q, const qir_operand_desc *o, uint32_t i)
{
    const qir_type *t = q->operands[i]->type;
    if (kind_of(t) & o->kinds)
        return qir_type_is_static(t) || infer_fail(q, "shape.dynamic",
                                                   "operand %u ('%s') has type %s; bind its '?' "
                                                   "dimensions to numbers first",
                                                   i, o->name, infer_text(q, t));
    qir_strbuf want = {0};
    kinds_text(o->kinds, &want);
    infer_fail(q, "op.operand", "operand %u ('%s') has type %s, expected %s", i, o->name,
               infer_text(q, t), qir_strbuf_cstr(&want));
    qir_strbuf_free(&want);
    return false;
}

static bool check_operands(qir_infer *q, const qir_op_desc *d)
{
    if (!check_count(q, d))
        return false;
    for (uint32_t i = 0; i < q->noperands; i++) {
        const qir_operand_desc *o = operand_desc(d, i);
        if (q->operands[i]
                ? !check_kind(q, o, i)
                : !(o->kinds & QIR_KIND_OPTIONAL) &&
                      !infer_fail(q, "op.operand", "operand %u ('%s') is missing", i, o->name))
            return false;
    }
    return true;
}

/* --- physical orders ------------------------------------------------------------------------- */

bool infer_orders_coincide(const qir_type *t)
{
    int64_t spatial = 1;
    if (t->kind == QIR_PACKED || t->rank < 3)
        return true;
    for (unsigned i = 2; i < t->rank; i++)
        spatial *= t->dims[i];
    return t->dims[1] <= 1 || spatial <= 1;
}

qir_order infer_order(const qir_infer *q)
{
    unsigned traits = desc_of(q)->traits;
    qir_order nominal = QIR_ORDER_row_major;
    uint32_t n = traits & QIR_TRAIT_ANY_ORDER ? q->noperands : 1;
    if (!(traits & (QIR_TRAIT_ANY_ORDER | QIR_TRAIT_NHWC)))
        return QIR_ORDER_row_major;
    for (uint32_t i = 0; i < n && i < q->noperands; i++) {
        const qir_type *t = q->operands[i] ? q->operands[i]->type : NULL;
        if (!t)
            continue;
        if (!infer_orders_coincide(t))
            return t->order;
        if (t->order != QIR_ORDER_row_major)
            nominal = t->order;
    }
    return nominal;
}

static bool check_orders(qir_infer *q, const qir_op_desc *d)
{
    qir_order order = infer_order(q);
    if (d->traits & QIR_TRAIT_FREE_ORDER)
        return true;
    for (uint32_t i = 0; i < q->noperands; i++) {
        const qir_type *t = q->operands[i] ? q->operands[i]->type : NULL;
        bool any = d->traits & QIR_TRAIT_ANY_ORDER || (d->traits & QIR_TRAIT_NHWC && i == 0);
        qir_order want = any ? order : QIR_ORDER_row_major;
        if (t && t->order != want && !infer_orders_coincide(t))
            return infer_fail(q, "type.order",
                              "operand %u has physical order %s, expected %s; "
                              "insert a relayout",
                              i, qir_order_name(t->order), qir_order_name(want));
    }
    return true;
}

/* --- attributes ------------------------------------------------------------------------------ */

static const char *const kind_names[] = {
    "a boolean",          "an integer",       "a float",           "a string",
    "a list of integers", "a list of floats", "a list of strings", "a type"};

static bool kind_fits(const qir_attr *a, qir_attr_kind want)
{
    bool empty_list = a->kind >= QIR_ATTR_INTS && a->kind <= QIR_ATTR_STRINGS && a->len == 0;
    bool list = want >= QIR_ATTR_INTS && want <= QIR_ATTR_STRINGS;
    return a->kind == want || (empty_list && list); /* "[]" has no element to tell its kind */
}

const char *const qir_plan_attrs[] = {"buf", "buf_out", "ws", "rows", "row_block", NULL};

bool qir_attr_is_note(const char *name, size_t len)
{
    for (size_t i = 0; qir_plan_attrs[i]; i++)
        if (strlen(qir_plan_attrs[i]) == len && !memcmp(name, qir_plan_attrs[i], len))
            return true;
    return memchr(name, '.', len) != NULL;
}

const char *qir_plan_attr(qir_context *ctx, const char *base, uint32_t i)
{
    return i ? qir_arena_printf(qir_context_arena(ctx), "%s.%u", base, i) : base;
}

static bool check_attr(qir_infer *q, const qir_op_desc *d, const char *name, const qir_attr *a)
{
    for (unsigned i = 0; i < d->nattrs; i++) {
        if (strcmp(d->attrs[i].name, name) != 0)
            continue;
        return kind_fits(a, d->attrs[i].kind) ||
               infer_fail(q, "attr.kind", "attribute '%s' is %s, expected %s", name,
                          kind_names[a->kind], kind_names[d->attrs[i].kind]);
    }
    bool dotted = strchr(name, '.') != NULL;
    if (qir_attr_is_note(name, strlen(name)) && (dotted || a->kind == QIR_ATTR_INT))
        return true;
    const char *near = infer_suggest_attr(d, name);
    return infer_fail(q, "attr.unknown", "unknown attribute '%s'%s%s%s", name,
                      near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const qir_attr *own_attr(const qir_infer *q, const char *name)
{
    for (size_t i = 0; q->attrs && i < q->attrs->len; i++)
        if (!strcmp(q->attrs->entries[i].name, name))
            return q->attrs->entries[i].value;
    return NULL;
}

static bool check_attrs(qir_infer *q, const qir_op_desc *d)
{
    for (size_t i = 0; q->attrs && i < q->attrs->len; i++)
        if (!check_attr(q, d, q->attrs->entries[i].name, q->attrs->entries[i].value))
            return false;
    for (unsigned i = 0; i < d->nattrs; i++)
        if (!d->attrs[i].dflt[0] && !own_attr(q, d->attrs[i].name))
            return infer_fail(q, "attr.missing", "attribute '%s' is required: %s", d->attrs[i].name,
                              d->attrs[i].doc);
    return true;
}

const qir_attr *infer_attr(const qir_infer *q, const char *name)
{
    const qir_attr *a = own_attr(q, name);
    return a ? a : qir_op_default_attr(q->module->ctx, q->opcode, name);
}

bool qir_infer_op(qir_infer *q)
{
    const qir_op_desc *d = desc_of(q);
    return check_operands(q, d) && check_orders(q, d) && check_attrs(q, d) && d->infer(q);
}
