/* Translates the nodes of a graph in order: the main graph, bodies of control flow, functions. */
#include <string.h>

#include "onnx/import.h"

enum { EXPANSION_COST = 8 }; /* of a body without nodes, in nodes */

static bool undefined(onnx_call *c, const char *name)
{
    if (c->fe->failed || c->imp->model.file.failed)
        return false;
    if (c->imp->cuts.len)
        return fe_error(c->fe, "cut", "operand '%s' is neither listed in -inputs nor computed",
                        name);
    return fe_error(c->fe, "undef", "nothing defines operand '%s'", name);
}

/* An input of the function that the call leaves out. */
static bool is_omitted(const onnx_body *body, const char *name)
{
    const onnx_graph *g = body->function ? body->graph : &(const onnx_graph){0};
    for (size_t i = 0; i < g->ninputs; i++)
        if (strcmp(g->inputs[i].name, name) == 0)
            return true;
    return false;
}

static bool resolve_operands(onnx_call *c)
{
    onnx_node *n = c->node;
    c->in = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, n->nin);
    c->nin = n->nin;
    for (uint32_t i = 0; i < n->nin; i++) {
        if (!*n->in[i])
            continue; /* an omitted operand: the others keep their places */
        c->in[i] = onnx_lookup(c->imp, n->in[i]);
        if (!c->in[i] && !is_omitted(c->imp->body, n->in[i]))
            return undefined(c, n->in[i]);
    }
    return true;
}

static bool check_counts(const onnx_call *c)
{
    const onnx_row *row = c->row;
    unsigned n = c->nin;
    while (n > row->min_in && !c->in[n - 1])
        n--;
    if (n < row->min_in || (row->max_in != ONNX_ANY && n > row->max_in))
        return fe_error(c->fe, "arity", "%u operands, expected %u to %u", n, row->min_in,
                        row->max_in);
    bool has_body = row->max_in == ONNX_ANY && row->max_out == ONNX_ANY; /* Loop and Scan may leave it out */
    if (row->min_in > 0 && !c->in[0] && !has_body)
        return fe_error(c->fe, "arity", "operand 0 is absent, but the operator needs it");
    if (c->node->nout < 1 || (row->max_out != ONNX_ANY && c->node->nout > row->max_out))
        return fe_error(c->fe, "arity", "%u results, expected 1 to %u", c->node->nout,
                        row->max_out);
    return true;
}

static bool check_constants(const onnx_call *c)
{
    for (unsigned i = 0; i < c->nin && i < 32; i++)
        if (c->row->const_in >> i & 1 && c->in[i] && c->in[i]->kind != QIR_VALUE_CONST)
            return fe_error(c->fe, "const",
                            "operand %u ('%s') must be a constant: if it is a graph input, give "
                            "-const-input %s=FILE",
                            i, c->node->in[i], c->node->in[i]);
    return true;
}

/* An attribute that no translator asked for would change the meaning silently. */
static bool check_attributes(const onnx_call *c)
{
    for (uint32_t i = 0; i < c->node->nattrs; i++)
        if (!c->node->attrs[i].used)
            return fe_error(c->fe, "attr", "attribute '%s' is not supported",
                            c->node->attrs[i].name);
    return true;
}

static bool translate_op(onnx_call *c)
{
    c->row = onnx_table_find(c->imp, c->node, c->opset);
    QIR_ASSERT(c->row, "unsupported nodes were diagnosed before");
    return check_counts(c) && check_constants(c) && c->row->fn(c) && !c->fe->failed &&
           !c->imp->model.file.failed && check_attributes(c);
}

/* Unrolled loops and nested functions multiply: what a file may ask for is bounded. */
static bool count_nodes(onnx_import *imp, size_t n)
{
    imp->translated += n;
    return imp->translated <= ONNX_MAX_NODES ||
           fe_error(&imp->fe, "limit", "more than %d nodes after unrolling and inlining",
                    ONNX_MAX_NODES);
}

static fe_node node_of(onnx_import *imp, const onnx_node *n)
{
    return (fe_node){onnx_node_name(n), n->op, n->nout ? n->out[0] : "",
                     qir_pb_loc(&imp->model.file, n->offset)};
}

static bool translate(onnx_import *imp, onnx_node *n)
{
    fe_builder *fe = &imp->fe;
    onnx_call c = {.fe = fe, .imp = imp, .opset = onnx_opset_of(imp, n->domain)};
    const fe_node node = node_of(imp, n);
    if (!n->live) {
        fe_report(fe, &node, QIR_IMPORT_DEAD, "");
        return true;
    }
    fe_begin_node(fe, &node);
    c.node = onnx_resolve_attributes(imp, n);
    fe_custom custom;
    bool is_custom = onnx_find_custom(imp, n, &custom);
    onnx_function *fn = is_custom ? NULL : onnx_find_function(imp, n);
    bool ok = c.node && count_nodes(imp, 1) && resolve_operands(&c) &&
              (is_custom ? onnx_custom(&c, &custom)
               : fn      ? onnx_call_function(&c, fn)
                         : translate_op(&c));
    fe_end_node(fe);
    return ok;
}

static bool index_initializers(onnx_import *imp, onnx_body *body)
{
    for (size_t i = 0; i < body->graph->ninitializers; i++) {
        onnx_initializer *init = &body->graph->initializers[i];
        const char *name = init->tensor.name;
        if (qir_strmap_has(&body->initializers, name, strlen(name)))
            return qir_pb_fail(&imp->model.file, init->tensor.message.start, "onnx.ssa",
                               "initializer '%s' is defined twice", name);
        qir_strmap_put(&body->initializers, name, strlen(name), init);
    }
    return true;
}

void onnx_body_set_function(onnx_body *body, onnx_function *fn)
{
    body->function = fn;
    if (!fn->nopsets)
        return; /* those of the model */
    body->opsets = fn->opsets;
    body->nopsets = fn->nopsets;
}

bool onnx_body_open(onnx_import *imp, onnx_body *body, const onnx_graph *g, onnx_function *fn)
{
    onnx_body *outer = imp->body;
    *body =
        outer ? *outer : (onnx_body){.opsets = imp->model.opsets, .nopsets = imp->model.nopsets};
    body->outer = outer;
    body->graph = g;
    body->function = NULL;
    body->initializers = (qir_map){0};
    if (fn)
        onnx_body_set_function(body, fn);
    imp->body = body;
    if (imp->depth++ == ONNX_MAX_DEPTH)
        return fe_error(&imp->fe, "depth", "functions and bodies nest deeper than %d",
                        ONNX_MAX_DEPTH);
    return index_initializers(imp, body) && onnx_find_live_nodes(imp, g) &&
           onnx_check_supported(imp);
}

void onnx_body_close(onnx_import *imp)
{
    qir_map_free(&imp->body->initializers);
    imp->body = imp->body->outer;
    imp->depth--;
}

bool onnx_body_translate(onnx_import *imp)
{
    const onnx_graph *g = imp->body->graph;
    for (size_t i = 0; i < g->nnodes; i++)
        if (!translate(imp, &g->nodes[i]))
            return false;
    return true;
}

static bool expand(onnx_import *imp, qir_value *const *in, size_t nin, qir_value **out)
{
    const onnx_graph *g = imp->body->graph;
    for (size_t i = 0; i < nin && i < g->ninputs; i++)
        if (in[i])
            fe_define(&imp->fe, g->inputs[i].name, in[i]);
    if (!onnx_body_translate(imp))
        return false;
    for (size_t i = 0; i < g->noutputs; i++) {
        out[i] = onnx_lookup(imp, g->outputs[i].name);
        if (imp->model.file.failed || imp->fe.failed)
            return false;
        if (!out[i])
            return fe_error(&imp->fe, "undef", "no node of the body computes its output '%s'",
                            g->outputs[i].name);
    }
    return true;
}

bool onnx_body_expand(onnx_import *imp, qir_value *const *in, size_t nin, qir_value **out)
{
    fe_scope scope;
    if (!count_nodes(imp, EXPANSION_COST))
        return false;
    fe_push_scope(&imp->fe, &scope, imp->body->function != NULL);
    bool ok = expand(imp, in, nin, out);
    fe_pop_scope(&imp->fe);
    return ok;
}
