/* Bounded reader of the protobuf wire format over bytes in memory.  It knows fields, not messages:
 * no graph knowledge, no allocation, no recursion.  Every length is checked against the enclosing
 * message, nesting and the number of fields are limited, and errors carry the byte offset. */
#ifndef QIR_IO_PB_H
#define QIR_IO_PB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "qir/context.h"

enum {
    QIR_PB_MAX_DEPTH = 64,
    QIR_PB_MAX_FIELDS = 1 << 26,  /* in one file, all messages together */
    QIR_PB_MAX_MESSAGES = 1 << 22 /* messages entered */
};

typedef enum qir_pb_wire {
    QIR_PB_VARINT = 0,
    QIR_PB_FIXED64 = 1,
    QIR_PB_BYTES = 2,
    QIR_PB_FIXED32 = 5
} qir_pb_wire;

/* One file: shared by the readers of its messages. */
typedef struct qir_pb_file {
    qir_context *ctx;
    const char *path; /* for locations */
    const unsigned char *data;
    size_t len;
    uint32_t fields, messages; /* budget used so far */
    bool failed;               /* an error was diagnosed */
} qir_pb_file;

/* A position inside one message.  Copies are independent positions. */
typedef struct qir_pb {
    qir_pb_file *file;
    size_t start, pos, end; /* offsets into the file */
    unsigned depth;
} qir_pb;

typedef struct qir_pb_field {
    uint32_t number;
    qir_pb_wire wire;
    size_t offset;  /* of the tag */
    size_t payload; /* BYTES: offset of the first byte */
    size_t len;     /* BYTES: how many */
    uint64_t value; /* the other wire types */
} qir_pb_field;

/* The whole file as one message. */
qir_pb qir_pb_open(qir_pb_file *file, qir_context *ctx, const char *path, const void *data,
                   size_t len);

/* Reads the next field.  False: end of the message, or an error (file->failed). */
bool qir_pb_next(qir_pb *r, qir_pb_field *f);

/* A reader over the message in `f`.  False: diagnosed (not BYTES, too deep, too many). */
bool qir_pb_enter(const qir_pb *r, const qir_pb_field *f, qir_pb *child);

/* Scalar and byte fields: false after a diagnostic when the wire type is another. */
bool qir_pb_int(const qir_pb *r, const qir_pb_field *f, int64_t *out);
bool qir_pb_float(const qir_pb *r, const qir_pb_field *f, float *out);
bool qir_pb_bytes(const qir_pb *r, const qir_pb_field *f, const char **data, size_t *len);

/* Repeated scalars, packed or not: calls for each field occurrence advance `n` in `out` (room for
 * `cap`, further values are counted but not stored; `out` may be NULL to count). */
bool qir_pb_ints(const qir_pb *r, const qir_pb_field *f, int64_t *out, size_t cap, size_t *n);
bool qir_pb_floats(const qir_pb *r, const qir_pb_field *f, float *out, size_t cap, size_t *n);
bool qir_pb_doubles(const qir_pb *r, const qir_pb_field *f, double *out, size_t cap, size_t *n);

/* The same for integers, one call per value. */
bool qir_pb_each_int(const qir_pb *r, const qir_pb_field *f, void (*fn)(void *user, int64_t v),
                     void *user);

/* `path:+0xOFFSET`. */
const qir_loc *qir_pb_loc(const qir_pb_file *file, size_t offset);

/* Diagnoses at `offset`, marks the file as failed, returns false. */
bool qir_pb_fail(qir_pb_file *file, size_t offset, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
