/* Protobuf wire format: varints, tags, length-delimited payloads.  See pb.h for the contract; the
 * format is described in the protobuf documentation, "Encoding". */
#include "io/pb.h"

#include <stdarg.h>
#include "qir/support/bits.h"

qir_pb qir_pb_open(qir_pb_file *file, qir_context *ctx, const char *path, const void *data,
                   size_t len)
{
    *file = (qir_pb_file){.ctx = ctx, .path = path, .data = data, .len = len};
    return (qir_pb){.file = file, .end = len};
}

const qir_loc *qir_pb_loc(const qir_pb_file *file, size_t offset)
{
    return qir_loc_offset(file->ctx, file->path, offset);
}

bool qir_pb_fail(qir_pb_file *file, size_t offset, const char *code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    qir_emit_verror(qir_context_diag(file->ctx), qir_pb_loc(file, offset), code, fmt, ap);
    va_end(ap);
    file->failed = true;
    return false;
}

static bool truncated(qir_pb_file *file, size_t offset)
{
    return qir_pb_fail(file, offset, "pb.truncated", "truncated field: the message ends inside it");
}

static bool read_varint(qir_pb_file *file, size_t *pos, size_t end, uint64_t *out)
{
    uint64_t v = 0;
    size_t start = *pos;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (*pos >= end)
            return truncated(file, start);
        unsigned char byte = file->data[(*pos)++];
        if (shift == 63 && byte > 1)
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = v;
            return true;
        }
    }
    return qir_pb_fail(file, start, "pb.varint", "varint does not fit into 64 bits");
}

static bool read_fixed(qir_pb_file *file, size_t *pos, size_t end, size_t bytes, uint64_t *out)
{
    if (end - *pos < bytes)
        return truncated(file, *pos);
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)file->data[*pos + i] << (8 * i);
    *pos += bytes;
    *out = v;
    return true;
}

static bool read_length(qir_pb *r, qir_pb_field *f)
{
    uint64_t len = 0;
    if (!read_varint(r->file, &r->pos, r->end, &len))
        return false;
    if (len > r->end - r->pos)
        return qir_pb_fail(r->file, f->offset, "pb.length",
                           "truncated field: length %llu exceeds the %zu bytes left in the message",
                           (unsigned long long)len, r->end - r->pos);
    f->payload = r->pos;
    f->len = (size_t)len;
    r->pos += f->len;
    return true;
}

bool qir_pb_next(qir_pb *r, qir_pb_field *f)
{
    if (r->file->failed || r->pos >= r->end)
        return false;
    uint64_t tag = 0;
    *f = (qir_pb_field){.offset = r->pos};
    if (++r->file->fields > QIR_PB_MAX_FIELDS)
        return qir_pb_fail(r->file, r->pos, "pb.budget", "more than %d fields", QIR_PB_MAX_FIELDS);
    if (!read_varint(r->file, &r->pos, r->end, &tag))
        return false;
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return qir_pb_fail(r->file, f->offset, "pb.wire", "field number %llu is out of range",
                           (unsigned long long)(tag >> 3));
    f->number = (uint32_t)(tag >> 3);
    f->wire = (qir_pb_wire)(tag & 7);
    switch (tag & 7) {
    case QIR_PB_VARINT:
        return read_varint(r->file, &r->pos, r->end, &f->value);
    case QIR_PB_FIXED64:
        return read_fixed(r->file, &r->pos, r->end, 8, &f->value);
    case QIR_PB_FIXED32:
        return read_fixed(r->file, &r->pos, r->end, 4, &f->value);
    case QIR_PB_BYTES:
        return read_length(r, f);
    }
    return qir_pb_fail(r->file, f->offset, "pb.wire", "wire type %u is not supported",
                       (unsigned)(tag & 7));
}

static bool wrong_wire(const qir_pb *r, const qir_pb_field *f, const char *expected)
{
    return qir_pb_fail(r->file, f->offset, "pb.wire", "field %u has wire type %u, expected %s",
                       f->number, (unsigned)f->wire, expected);
}

bool qir_pb_enter(const qir_pb *r, const qir_pb_field *f, qir_pb *child)
{
    if (f->wire != QIR_PB_BYTES)
        return wrong_wire(r, f, "a message");
    if (r->depth + 1 >= QIR_PB_MAX_DEPTH)
        return qir_pb_fail(r->file, f->offset, "pb.depth", "messages nested deeper than %d",
                           QIR_PB_MAX_DEPTH);
    if (++r->file->messages > QIR_PB_MAX_MESSAGES)
        return qir_pb_fail(r->file, f->offset, "pb.budget", "more than %d messages",
                           QIR_PB_MAX_MESSAGES);
    *child = (qir_pb){.file = r->file,
                      .start = f->payload,
                      .pos = f->payload,
                      .end = f->payload + f->len,
                      .depth = r->depth + 1};
    return true;
}

bool qir_pb_int(const qir_pb *r, const qir_pb_field *f, int64_t *out)
{
    if (f->wire != QIR_PB_VARINT)
        return wrong_wire(r, f, "a varint");
    *out = (int64_t)f->value;
    return true;
}

bool qir_pb_float(const qir_pb *r, const qir_pb_field *f, float *out)
{
    if (f->wire != QIR_PB_FIXED32)
        return wrong_wire(r, f, "a 32-bit float");
    *out = qir_f32_of_bits((uint32_t)f->value);
    return true;
}

bool qir_pb_bytes(const qir_pb *r, const qir_pb_field *f, const char **data, size_t *len)
{
    if (f->wire != QIR_PB_BYTES)
        return wrong_wire(r, f, "bytes");
    *data = (const char *)r->file->data + f->payload;
    *len = f->len;
    return true;
}

bool qir_pb_each_int(const qir_pb *r, const qir_pb_field *f, void (*fn)(void *user, int64_t v),
                     void *user)
{
    if (f->wire == QIR_PB_VARINT) {
        fn(user, (int64_t)f->value);
        return true;
    }
    if (f->wire != QIR_PB_BYTES)
        return wrong_wire(r, f, "varints");
    for (size_t pos = f->payload; pos < f->payload + f->len;) {
        uint64_t v = 0;
        if (!read_varint(r->file, &pos, f->payload + f->len, &v))
            return false;
        fn(user, (int64_t)v);
    }
    return true;
}

/* Where elements go; those beyond cap (or without out) are only counted. */
typedef struct list {
    void *out;
    size_t cap, *n;
} list;

/* The index of the next element; cap or more: it has no room. */
static size_t next_of(list *l)
{
    size_t i = (*l->n)++;
    return l->out ? i : l->cap;
}

static void append_int(void *user, int64_t v)
{
    list *l = user;
    size_t i = next_of(l);
    if (i < l->cap)
        ((int64_t *)l->out)[i] = v;
}

static void append_float(void *user, uint64_t bits)
{
    list *l = user;
    size_t i = next_of(l);
    if (i < l->cap)
        ((float *)l->out)[i] = qir_f32_of_bits((uint32_t)bits);
}

static void append_double(void *user, uint64_t bits)
{
    list *l = user;
    size_t i = next_of(l);
    if (i < l->cap)
        ((double *)l->out)[i] = qir_f64_of_bits(bits);
}

bool qir_pb_ints(const qir_pb *r, const qir_pb_field *f, int64_t *out, size_t cap, size_t *n)
{
    return qir_pb_each_int(r, f, append_int, &(list){out, cap, n});
}

/* The one value of a field of fixed width, or all of a packed one. */
static bool each_fixed(const qir_pb *r, const qir_pb_field *f, size_t bytes,
                       void (*fn)(void *user, uint64_t bits), void *user)
{
    if (f->wire == (bytes == 4 ? QIR_PB_FIXED32 : QIR_PB_FIXED64)) {
        fn(user, f->value);
        return true;
    }
    if (f->wire != QIR_PB_BYTES)
        return wrong_wire(r, f, bytes == 4 ? "32-bit floats" : "64-bit floats");
    for (size_t pos = f->payload; pos < f->payload + f->len;) {
        uint64_t bits = 0;
        if (!read_fixed(r->file, &pos, f->payload + f->len, bytes, &bits))
            return false;
        fn(user, bits);
    }
    return true;
}

bool qir_pb_floats(const qir_pb *r, const qir_pb_field *f, float *out, size_t cap, size_t *n)
{
    return each_fixed(r, f, sizeof *out, append_float, &(list){out, cap, n});
}

bool qir_pb_doubles(const qir_pb *r, const qir_pb_field *f, double *out, size_t cap, size_t *n)
{
    return each_fixed(r, f, sizeof *out, append_double, &(list){out, cap, n});
}
