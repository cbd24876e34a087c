/* The elements of an ONNX TensorProto: raw and typed data of every dtype that QIR has, sub-byte values
 * unpacked to one byte each.  Raw data is little-endian, as are the hosts we run on. */
#include "io/tensorproto.h"

#include <string.h>

#include "qir/support/assert.h"

enum { T_FLOAT_DATA = 4, T_DOUBLE_DATA = 10 }; /* field numbers of TensorProto */

/* Values of `bits` bits, lowest first, sign-extended for signed types, one byte each. */
void qir_tensorproto_unpack(qir_dtype dtype, const unsigned char *src, int64_t n, void *dst)
{
    unsigned bits = qir_dtype_bits(dtype), per_byte = 8 / bits, mask = (1u << bits) - 1;
    unsigned sign = qir_dtype_is_signed(dtype) ? 1u << (bits - 1) : 0;
    unsigned char *out = dst;
    for (int64_t i = 0; i < n; i++) {
        unsigned v = src[i / per_byte] >> (i % per_byte * bits) & mask;
        out[i] = (unsigned char)((v ^ sign) - sign);
    }
}

static bool is_packed(qir_dtype t)
{
    return t != QIR_i1 && qir_dtype_bits(t) < 8;
}

static const void *raw_elements(const qir_tensorproto *t, qir_arena *arena)
{
    size_t size = qir_dtype_bytes(t->dtype);
    if (is_packed(t->dtype)) {
        void *data = qir_arena_alloc(arena, (size_t)t->elements);
        qir_tensorproto_unpack(t->dtype, t->raw, t->elements, data);
        return data;
    }
    if (t->dtype == QIR_i1) { /* normalise: any non-zero byte is true */
        unsigned char *data = qir_arena_alloc(arena, (size_t)t->elements);
        for (int64_t i = 0; i < t->elements; i++)
            data[i] = t->raw[i] != 0;
        return data;
    }
    if ((uintptr_t)t->raw % size == 0)
        return t->raw;
    return qir_arena_copy(arena, t->raw, t->raw_len);
}

void qir_tensorproto_align(qir_tensorproto *t)
{
    enum { TAG_AND_LENGTH = 3, LONG = 128 }; /* bytes before raw data of LONG bytes or more, at least */
    size_t shift = (uintptr_t)t->raw % qir_dtype_bytes(t->dtype);
    if (!t->has_raw || t->raw_len < LONG || !shift || shift > TAG_AND_LENGTH)
        return;
    unsigned char *to = (unsigned char *)(uintptr_t)t->raw - shift;
    memmove(to, t->raw, t->raw_len);
    t->raw = to;
}

static void store_int(qir_dtype dtype, int64_t v, unsigned char *dst)
{
    if (dtype == QIR_i1)
        v = v != 0;
    memcpy(dst, &v, qir_dtype_bytes(dtype)); /* little-endian: the low bytes */
}

typedef struct typed_reader {
    qir_dtype dtype;
    unsigned char *data;
    size_t want, got;
} typed_reader;

static void add_int(void *user, int64_t v)
{
    typed_reader *tr = user;
    if (tr->got < tr->want)
        store_int(tr->dtype, v, tr->data + tr->got * qir_dtype_bytes(tr->dtype));
    tr->got++;
}

/* The values of one occurrence of the typed field. */
static bool read_typed(typed_reader *tr, const qir_pb *r, const qir_pb_field *f)
{
    void *data = tr->data;
    if (f->number == T_FLOAT_DATA)
        return qir_pb_floats(r, f, data, tr->want, &tr->got);
    if (f->number == T_DOUBLE_DATA)
        return qir_pb_doubles(r, f, data, tr->want, &tr->got);
    return qir_pb_each_int(r, f, add_int, tr);
}

/* int4 and int2 in int32_data are packed into bytes: decode the bytes first. */
static const void *typed_elements(const qir_tensorproto *t, qir_arena *arena)
{
    size_t bytes = 0;
    qir_tensorproto packed = *t;
    if (is_packed(t->dtype)) {
        qir_tensorproto_raw_bytes(t, &bytes);
        packed.dtype = QIR_u8;
        packed.elements = (int64_t)bytes;
    }
    /* Every value takes at least one byte of the message: refuse before allocating. */
    if ((uint64_t)packed.elements > t->message.end - t->message.start) {
        qir_pb_fail(t->message.file, t->message.start, "onnx.tensor",
                    "tensor '%s': fewer elements than its shape asks for", t->name);
        return NULL;
    }
    typed_reader tr = {.dtype = packed.dtype, .want = (size_t)packed.elements};
    tr.data = qir_arena_array(arena, tr.want, qir_dtype_bytes(packed.dtype));
    qir_pb r = t->message;
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (f.number == t->typed_field && !read_typed(&tr, &r, &f))
            return NULL;
    if (tr.got != tr.want) {
        qir_pb_fail(t->message.file, t->message.start, "onnx.tensor",
                    "tensor '%s': %zu elements, expected %zu for its shape", t->name, tr.got,
                    tr.want);
        return NULL;
    }
    if (!is_packed(t->dtype))
        return tr.data;
    void *data = qir_arena_alloc(arena, (size_t)t->elements);
    qir_tensorproto_unpack(t->dtype, tr.data, t->elements, data);
    return data;
}

const void *qir_tensorproto_data(const qir_tensorproto *t, qir_arena *arena)
{
    QIR_ASSERT(!t->external, "external data is read by the importer");
    if (t->typed_field)
        return typed_elements(t, arena);
    if (t->elements == 0)
        return qir_arena_alloc(arena, 0);
    return raw_elements(t, arena);
}
