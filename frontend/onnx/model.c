/* Decodes ModelProto, GraphProto and NodeProto.  Each message is walked twice: once
 * to count repeated fields, once to fill exactly sized arrays. */
#include "onnx/model.h"

#include <string.h>

enum { M_IR_VERSION = 1, M_GRAPH = 7, M_OPSET = 8, M_FUNCTION = 25 };
enum { G_NODE = 1, G_NAME = 2, G_INIT = 5, G_INPUT = 11, G_OUTPUT = 12, G_SPARSE_INIT = 15 };
enum { N_INPUT = 1, N_OUTPUT = 2, N_NAME = 3, N_OP = 4, N_ATTR = 5, N_DOMAIN = 7 };

bool onnx_read_name(const qir_pb *r, const qir_pb_field *f, const char **out)
{
    const char *s;
    size_t len;
    if (!qir_pb_bytes(r, f, &s, &len))
        return false;
    if (len > ONNX_MAX_NAME)
        return qir_pb_fail(r->file, f->offset, "onnx.name", "name is longer than %d bytes",
                           ONNX_MAX_NAME);
    if (memchr(s, 0, len))
        return qir_pb_fail(r->file, f->offset, "onnx.name", "name contains a NUL byte");
    *out = qir_intern(r->file->ctx, s, len);
    return true;
}

/* How often each field below 32 occurs. */
static bool count_fields(const qir_pb *message, size_t counts[32])
{
    qir_pb r = *message;
    qir_pb_field f;
    memset(counts, 0, 32 * sizeof counts[0]);
    while (qir_pb_next(&r, &f))
        if (f.number < 32)
            counts[f.number]++;
    return !r.file->failed;
}

static const char *read_domain(const char *domain)
{
    return strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

static bool read_node(qir_arena *arena, const qir_pb *message, onnx_node *n)
{
    size_t counts[32];
    if (!count_fields(message, counts))
        return false;
    *n = (onnx_node){.op = "", .domain = "", .name = "", .offset = message->start};
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
        else if (f.number == N_DOMAIN)
            ok = onnx_read_name(&r, &f, &n->domain);
        else if (f.number == N_ATTR)
            ok = qir_pb_enter(&r, &f, &child) &&
                 onnx_attr_read(arena, &child, &n->attrs[n->nattrs++]);
    }
    n->domain = read_domain(n->domain);
    return ok && !r.file->failed;
}

static bool read_graph_field(qir_arena *arena, onnx_model *m, const qir_pb *r,
                             const qir_pb_field *f)
{
    qir_pb child;
    if (f->number == G_NAME)
        return onnx_read_name(r, f, &m->graph_name);
    if (f->number == G_SPARSE_INIT)
        return qir_pb_fail(r->file, f->offset, "onnx.tensor",
                           "sparse initializers are not supported");
    if (f->number != G_NODE && f->number != G_INIT && f->number != G_INPUT && f->number != G_OUTPUT)
        return true;
    if (!qir_pb_enter(r, f, &child))
        return false;
    if (f->number == G_NODE)
        return read_node(arena, &child, &m->nodes[m->nnodes++]);
    if (f->number == G_INIT)
        return onnx_initializer_read(arena, &child, &m->initializers[m->ninitializers++]);
    if (f->number == G_INPUT)
        return onnx_value_read(&child, &m->inputs[m->ninputs++]);
    return onnx_value_read(&child, &m->outputs[m->noutputs++]);
}

static bool read_graph(qir_arena *arena, const qir_pb *message, onnx_model *m)
{
    size_t counts[32];
    if (m->has_graph)
        return qir_pb_fail(message->file, message->start, "onnx.graph", "more than one graph");
    if (!count_fields(message, counts))
        return false;
    if (counts[G_NODE] > ONNX_MAX_NODES)
        return qir_pb_fail(message->file, message->start, "onnx.graph", "more than %d nodes",
                           ONNX_MAX_NODES);
    m->has_graph = true;
    m->nodes = QIR_NEW_ARRAY(arena, onnx_node, counts[G_NODE]);
    m->initializers = QIR_NEW_ARRAY(arena, onnx_initializer, counts[G_INIT]);
    m->inputs = QIR_NEW_ARRAY(arena, onnx_value, counts[G_INPUT]);
    m->outputs = QIR_NEW_ARRAY(arena, onnx_value, counts[G_OUTPUT]);
    qir_pb r = *message;
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (!read_graph_field(arena, m, &r, &f))
            return false;
    return !r.file->failed;
}

static bool read_opset(const qir_pb *message, onnx_opset *out)
{
    *out = (onnx_opset){.domain = "", .offset = message->start};
    qir_pb r = *message;
    qir_pb_field f;
    while (qir_pb_next(&r, &f)) {
        if (f.number == 1 && !onnx_read_name(&r, &f, &out->domain))
            return false;
        if (f.number == 2 && !qir_pb_int(&r, &f, &out->version))
            return false;
    }
    out->domain = read_domain(out->domain);
    return !r.file->failed;
}

/* FunctionProto: {1 name, 10 domain}; bodies are not read. */
static bool read_function(qir_arena *arena, const qir_pb *message, const char **out)
{
    const char *name = "", *domain = "";
    qir_pb r = *message;
    qir_pb_field f;
    while (qir_pb_next(&r, &f)) {
        if (f.number == 1 && !onnx_read_name(&r, &f, &name))
            return false;
        if (f.number == 10 && !onnx_read_name(&r, &f, &domain))
            return false;
    }
    *out = qir_arena_printf(arena, "%s::%s", read_domain(domain), name);
    return !r.file->failed;
}

static bool read_model_field(qir_arena *arena, onnx_model *m, const qir_pb *r,
                             const qir_pb_field *f)
{
    qir_pb child;
    if (f->number == M_IR_VERSION)
        return qir_pb_int(r, f, &m->ir_version);
    if (f->number != M_GRAPH && f->number != M_OPSET && f->number != M_FUNCTION)
        return true;
    if (!qir_pb_enter(r, f, &child))
        return false;
    if (f->number == M_GRAPH)
        return read_graph(arena, &child, m);
    if (f->number == M_OPSET)
        return read_opset(&child, &m->opsets[m->nopsets++]);
    return read_function(arena, &child, &m->functions[m->nfunctions++]);
}

bool onnx_model_read(qir_context *ctx, qir_arena *arena, const char *path, const void *data,
                     size_t len, onnx_model *out)
{
    size_t counts[32];
    *out = (onnx_model){.graph_name = ""};
    qir_pb r = qir_pb_open(&out->file, ctx, path, data, len);
    if (!count_fields(&r, counts))
        return false;
    out->opsets = QIR_NEW_ARRAY(arena, onnx_opset, counts[M_OPSET]);
    out->functions = QIR_NEW_ARRAY(arena, const char *, counts[M_FUNCTION]);
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (!read_model_field(arena, out, &r, &f))
            return false;
    if (!out->file.failed && !out->has_graph)
        return qir_pb_fail(&out->file, 0, "onnx.graph", "not an ONNX model: it has no graph");
    return !out->file.failed;
}
