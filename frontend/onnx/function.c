/* Functions of the model are expanded where they are called. */
#include <string.h>

#include "onnx/import.h"

static const char *function_key(onnx_import *imp, const char *domain, const char *name,
                                const char *overload)
{
    return qir_arena_printf(imp->fe.arena, "%s::%s:%s", domain, name, overload);
}

bool onnx_index_functions(onnx_import *imp)
{
    for (size_t i = 0; i < imp->model.nfunctions; i++) {
        onnx_function *fn = &imp->model.functions[i];
        const char *key = function_key(imp, fn->domain, fn->name, fn->overload);
        if (qir_strmap_has(&imp->functions, key, strlen(key)))
            return qir_pb_fail(&imp->model.file, fn->offset, "onnx.function",
                               "function '%s' is defined twice", fn->name);
        if (fn->nopsets && !onnx_check_opsets(imp, fn->opsets, fn->nopsets))
            return false;
        qir_strmap_put(&imp->functions, key, strlen(key), fn);
    }
    return true;
}

onnx_function *onnx_find_function(const onnx_import *imp, const onnx_node *n)
{
    if (!imp->functions.len)
        return NULL;
    const char *key = qir_arena_printf(imp->fe.scratch, "%s::%s:%s", n->domain, n->op, n->overload);
    return qir_strmap_get(&imp->functions, key, strlen(key));
}

static const onnx_attr *find_attr(const onnx_attr *attrs, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(attrs[i].name, name) == 0)
            return &attrs[i];
    return NULL;
}

/* What the call gives under that name, or the function's default; NULL: neither. */
static const onnx_attr *referenced(const onnx_body *body, const char *name)
{
    const onnx_attr *a = find_attr(body->call->attrs, body->call->nattrs, name);
    return a ? a : find_attr(body->callee->defaults, body->callee->ndefaults, name);
}

onnx_node *onnx_resolve_attributes(onnx_import *imp, onnx_node *n)
{
    bool any = false;
    for (uint32_t i = 0; i < n->nattrs; i++)
        any = any || n->attrs[i].ref;
    if (!any)
        return n;
    onnx_node *copy = qir_arena_copy(imp->fe.scratch, n, sizeof *n);
    copy->attrs = QIR_NEW_ARRAY(imp->fe.scratch, onnx_attr, n->nattrs);
    copy->nattrs = 0;
    for (uint32_t i = 0; i < n->nattrs; i++) {
        const onnx_attr *a = &n->attrs[i];
        if (a->ref && !imp->body->call) {
            fe_error(&imp->fe, "attr",
                     "attribute '%s' is a reference, which only functions may have", a->name);
            return NULL;
        }
        const onnx_attr *value = a->ref ? referenced(imp->body, a->ref) : a;
        if (!value)
            continue; /* not given: the operator's default holds */
        copy->attrs[copy->nattrs] = *value;
        copy->attrs[copy->nattrs++].name = a->name;
    }
    return copy;
}

static bool expand(onnx_call *c, onnx_function *fn, onnx_body *body)
{
    qir_value **out = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, fn->graph.noutputs);
    if (!onnx_body_open(c->imp, body, &fn->graph, fn))
        return false;
    body->call = c->node;
    body->callee = fn;
    if (!onnx_body_expand(c->imp, c->in, c->nin, out))
        return false;
    for (size_t i = 0; i < fn->graph.noutputs; i++)
        if (onnx_out_used(c, (unsigned)i) && !onnx_set(c, (unsigned)i, out[i]))
            return fe_error(c->fe, "undef", "the function does not compute '%s'",
                            fn->graph.outputs[i].name);
    return true;
}

bool onnx_call_function(onnx_call *c, onnx_function *fn)
{
    onnx_body body;
    if (fn->active)
        return fe_error(c->fe, "function", "function '%s' calls itself", fn->name);
    if (c->nin > fn->graph.ninputs || c->node->nout > fn->graph.noutputs)
        return fe_error(c->fe, "arity", "the function has %zu inputs and %zu outputs",
                        fn->graph.ninputs, fn->graph.noutputs);
    fn->active = true;
    bool ok = expand(c, fn, &body);
    onnx_body_close(c->imp);
    fn->active = false;
    return ok;
}
