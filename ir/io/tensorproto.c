/* ONNX TensorProto: everything but the elements (tensorproto_data.c): names, shapes, types, and the
 * checks that make the elements safe to read. */
#include "io/tensorproto.h"

#include <inttypes.h>
#include <string.h>

#include "qir/samples.h"
#include "qir/support/assert.h"
#include "qir/support/checked.h"

enum { /* field numbers of TensorProto */
       T_DIMS = 1,
       T_DATA_TYPE = 2,
       T_SEGMENT = 3,
       T_FLOAT_DATA = 4,
       T_INT32_DATA = 5,
       T_STRING_DATA = 6,
       T_INT64_DATA = 7,
       T_NAME = 8,
       T_RAW_DATA = 9,
       T_DOUBLE_DATA = 10,
       T_UINT64_DATA = 11,
       T_EXTERNAL_DATA = 13,
       T_DATA_LOCATION = 14
};

/* Rows by ONNX data_type.  `field`: where typed values of that type live; 0 = not in QIR. */
static const struct type_row {
    const char *name;
    uint32_t field;
    qir_dtype dtype;
} type_rows[] = {
    {"UNDEFINED", 0, 0},
    {"FLOAT", T_FLOAT_DATA, QIR_f32},
    {"UINT8", T_INT32_DATA, QIR_u8},
    {"INT8", T_INT32_DATA, QIR_i8},
    {"UINT16", T_INT32_DATA, QIR_u16},
    {"INT16", T_INT32_DATA, QIR_i16},
    {"INT32", T_INT32_DATA, QIR_i32},
    {"INT64", T_INT64_DATA, QIR_i64},
    {"STRING", 0, 0},
    {"BOOL", T_INT32_DATA, QIR_i1},
    {"FLOAT16", T_INT32_DATA, QIR_f16},
    {"DOUBLE", T_DOUBLE_DATA, QIR_f64},
    {"UINT32", T_UINT64_DATA, QIR_u32},
    {"UINT64", T_UINT64_DATA, QIR_u64},
    {"COMPLEX64", 0, 0},
    {"COMPLEX128", 0, 0},
    {"BFLOAT16", T_INT32_DATA, QIR_bf16},
    {"FLOAT8E4M3FN", 0, 0},
    {"FLOAT8E4M3FNUZ", 0, 0},
    {"FLOAT8E5M2", 0, 0},
    {"FLOAT8E5M2FNUZ", 0, 0},
    {"UINT4", T_INT32_DATA, QIR_u4},
    {"INT4", T_INT32_DATA, QIR_i4},
    {"FLOAT4E2M1", 0, 0},
    {"FLOAT8E8M0", 0, 0},
    {"UINT2", T_INT32_DATA, QIR_u2},
    {"INT2", T_INT32_DATA, QIR_i2},
};
enum { NUM_TYPE_ROWS = sizeof type_rows / sizeof type_rows[0] };

bool qir_tensorproto_dtype(int64_t data_type, qir_dtype *out)
{
    if (data_type < 0 || data_type >= NUM_TYPE_ROWS || !type_rows[data_type].field)
        return false;
    *out = type_rows[data_type].dtype;
    return true;
}

const char *qir_tensorproto_type_name(int64_t data_type)
{
    return data_type >= 0 && data_type < NUM_TYPE_ROWS ? type_rows[data_type].name : "unknown";
}

static bool fail(const qir_tensorproto *t, const char *text)
{
    return qir_pb_fail(t->message.file, t->message.start, "onnx.tensor", "tensor '%s': %s", t->name,
                       text);
}

static bool typed_data(qir_tensorproto *t, const qir_pb_field *f)
{
    if (f->wire == QIR_PB_BYTES && f->len == 0)
        return true; /* an empty packed list is no data */
    if (t->typed_field && t->typed_field != f->number)
        return fail(t, "elements in more than one field");
    t->typed_field = f->number;
    return true;
}

static bool read_dims(qir_tensorproto *t, const qir_pb *r, const qir_pb_field *f)
{
    size_t n = t->rank;
    if (!qir_pb_ints(r, f, t->dims, QIR_MAX_RANK, &n))
        return false;
    if (n > QIR_MAX_RANK)
        return qir_pb_fail(r->file, f->offset, "onnx.tensor", "tensor has rank above %d",
                           QIR_MAX_RANK);
    t->rank = (unsigned)n;
    return true;
}

static bool read_name(qir_tensorproto *t, const qir_pb *r, const qir_pb_field *f)
{
    const char *s;
    size_t len;
    if (!qir_pb_bytes(r, f, &s, &len))
        return false;
    if (len > 65536)
        return qir_pb_fail(r->file, f->offset, "onnx.name", "name is longer than 65536 bytes");
    t->name = qir_intern(r->file->ctx, s, len);
    return true;
}

static bool read_field(qir_tensorproto *t, const qir_pb *r, const qir_pb_field *f)
{
    const char *bytes;
    int64_t v;
    switch (f->number) {
    case T_DIMS:
        return read_dims(t, r, f);
    case T_DATA_TYPE:
        if (!qir_pb_int(r, f, &v))
            return false;
        t->data_type = v < 0 || v > INT32_MAX ? -1 : (int32_t)v;
        return true;
    case T_NAME:
        return read_name(t, r, f);
    case T_RAW_DATA:
        if (!qir_pb_bytes(r, f, &bytes, &t->raw_len))
            return false;
        t->raw = (const unsigned char *)bytes;
        t->has_raw = true;
        return true;
    case T_DATA_LOCATION:
        if (!qir_pb_int(r, f, &v))
            return false;
        t->external = v == 1;
        return true;
    case T_FLOAT_DATA:
    case T_INT32_DATA:
    case T_INT64_DATA:
    case T_DOUBLE_DATA:
    case T_UINT64_DATA:
    case T_STRING_DATA:
        return typed_data(t, f);
    case T_SEGMENT:
        return fail(t, "segmented tensors are not supported");
    }
    return true;
}

static bool check_shape(qir_tensorproto *t)
{
    t->elements = 1;
    for (unsigned i = 0; i < t->rank; i++) {
        if (t->dims[i] < 0)
            return fail(t, "negative dimension");
        if (!qir_mul_i64(t->elements, t->dims[i], &t->elements) || t->elements > QIR_MAX_ELEMENTS)
            return fail(t, "more than 2^40 elements");
    }
    return true;
}

bool qir_tensorproto_raw_bytes(const qir_tensorproto *t, size_t *out)
{
    size_t bits;
    if (!qir_mul_size((size_t)t->elements, t->dtype == QIR_i1 ? 8 : qir_dtype_bits(t->dtype),
                      &bits))
        return false;
    *out = bits / 8 + (bits % 8 != 0);
    return true;
}

static bool check_payload(const qir_tensorproto *t)
{
    size_t bytes = 0;
    bool ok = qir_tensorproto_raw_bytes(t, &bytes);
    QIR_ASSERT(ok, "2^40 elements of at most 64 bits");
    if (t->external)
        return true;
    if (t->has_raw && t->raw_len != 0 && t->typed_field)
        return fail(t, "elements in more than one field");
    if (t->has_raw && !t->typed_field && t->raw_len != bytes)
        return qir_pb_fail(
            t->message.file, t->message.start, "onnx.tensor",
            "tensor '%s': raw data has %zu bytes, expected %zu for its shape and type", t->name,
            t->raw_len, bytes);
    if (t->typed_field && t->typed_field != type_rows[t->data_type].field)
        return fail(t, "elements in a field of another type");
    if (!t->has_raw && !t->typed_field && t->elements)
        return fail(t, "no elements");
    return true;
}

bool qir_tensorproto_parse(const qir_pb *message, qir_tensorproto *out)
{
    *out = (qir_tensorproto){.message = *message, .name = "", .elements = 1};
    qir_pb r = *message;
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (!read_field(out, &r, &f))
            return false;
    if (r.file->failed || !check_shape(out))
        return false;
    if (!qir_tensorproto_dtype(out->data_type, &out->dtype))
        return qir_pb_fail(r.file, out->message.start, "onnx.tensor",
                           "tensor '%s': element type %d (%s) is not supported", out->name,
                           (int)out->data_type, qir_tensorproto_type_name(out->data_type));
    return check_payload(out);
}

bool qir_tensorproto_read(qir_context *ctx, qir_arena *arena, const char *path, const void *data,
                          size_t len, qir_tensor *out)
{
    qir_pb_file file;
    qir_pb message = qir_pb_open(&file, ctx, path, data, len);
    qir_tensorproto t;
    if (!qir_tensorproto_parse(&message, &t))
        return false;
    if (t.external)
        return fail(&t, "external data is not allowed here");
    const void *elements = qir_tensorproto_data(&t, arena);
    if (!elements)
        return false;
    out->type = qir_tensor_type(ctx, t.dtype, t.dims, t.rank, qir_pb_loc(&file, 0));
    if (!out->type)
        return false;
    out->data =
        elements == t.raw ? qir_arena_copy(arena, t.raw, t.raw_len) : (void *)(uintptr_t)elements;
    return true;
}
