/* Names everything that a model needs and the table does not have, in one error. */
#include <inttypes.h>
#include <string.h>

#include "onnx/import.h"

/* A kind of unsupported node. */
typedef struct missing {
    const onnx_node *first;
    int64_t opset;
    size_t count;
    bool function;
} missing;

static void add_missing(onnx_import *imp, qir_map *kinds, const onnx_node *n, int64_t opset,
                        bool function)
{
    const char *key = qir_arena_printf(imp->fe.arena, "%s::%s", n->domain, n->op);
    missing *kind = qir_strmap_get(kinds, key, strlen(key));
    if (!kind) {
        kind = QIR_NEW(imp->fe.arena, missing);
        *kind = (missing){.first = n, .opset = opset, .function = function};
        qir_strmap_put(kinds, key, strlen(key), kind);
    }
    kind->count++;
}

static void note_missing(onnx_import *imp, const missing *k)
{
    const onnx_node *n = k->first;
    const char *name = *n->name ? n->name : n->nout ? n->out[0] : "";
    qir_note(imp->fe.diag, qir_pb_loc(&imp->model.file, n->offset),
             "%s%s%s opset %" PRId64 ", %zu node%s, first '%s'%s", n->domain,
             *n->domain ? "::" : "", n->op, k->opset, k->count, k->count == 1 ? "" : "s", name,
             k->function ? " (a function of the model)" : "");
}

static void collect(onnx_import *imp, qir_map *kinds, const onnx_graph *g, unsigned depth);

/* Of a function with its own operator sets. */
static void collect_function(onnx_import *imp, qir_map *kinds, onnx_function *fn, unsigned depth)
{
    onnx_body inner = *imp->body, *outer = imp->body;
    fn->seen = true;
    onnx_body_set_function(&inner, fn);
    imp->body = &inner;
    for (size_t i = 0; i < fn->graph.nnodes; i++)
        fn->graph.nodes[i].live = true;
    collect(imp, kinds, &fn->graph, depth);
    imp->body = outer;
}

/* Bodies of loops run for sure; of the branches of an If only one may be needed, so those wait. */
static void collect_bodies(onnx_import *imp, qir_map *kinds, const onnx_node *n, unsigned depth)
{
    for (uint32_t i = 0; i < n->nattrs; i++) {
        onnx_graph *g = strcmp(n->attrs[i].name, "body") == 0 ? n->attrs[i].g : NULL;
        for (size_t k = 0; g && k < g->nnodes; k++)
            g->nodes[k].live = true;
        if (g)
            collect(imp, kinds, g, depth);
    }
}

static void collect(onnx_import *imp, qir_map *kinds, const onnx_graph *g, unsigned depth)
{
    for (size_t i = 0; depth && i < g->nnodes; i++) {
        const onnx_node *n = &g->nodes[i];
        fe_custom custom;
        if (!n->live || onnx_find_custom(imp, n, &custom))
            continue;
        int64_t opset = onnx_opset_of(imp, n->domain);
        onnx_function *fn = onnx_find_function(imp, n);
        const onnx_row *row = onnx_table_find(imp, n, opset);
        if (fn ? row != NULL : row == NULL)
            add_missing(imp, kinds, n, opset, fn != NULL);
        else if (fn && !fn->seen)
            collect_function(imp, kinds, fn, depth - 1);
        else if (!fn)
            collect_bodies(imp, kinds, n, depth - 1);
    }
}

bool onnx_check_supported(onnx_import *imp)
{
    qir_map kinds = {0};
    collect(imp, &kinds, imp->body->graph, ONNX_MAX_DEPTH);
    size_t total = kinds.len;
    if (total)
        (void)qir_error(imp->fe.diag, qir_pb_loc(&imp->model.file, 0), "onnx.unsupported",
                        "the model uses %zu unsupported operator%s", total, total == 1 ? "" : "s");
    for (size_t i = 0; i < total; i++)
        note_missing(imp, kinds.entries[i].value);
    if (total)
        qir_note(imp->fe.diag, NULL, "-custom-op=OPERATOR=SYMBOL makes an operator a call of a C function "
                                     "of yours");
    qir_map_free(&kinds);
    imp->fe.failed = imp->fe.failed || total;
    return total == 0;
}
