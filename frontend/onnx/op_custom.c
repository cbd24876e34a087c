/* Nodes that -custom-op makes calls of the user's functions. */
#include <string.h>

#include "onnx/import.h"

bool onnx_find_custom(const onnx_import *imp, const onnx_node *n, fe_custom *out)
{
    const char *op = *n->domain ? qir_arena_printf(imp->fe.arena, "%s::%s", n->domain, n->op) : n->op;
    return imp->fe.opts->ncustom_ops && fe_find_custom(&imp->fe, op, out);
}

/* ---- attributes -------------------------------------------------------------------------------- */
static const qir_attr *value_of(onnx_call *c, onnx_attr *a)
{
    qir_context *ctx = c->fe->ctx;
    a->used = true;
    switch (a->type) {
    case ONNX_ATTR_FLOAT: return qir_attr_float(ctx, a->f);
    case ONNX_ATTR_INT: return qir_attr_int(ctx, a->i);
    case ONNX_ATTR_STRING: return qir_attr_string(ctx, a->s, strlen(a->s));
    case ONNX_ATTR_FLOATS: return qir_attr_floats(ctx, a->floats, a->n);
    case ONNX_ATTR_INTS: return qir_attr_ints(ctx, a->ints, a->n);
    default:
        fe_error(c->fe, "attr", "attribute '%s' is no number, list of numbers or text: the function of a "
                                "custom op cannot be given it",
                 a->name);
        return NULL;
    }
}

static bool take_attributes(onnx_call *c, const qir_dict **out)
{
    for (uint32_t i = 0; i < c->node->nattrs && !c->fe->failed; i++) {
        const qir_attr *v = value_of(c, &c->node->attrs[i]);
        if (v)
            *out = fe_custom_argument(c->fe, *out, c->node->attrs[i].name, v);
    }
    return !c->fe->failed;
}

/* ---- result types ------------------------------------------------------------------------------ */
/* What the model says of a tensor: that of an output, or of value_info. */
static bool find_declared(const onnx_import *imp, const char *name, onnx_value *v)
{
    const onnx_graph *g = imp->body->graph;
    for (size_t i = 0; i < g->noutputs; i++)
        if (!strcmp(g->outputs[i].name, name) && g->outputs[i].data_type) {
            *v = g->outputs[i];
            return true;
        }
    return onnx_graph_find_info(g, name, v);
}

static const qir_type *declared_type(onnx_call *c, const fe_custom *custom, const char *name)
{
    onnx_value v;
    qir_dtype dtype;
    bool known = find_declared(c->imp, name, &v) && v.has_shape &&
                 qir_tensorproto_dtype(v.data_type, &dtype);
    for (unsigned i = 0; known && i < v.rank; i++)
        if (v.dims[i] == QIR_DYNAMIC) {
            known = *v.params[i];
            if (known && !fe_bind_dim(c->fe, c->fe->node.loc, name, v.params[i], &v.dims[i]))
                return NULL;
        }
    if (known)
        return qir_tensor_type(c->fe->ctx, dtype, v.dims, v.rank, c->fe->node.loc);
    fe_error(c->fe, "custom",
             "the model does not say which type '%s' has: state the types of results, "
             "-custom-op=%s=%s:f32[1x10]",
             name, custom->op, custom->symbol);
    return NULL;
}

static bool result_types(onnx_call *c, const fe_custom *custom, const qir_type **types)
{
    unsigned n = c->node->nout;
    if (custom->types)
        return fe_custom_types(c->fe, custom, n, types);
    for (unsigned i = 0; i < n; i++)
        if (!(types[i] = declared_type(c, custom, c->node->out[i])))
            return false;
    return true;
}

bool onnx_custom(onnx_call *c, const fe_custom *custom)
{
    const qir_dict *attrs = NULL;
    unsigned n = c->node->nout;
    const qir_type **types = QIR_NEW_ARRAY(c->fe->scratch, const qir_type *, n);
    qir_value **out = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, n);
    bool ok = take_attributes(c, &attrs) && result_types(c, custom, types) &&
              fe_emit_custom(c->fe, custom, c->in, c->nin, attrs, types, n, out);
    for (unsigned i = 0; ok && i < n; i++)
        ok = onnx_set(c, i, out[i]);
    return ok;
}
