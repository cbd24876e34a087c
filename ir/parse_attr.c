/* Attributes of the text form: literals become values of the kind that the op table declares. */
#include <string.h>
#include "parse_priv.h"
#include "qir/support/suggest.h"

static bool slice_is(slice s, const char *word)
{
    return s.len == strlen(word) && !memcmp(s.s, word, s.len);
}

void parse_attr_add(parser *p, pos at, slice name, literal value)
{
    for (size_t i = 0; i < p->attrs.len; i++) {
        const named_literal *a = &p->attrs.data[i];
        if (a->name.len == name.len && !memcmp(a->name.s, name.s, name.len)) {
            parse_error(p, at, "attr.twice", "attribute '%.*s' is given twice",
                        parse_print_slice(name), name.s);
            return;
        }
    }
    named_literal entry = {name, at, value};
    qir_vec_push(&p->attrs, entry);
}

/* --- conversion ------------------------------------------------------------------------------- */
static const char *const kind_names[] = {"a boolean", "an integer", "a float", "a string",
                                         "a list of integers", "a list of floats",
                                         "a list of strings", "a type"};

static const qir_attr *wrong_kind(parser *p, slice name, pos at, qir_attr_kind want)
{
    parse_error(p, at, "attr.kind", "attribute '%.*s' must be %s", parse_print_slice(name), name.s,
                kind_names[want]);
    return NULL;
}

static const qir_attr *ints(parser *p, slice name, const literal *v)
{
    QIR_VEC(int64_t) out = {0};
    for (size_t i = 0; i < v->count; i++) {
        const literal *e = &p->items.data[v->first + i];
        int64_t n;
        if (e->kind != LIT_INT) {
            qir_vec_free(&out);
            return wrong_kind(p, name, e->at, QIR_ATTR_INTS);
        }
        if (parse_int(p, e->at, e->text, &n))
            qir_vec_push(&out, n);
    }
    const qir_attr *a = qir_attr_ints(p->ctx, out.data, out.len);
    qir_vec_free(&out);
    return a;
}

static const qir_attr *floats(parser *p, slice name, const literal *v)
{
    QIR_VEC(float) out = {0};
    for (size_t i = 0; i < v->count; i++) {
        const literal *e = &p->items.data[v->first + i];
        float f;
        if (e->kind != LIT_INT && e->kind != LIT_FLOAT) {
            qir_vec_free(&out);
            return wrong_kind(p, name, e->at, QIR_ATTR_FLOATS);
        }
        if (parse_f32(p, e->at, e->text, &f))
            qir_vec_push(&out, f);
    }
    const qir_attr *a = qir_attr_floats(p->ctx, out.data, out.len);
    qir_vec_free(&out);
    return a;
}

static const qir_attr *strings(parser *p, slice name, const literal *v)
{
    QIR_VEC(const char *) out = {0};
    for (size_t i = 0; i < v->count; i++) {
        const literal *e = &p->items.data[v->first + i];
        if (e->kind != LIT_STRING) {
            qir_vec_free(&out);
            return wrong_kind(p, name, e->at, QIR_ATTR_STRINGS);
        }
        qir_vec_push(&out, parse_intern(p, e->text));
    }
    const qir_attr *a = qir_attr_strings(p->ctx, out.data, out.len);
    qir_vec_free(&out);
    return a;
}

/* The literal as an attribute of kind `want`; NULL: diagnosed. */
static const qir_attr *convert(parser *p, slice name, const literal *v, qir_attr_kind want)
{
    static const literal_kind need[] = {LIT_BOOL, LIT_INT,  LIT_FLOAT, LIT_STRING,
                                        LIT_LIST, LIT_LIST, LIT_LIST,  LIT_TYPE};
    int64_t i = 0;
    float f = 0;
    if (v->kind != need[want] && !(want == QIR_ATTR_FLOAT && v->kind == LIT_INT))
        return wrong_kind(p, name, v->at, want);
    switch (want) {
    case QIR_ATTR_BOOL:
        return qir_attr_bool(p->ctx, v->b);
    case QIR_ATTR_INT:
        return parse_int(p, v->at, v->text, &i) ? qir_attr_int(p->ctx, i) : NULL;
    case QIR_ATTR_FLOAT:
        return parse_f32(p, v->at, v->text, &f) ? qir_attr_float(p->ctx, f) : NULL;
    case QIR_ATTR_STRING:
        return qir_attr_string(p->ctx, v->text.s, v->text.len);
    case QIR_ATTR_INTS:
        return ints(p, name, v);
    case QIR_ATTR_FLOATS:
        return floats(p, name, v);
    case QIR_ATTR_STRINGS:
        return strings(p, name, v);
    case QIR_ATTR_TYPE:
        return v->type ? qir_attr_type(p->ctx, v->type) : NULL;
    }
    return NULL;
}

/* --- kinds ------------------------------------------------------------------------------------ */
static qir_attr_kind list_kind(const parser *p, const literal *v)
{
    bool any_float = false, any_string = false;
    for (size_t i = 0; i < v->count; i++) {
        any_float |= p->items.data[v->first + i].kind == LIT_FLOAT;
        any_string |= p->items.data[v->first + i].kind == LIT_STRING;
    }
    return any_string ? QIR_ATTR_STRINGS : any_float ? QIR_ATTR_FLOATS : QIR_ATTR_INTS;
}

static qir_attr_kind natural_kind(const parser *p, const literal *v)
{
    switch (v->kind) {
    case LIT_INT:
        return QIR_ATTR_INT;
    case LIT_FLOAT:
        return QIR_ATTR_FLOAT;
    case LIT_BOOL:
        return QIR_ATTR_BOOL;
    case LIT_STRING:
        return QIR_ATTR_STRING;
    case LIT_TYPE:
        return QIR_ATTR_TYPE;
    case LIT_LIST:
        return list_kind(p, v);
    }
    return QIR_ATTR_INT;
}

static const qir_attr_desc *declared(const qir_op_desc *op, slice name)
{
    for (unsigned i = 0; i < op->nattrs; i++)
        if (slice_is(name, op->attrs[i].name))
            return &op->attrs[i];
    return NULL;
}

static void unknown_attr(parser *p, const qir_op_desc *op, const named_literal *a)
{
    qir_suggestion near = {.name = a->name.s, .len = a->name.len};
    for (unsigned i = 0; i < op->nattrs; i++)
        qir_suggestion_offer(&near, op->attrs[i].name);
    parse_error(p, a->at, "attr.unknown", "'%s' has no attribute '%.*s'%s%s%s", op->name,
                parse_print_slice(a->name), a->name.s, near.best ? ", did you mean '" : "",
                near.best ? near.best : "", near.best ? "'?" : "");
}

const qir_dict *parse_attrs(parser *p, int opcode)
{
    const qir_op_desc *op = opcode < 0 ? NULL : qir_op_desc_get((qir_opcode)opcode);
    const qir_dict *dict = NULL;
    for (size_t i = 0; i < p->attrs.len; i++) {
        const named_literal *a = &p->attrs.data[i];
        const qir_attr_desc *desc = op ? declared(op, a->name) : NULL;
        if (op && !desc && !qir_attr_is_note(a->name.s, a->name.len)) {
            unknown_attr(p, op, a);
            continue;
        }
        qir_attr_kind want = desc ? desc->kind : natural_kind(p, &a->value);
        const qir_attr *v = convert(p, a->name, &a->value, want);
        if (v)
            dict = qir_dict_set(p->ctx, dict, parse_intern(p, a->name), v);
    }
    p->attrs.len = p->items.len = 0;
    return dict;
}

const char *parse_model_name(parser *p)
{
    const char *name = NULL;
    for (size_t i = 0; i < p->attrs.len; i++) {
        const named_literal *a = &p->attrs.data[i];
        if (!slice_is(a->name, "name") || a->value.kind != LIT_STRING)
            parse_error(p, a->at, "attr.unknown",
                        "unexpected attribute '%.*s', arguments and results take name = \"...\"",
                        parse_print_slice(a->name), a->name.s);
        else if (parse_no_nul(p, a->at, a->value.text))
            name = parse_intern(p, a->value.text);
    }
    p->attrs.len = p->items.len = 0;
    return name;
}
