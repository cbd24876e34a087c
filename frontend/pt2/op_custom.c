/* Operators that -custom-op makes calls of the user's functions: tensors become operands, in order, and
 * everything else that can be handed on an attribute. */
#include <string.h>

#include "pt2/import.h"

typedef struct gathered {
    pt2_call *c;
    qir_value **operands;
    uint32_t n;
    const qir_dict *attrs;
} gathered;

static bool refuse(const gathered *g, const pt2_arg *a)
{
    return fe_error(g->c->fe, "arg", "argument '%s' is no tensor, number, list of numbers or text: the "
                                     "function of a custom op cannot be given it",
                    a->name ? a->name : "");
}

static bool add_operand(gathered *g, const pt2_arg *a)
{
    qir_value *v = pt2_tensor_of(g->c, a);
    if (v)
        g->operands[g->n++] = v;
    return v;
}

/* Of numbers: integers, unless one of them is none. */
static const qir_attr *number_list(gathered *g, const pt2_arg *a)
{
    qir_arena *scratch = g->c->fe->scratch;
    int64_t *ints = QIR_NEW_ARRAY(scratch, int64_t, a->n);
    float *floats = QIR_NEW_ARRAY(scratch, float, a->n);
    bool whole = true;
    for (size_t i = 0; i < a->n; i++) {
        const pt2_arg *item = &a->items[i];
        if (item->kind != PT2_INT && item->kind != PT2_BOOL && item->kind != PT2_FLOAT)
            return refuse(g, a), NULL;
        whole = whole && item->kind != PT2_FLOAT;
        ints[i] = item->i;
        floats[i] = (float)pt2_number(item);
    }
    return whole ? qir_attr_ints(g->c->fe->ctx, ints, a->n) : qir_attr_floats(g->c->fe->ctx, floats, a->n);
}

static const qir_attr *attribute(gathered *g, const pt2_arg *a)
{
    qir_context *ctx = g->c->fe->ctx;
    switch (a->kind) {
    case PT2_INT: return qir_attr_int(ctx, a->i);
    case PT2_FLOAT: return qir_attr_float(ctx, (float)a->f);
    case PT2_BOOL: return qir_attr_bool(ctx, a->i);
    case PT2_STRING: return qir_attr_string(ctx, a->s, strlen(a->s));
    case PT2_LIST: return number_list(g, a);
    default: return refuse(g, a), NULL;
    }
}

static bool take(gathered *g, const pt2_arg *a)
{
    if (a->kind == PT2_NONE)
        return true;
    if (a->kind == PT2_TENSOR)
        return add_operand(g, a);
    bool tensors = a->kind == PT2_LIST && a->n && a->items[0].kind == PT2_TENSOR;
    for (size_t i = 0; tensors && i < a->n; i++)
        if (!add_operand(g, &a->items[i]))
            return false;
    if (tensors)
        return true;
    const qir_attr *v = attribute(g, a);
    g->attrs = v ? fe_custom_argument(g->c->fe, g->attrs, a->name, v) : NULL;
    return g->attrs;
}

static size_t most_operands(const pt2_node *n)
{
    size_t most = 0;
    for (size_t i = 0; i < n->nargs; i++)
        most += n->args[i].kind == PT2_LIST ? n->args[i].n : 1;
    return most;
}

static bool result_types(pt2_call *c, const fe_custom *custom, const qir_type **types)
{
    if (custom->types)
        return fe_custom_types(c->fe, custom, c->nouts, types);
    for (unsigned i = 0; i < c->nouts; i++) {
        const char *name = c->outs[i] ? c->outs[i] : "";
        const pt2_meta *meta = qir_strmap_get(&c->imp->program.tensors, name, strlen(name));
        types[i] = meta ? pt2_meta_type(c->imp, name, meta) : NULL;
        if (!types[i])
            return !meta ? fe_error(c->fe, "custom", "result %u is no tensor", i) : false;
    }
    return true;
}

bool pt2_custom(pt2_call *c)
{
    fe_custom custom;
    gathered g = {.c = c,
                  .operands = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, most_operands(c->node))};
    const qir_type **types = QIR_NEW_ARRAY(c->fe->scratch, const qir_type *, c->nouts);
    if (!fe_find_custom(c->fe, c->node->target, &custom))
        return false;
    for (size_t i = 0; i < c->node->nargs; i++)
        if (!take(&g, &c->node->args[i]))
            return false;
    return result_types(c, &custom, types) &&
           fe_emit_custom(c->fe, &custom, g.operands, g.n, g.attrs, types, c->nouts, c->results);
}
