/* -inputs and -outputs cut the main graph: tensors named there become its inputs and outputs. */
#include <string.h>

#include "onnx/import.h"
#include "qir/support/suggest.h"

typedef void (*name_fn)(void *user, const char *name, const onnx_node *n);

/* All tensors of the graph; nodes may stand for their first result. */
static void each_name(const onnx_graph *g, name_fn fn, void *user)
{
    for (size_t i = 0; i < g->ninputs; i++)
        fn(user, g->inputs[i].name, NULL);
    for (size_t i = 0; i < g->nnodes; i++) {
        const onnx_node *n = &g->nodes[i];
        for (uint32_t k = 0; k < n->nout; k++)
            fn(user, n->out[k], NULL);
        if (n->nout && *n->name)
            fn(user, n->name, n);
    }
}

typedef struct search {
    const char *want;
    const char *tensor, *of_node;
    qir_suggestion near;
} search;

static void visit(void *user, const char *name, const onnx_node *n)
{
    search *s = user;
    if (strcmp(name, s->want) == 0 && !n)
        s->tensor = name;
    else if (strcmp(name, s->want) == 0 && !s->of_node)
        s->of_node = n->out[0];
    if (*name)
        qir_suggestion_offer(&s->near, name);
}

/* The tensor that the command line means; NULL: diagnosed. */
static const char *find_tensor(onnx_import *imp, const char *flag, const char *want)
{
    search s = {.want = want, .near = {.name = want, .len = strlen(want)}};
    each_name(&imp->model.graph, visit, &s);
    if (s.tensor || s.of_node)
        return s.tensor ? s.tensor : s.of_node;
    qir_pb_fail(&imp->model.file, 0, "onnx.cut", "%s: the model has no tensor or node '%s'%s%s%s",
                flag, want, s.near.best ? "; did you mean '" : "", s.near.best ? s.near.best : "",
                s.near.best ? "'?" : "");
    return NULL;
}

static bool cut_outputs(onnx_import *imp, const char *const *names, size_t n)
{
    onnx_graph *g = &imp->model.graph;
    onnx_value *outputs = QIR_NEW_ARRAY(imp->fe.arena, onnx_value, n);
    for (size_t i = 0; i < n; i++) {
        const char *name = find_tensor(imp, "-outputs", names[i]);
        if (!name)
            return false;
        outputs[i] = (onnx_value){.name = name};
    }
    g->outputs = outputs;
    g->noutputs = n;
    return true;
}

/* The declared type of a tensor: that of an input, or of value_info. */
static bool find_type(onnx_import *imp, const char *name, onnx_value *v)
{
    const onnx_graph *g = &imp->model.graph;
    for (size_t i = 0; i < g->ninputs; i++)
        if (strcmp(g->inputs[i].name, name) == 0) {
            *v = g->inputs[i];
            return true;
        }
    return onnx_graph_find_info(g, name, v) ||
           (!imp->model.file.failed &&
            qir_pb_fail(&imp->model.file, 0, "onnx.cut",
                        "-inputs: the model does not say which type '%s' has (run shape inference "
                        "when exporting)",
                        name));
}

static bool cut_inputs(onnx_import *imp, const char *const *names, size_t n)
{
    onnx_graph *g = &imp->model.graph;
    onnx_value *inputs = QIR_NEW_ARRAY(imp->fe.arena, onnx_value, n);
    for (size_t i = 0; i < n; i++) {
        const char *name = find_tensor(imp, "-inputs", names[i]);
        if (!name || !find_type(imp, name, &inputs[i]))
            return false;
        qir_strmap_put(&imp->cuts, name, strlen(name), imp);
    }
    g->inputs = inputs;
    g->ninputs = n;
    return true;
}

bool onnx_cut(onnx_import *imp)
{
    const qir_import_options *o = imp->fe.opts;
    return (!o->noutputs || cut_outputs(imp, o->outputs, o->noutputs)) &&
           (!o->ninputs || cut_inputs(imp, o->inputs, o->ninputs));
}
