/* Which nodes outputs depend on: the others are not translated, whatever they are. */
#include <string.h>

#include "onnx/import.h"

const char *onnx_node_name(const onnx_node *n)
{
    return *n->name ? n->name : n->nout ? n->out[0] : n->op;
}

/* Tensor name -> node that computes it.  Nothing computes what -inputs makes an argument. */
static bool index_nodes(onnx_import *imp, const onnx_graph *g, qir_map *producers)
{
    for (size_t i = 0; i < g->nnodes; i++) {
        onnx_node *n = &g->nodes[i];
        n->live = false;
        for (uint32_t k = 0; k < n->nout; k++) {
            size_t len = strlen(n->out[k]);
            if (!len || qir_strmap_has(&imp->cuts, n->out[k], len))
                continue;
            if (qir_strmap_has(producers, n->out[k], len) ||
                qir_strmap_has(&imp->body->initializers, n->out[k], len))
                return qir_pb_fail(&imp->model.file, n->offset, "onnx.ssa",
                                   "tensor '%s' is defined twice", n->out[k]);
            qir_strmap_put(producers, n->out[k], len, n);
        }
    }
    return true;
}

static void count_readers(onnx_import *imp, const char *name, unsigned n)
{
    onnx_initializer *init = qir_strmap_get(&imp->body->initializers, name, strlen(name));
    if (init)
        init->readers += n;
}

/* Marks what computes `name` for `user`, which must come later. */
static bool mark(onnx_import *imp, const qir_map *producers, const char *name,
                 const onnx_node *user)
{
    onnx_node *from = qir_strmap_get(producers, name, strlen(name));
    if (from && user && from >= user)
        return qir_pb_fail(&imp->model.file, user->offset, "onnx.order",
                           "node '%s' uses '%s' before it is computed: the graph has a cycle or is "
                           "not sorted",
                           onnx_node_name(user), name);
    if (from)
        from->live = true;
    return true;
}

static bool mark_node(onnx_import *imp, const qir_map *producers, const onnx_node *n,
                      const onnx_node *user);

/* Bodies see the names outside. */
static bool mark_body(onnx_import *imp, const qir_map *producers, const onnx_graph *g,
                      const onnx_node *user)
{
    for (size_t i = 0; i < g->noutputs; i++) {
        count_readers(imp, g->outputs[i].name, 2);
        if (!mark(imp, producers, g->outputs[i].name, user))
            return false;
    }
    for (size_t i = 0; i < g->nnodes; i++)
        if (!mark_node(imp, producers, &g->nodes[i], user))
            return false;
    return true;
}

static bool mark_node(onnx_import *imp, const qir_map *producers, const onnx_node *n,
                      const onnx_node *user)
{
    for (uint32_t k = 0; k < n->nin; k++) {
        count_readers(imp, n->in[k], n == user ? 1 : 2);
        if (!mark(imp, producers, n->in[k], user))
            return false;
    }
    for (uint32_t k = 0; k < n->nattrs; k++)
        if (n->attrs[k].g && !mark_body(imp, producers, n->attrs[k].g, user))
            return false;
    return true;
}

/* Nodes stand in topological order, so one walk from the end reaches everything. */
static bool mark_live(onnx_import *imp, const onnx_graph *g, const qir_map *producers)
{
    for (size_t i = 0; i < g->noutputs; i++) {
        count_readers(imp, g->outputs[i].name, 1);
        mark(imp, producers, g->outputs[i].name, NULL);
    }
    for (size_t i = g->nnodes; i-- > 0;)
        if (g->nodes[i].live && !mark_node(imp, producers, &g->nodes[i], &g->nodes[i]))
            return false;
    return true;
}

bool onnx_find_live_nodes(onnx_import *imp, const onnx_graph *g)
{
    qir_map producers = {0};
    bool ok = index_nodes(imp, g, &producers) && mark_live(imp, g, &producers);
    qir_map_free(&producers);
    return ok;
}
