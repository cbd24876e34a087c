/* Decodes ValueInfoProto (graph inputs and outputs) and initializers with their external-data
 * entries. */
#include "onnx/model.h"

#include <string.h>

/* TensorShapeProto.Dimension: {1 dim_value, 2 dim_param}. */
static bool read_dim(const qir_pb *message, int64_t *dim, const char **param)
{
    qir_pb r = *message;
    qir_pb_field f;
    *dim = QIR_DYNAMIC;
    *param = "";
    while (qir_pb_next(&r, &f)) {
        if (f.number == 1 && !qir_pb_int(&r, &f, dim))
            return false;
        if (f.number == 1 && *dim < 0)
            *dim = QIR_DYNAMIC; /* some exporters write -1 for "not known" */
        if (f.number == 2 && !onnx_read_name(&r, &f, param))
            return false;
    }
    return !r.file->failed;
}

static bool read_shape(const qir_pb *message, onnx_value *v)
{
    qir_pb r = *message, child;
    qir_pb_field f;
    v->has_shape = true;
    while (qir_pb_next(&r, &f)) {
        if (f.number != 1)
            continue;
        if (v->rank == QIR_MAX_RANK)
            return qir_pb_fail(r.file, f.offset, "onnx.dim", "value '%s' has rank above %d",
                               v->name, QIR_MAX_RANK);
        if (!qir_pb_enter(&r, &f, &child) ||
            !read_dim(&child, &v->dims[v->rank], &v->params[v->rank]))
            return false;
        v->rank++;
    }
    return !r.file->failed;
}

/* TypeProto.Tensor: {1 elem_type, 2 shape}. */
static bool read_tensor_type(const qir_pb *message, onnx_value *v)
{
    qir_pb r = *message, child;
    qir_pb_field f;
    while (qir_pb_next(&r, &f)) {
        if (f.number == 1 && !qir_pb_int(&r, &f, &v->data_type))
            return false;
        if (f.number == 2 && !(qir_pb_enter(&r, &f, &child) && read_shape(&child, v)))
            return false;
    }
    return !r.file->failed;
}

/* TypeProto: {1 tensor_type}; other kinds leave data_type 0. */
static bool read_type(const qir_pb *message, onnx_value *v)
{
    qir_pb r = *message, child;
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (f.number == 1 && !(qir_pb_enter(&r, &f, &child) && read_tensor_type(&child, v)))
            return false;
    return !r.file->failed;
}

bool onnx_value_read(const qir_pb *message, onnx_value *v)
{
    *v = (onnx_value){.name = "", .offset = message->start};
    qir_pb r = *message, child;
    qir_pb_field f;
    while (qir_pb_next(&r, &f)) {
        if (f.number == 1 && !onnx_read_name(&r, &f, &v->name))
            return false;
        if (f.number == 2 && !(qir_pb_enter(&r, &f, &child) && read_type(&child, v)))
            return false;
    }
    return !r.file->failed;
}

/* StringStringEntryProto of external_data; unknown keys are refused: they may be an attack on
 * looser readers, and we would not know what they mean. */
static bool read_external_entry(qir_arena *arena, const qir_pb *message, onnx_initializer *init)
{
    const char *key = "", *value = "";
    size_t key_len = 0, value_len = 0;
    qir_pb r = *message;
    qir_pb_field f;
    while (qir_pb_next(&r, &f)) {
        if (f.number == 1 && !qir_pb_bytes(&r, &f, &key, &key_len))
            return false;
        if (f.number == 2 && !qir_pb_bytes(&r, &f, &value, &value_len))
            return false;
    }
    if (r.file->failed)
        return false;
    if (value_len > ONNX_MAX_NAME)
        return qir_pb_fail(r.file, message->start, "onnx.ext.path",
                           "external data: value too long");
    const char *k = qir_arena_strndup(arena, key, key_len < 64 ? key_len : 64);
    if (strcmp(k, "location") == 0) {
        init->location = qir_arena_strndup(arena, value, value_len);
        init->location_len = value_len;
    } else if (strcmp(k, "offset") == 0) {
        init->ext_offset = qir_arena_strndup(arena, value, value_len);
    } else if (strcmp(k, "length") == 0) {
        init->ext_length = qir_arena_strndup(arena, value, value_len);
    } else if (strcmp(k, "checksum") != 0 && strcmp(k, "basepath") != 0) {
        return qir_pb_fail(r.file, message->start, "onnx.ext.key",
                           "external data: unknown key '%s', expected location, offset or length",
                           k);
    }
    return true;
}

bool onnx_initializer_read(qir_arena *arena, const qir_pb *message, onnx_initializer *init)
{
    *init = (onnx_initializer){0};
    if (!qir_tensorproto_parse(message, &init->tensor))
        return false;
    if (!init->tensor.external)
        return true;
    qir_pb r = *message, child;
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (f.number == 13 &&
            !(qir_pb_enter(&r, &f, &child) && read_external_entry(arena, &child, init)))
            return false;
    return !r.file->failed;
}
