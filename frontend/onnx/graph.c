/* Decodes GraphProto, FunctionProto and NodeProto.  Graphs nest through the attributes of
 * control-flow nodes; the reader limits the depth of messages, and so the recursion. */
#include "onnx/model.h"

#include <string.h>

enum {
    G_NODE = 1,
    G_NAME = 2,
    G_INIT = 5,
    G_INPUT = 11,
    G_OUTPUT = 12,
    G_INFO = 13,
    G_SPARSE = 15
};
enum { N_INPUT = 1, N_OUTPUT = 2, N_NAME = 3, N_OP = 4, N_ATTR = 5, N_DOMAIN = 7, N_OVERLOAD = 8 };
enum {
    F_NAME = 1,
    F_INPUT = 4,
    F_OUTPUT = 5,
    F_NODE = 7,
    F_OPSET = 9,
    F_DOMAIN = 10,
    F_DEFAULT = 11,
    F_OVERLOAD = 13
};

static bool read_node(qir_arena *arena, const qir_pb *message, onnx_node *n)
{
    size_t counts[32];
    if (!onnx_count_fields(message, counts))
        return false;
    *n = (onnx_node){.op = "", .domain = "", .name = "", .overload = "", .offset = message->start};
    n->in = QIR_NEW_ARRAY(arena, const char *, counts[N_INPUT]);
    n->out = QIR_NEW_ARRAY(arena, const char *, counts[N_OUTPUT]);
    n->attrs = QIR_NEW_ARRAY(arena, onnx_attr, counts[N_ATTR]);
    qir_pb r = *message, child;
    qir_pb_field f;
    bool ok = true;
    while (ok && qir_pb_next(&r, &f)) {
        if (f.number == N_INPUT)
            ok = onnx_read_name(&r, &f, &n->in[n->nin++]);
        else if (f.number == N_OUTPUT)
            ok = onnx_read_name(&r, &f, &n->out[n->nout++]);
        else if (f.number == N_NAME)
            ok = onnx_read_name(&r, &f, &n->name);
        else if (f.number == N_OP)
            ok = onnx_read_name(&r, &f, &n->op);
        else if (f.number == N_OVERLOAD)
            ok = onnx_read_name(&r, &f, &n->overload);
        else if (f.number == N_DOMAIN)
            ok = onnx_read_name(&r, &f, &n->domain);
        else if (f.number == N_ATTR)
            ok = qir_pb_enter(&r, &f, &child) &&
                 onnx_attr_read(arena, &child, &n->attrs[n->nattrs++]);
    }
    n->domain = onnx_domain(n->domain);
    return ok && !r.file->failed;
}

static bool read_graph_field(qir_arena *arena, onnx_graph *g, const qir_pb *r,
                             const qir_pb_field *f)
{
    qir_pb child;
    if (f->number == G_NAME)
        return onnx_read_name(r, f, &g->name);
    if (f->number == G_SPARSE)
        return qir_pb_fail(r->file, f->offset, "onnx.tensor",
                           "sparse initializers are not supported");
    if (f->number != G_NODE && f->number != G_INIT && f->number != G_INPUT && f->number != G_OUTPUT)
        return true;
    if (!qir_pb_enter(r, f, &child))
        return false;
    if (f->number == G_NODE)
        return read_node(arena, &child, &g->nodes[g->nnodes++]);
    if (f->number == G_INIT)
        return onnx_initializer_read(arena, &child, &g->initializers[g->ninitializers++]);
    if (f->number == G_INPUT)
        return onnx_value_read(&child, &g->inputs[g->ninputs++]);
    return onnx_value_read(&child, &g->outputs[g->noutputs++]);
}

static bool allocate(qir_arena *arena, const qir_pb *message, onnx_graph *g, size_t nodes,
                     size_t initializers, size_t inputs, size_t outputs)
{
    if (nodes > ONNX_MAX_NODES)
        return qir_pb_fail(message->file, message->start, "onnx.graph", "more than %d nodes",
                           ONNX_MAX_NODES);
    *g = (onnx_graph){.name = "", .message = *message};
    g->nodes = QIR_NEW_ARRAY(arena, onnx_node, nodes);
    g->initializers = QIR_NEW_ARRAY(arena, onnx_initializer, initializers);
    g->inputs = QIR_NEW_ARRAY(arena, onnx_value, inputs);
    g->outputs = QIR_NEW_ARRAY(arena, onnx_value, outputs);
    return true;
}

bool onnx_graph_read(qir_arena *arena, const qir_pb *message, onnx_graph *g)
{
    size_t n[32];
    if (!onnx_count_fields(message, n) ||
        !allocate(arena, message, g, n[G_NODE], n[G_INIT], n[G_INPUT], n[G_OUTPUT]))
        return false;
    qir_pb r = *message;
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (!read_graph_field(arena, g, &r, &f))
            return false;
    return !r.file->failed;
}

bool onnx_graph_find_info(const onnx_graph *g, const char *name, onnx_value *out)
{
    qir_pb r = g->message, child;
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (f.number == G_INFO && qir_pb_enter(&r, &f, &child) && onnx_value_read(&child, out) &&
            strcmp(out->name, name) == 0)
            return true;
    return false;
}

/* Inputs and outputs of a function are bare names. */
static bool read_value_name(const qir_pb *r, const qir_pb_field *f, onnx_value *v)
{
    *v = (onnx_value){.offset = f->offset};
    return onnx_read_name(r, f, &v->name);
}

static bool read_function_field(qir_arena *arena, onnx_function *fn, const qir_pb *r,
                                const qir_pb_field *f)
{
    onnx_graph *g = &fn->graph;
    qir_pb child;
    switch (f->number) {
    case F_NAME: return onnx_read_name(r, f, &fn->name);
    case F_DOMAIN: return onnx_read_name(r, f, &fn->domain);
    case F_OVERLOAD: return onnx_read_name(r, f, &fn->overload);
    case F_INPUT: return read_value_name(r, f, &g->inputs[g->ninputs++]);
    case F_OUTPUT: return read_value_name(r, f, &g->outputs[g->noutputs++]);
    case F_NODE:
        return qir_pb_enter(r, f, &child) && read_node(arena, &child, &g->nodes[g->nnodes++]);
    case F_OPSET:
        return qir_pb_enter(r, f, &child) && onnx_opset_read(&child, &fn->opsets[fn->nopsets++]);
    case F_DEFAULT:
        return qir_pb_enter(r, f, &child) &&
               onnx_attr_read(arena, &child, &fn->defaults[fn->ndefaults++]);
    }
    return true;
}

bool onnx_function_read(qir_arena *arena, const qir_pb *message, onnx_function *fn)
{
    size_t n[32];
    *fn = (onnx_function){.name = "", .domain = "", .overload = "", .offset = message->start};
    if (!onnx_count_fields(message, n) ||
        !allocate(arena, message, &fn->graph, n[F_NODE], 0, n[F_INPUT], n[F_OUTPUT]))
        return false;
    fn->opsets = QIR_NEW_ARRAY(arena, onnx_opset, n[F_OPSET]);
    fn->defaults = QIR_NEW_ARRAY(arena, onnx_attr, n[F_DEFAULT]);
    qir_pb r = *message;
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (!read_function_field(arena, fn, &r, &f))
            return false;
    fn->domain = onnx_domain(fn->domain);
    fn->graph.name = fn->name;
    return !r.file->failed;
}
