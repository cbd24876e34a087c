/* Decodes ModelProto.  Each message is walked twice: once to count repeated fields, once to fill
 * exactly sized arrays. */
#include "onnx/model.h"

#include <string.h>

enum { M_IR_VERSION = 1, M_GRAPH = 7, M_OPSET = 8, M_FUNCTION = 25 };

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

bool onnx_count_fields(const qir_pb *message, size_t counts[32])
{
    qir_pb r = *message;
    qir_pb_field f;
    memset(counts, 0, 32 * sizeof counts[0]);
    while (qir_pb_next(&r, &f))
        if (f.number < 32)
            counts[f.number]++;
    return !r.file->failed;
}

const char *onnx_domain(const char *domain)
{
    return strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

bool onnx_opset_read(const qir_pb *message, onnx_opset *out)
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
    out->domain = onnx_domain(out->domain);
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
    if (f->number == M_OPSET)
        return onnx_opset_read(&child, &m->opsets[m->nopsets++]);
    if (f->number == M_FUNCTION)
        return onnx_function_read(arena, &child, &m->functions[m->nfunctions++]);
    if (m->has_graph)
        return qir_pb_fail(r->file, f->offset, "onnx.graph", "more than one graph");
    m->has_graph = true;
    return onnx_graph_read(arena, &child, &m->graph);
}

bool onnx_model_read(qir_context *ctx, qir_arena *arena, const char *path, const void *data,
                     size_t len, onnx_model *out)
{
    size_t counts[32];
    *out = (onnx_model){.graph = {.name = ""}};
    qir_pb r = qir_pb_open(&out->file, ctx, path, data, len);
    if (!onnx_count_fields(&r, counts))
        return false;
    out->opsets = QIR_NEW_ARRAY(arena, onnx_opset, counts[M_OPSET]);
    out->functions = QIR_NEW_ARRAY(arena, onnx_function, counts[M_FUNCTION]);
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (!read_model_field(arena, out, &r, &f))
            return false;
    if (!out->file.failed && !out->has_graph)
        return qir_pb_fail(&out->file, 0, "onnx.graph", "not an ONNX model: it has no graph");
    return !out->file.failed;
}
