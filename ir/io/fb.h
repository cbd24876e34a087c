/* Bounded reader of FlatBuffers over bytes in memory.  It knows tables, vectors and strings, not
 * schemas: no allocation, no recursion, no aligned loads.  Every offset is checked against the file;
 * errors carry the byte offset.  What is visited is counted, so that references to one place from
 * many others cannot make the work grow beyond the size of the file. */
#ifndef QIR_IO_FB_H
#define QIR_IO_FB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "qir/context.h"

enum { QIR_FB_VISITS = 64 /* bytes that may be visited for each byte of the file */ };

/* One file: shared by the readers of its tables. */
typedef struct qir_fb_file {
    qir_context *ctx;
    const char *path; /* for locations */
    const unsigned char *data;
    size_t len;
    uint64_t visited; /* budget used so far */
    bool failed;      /* an error was diagnosed */
} qir_fb_file;

/* A table; `file` NULL: absent, all its fields are. */
typedef struct qir_fb {
    qir_fb_file *file;
    size_t pos;            /* of the table */
    size_t vtable;         /* of its vtable */
    uint16_t vtable_bytes; /* of the vtable */
    uint16_t bytes;        /* of the table itself */
} qir_fb;

/* A vector; absent ones have no elements. */
typedef struct qir_fb_vec {
    qir_fb_file *file;
    size_t pos; /* of element 0 */
    size_t n;
} qir_fb_vec;

/* The root table.  False: diagnosed. */
bool qir_fb_open(qir_fb_file *file, qir_context *ctx, const char *path, const void *data,
                 size_t len, qir_fb *root);

bool qir_fb_has(const qir_fb *t, unsigned field);

/* Little-endian scalars of 1, 2, 4 or 8 bytes; `dflt` where absent, or after a diagnostic. */
int64_t qir_fb_int(const qir_fb *t, unsigned field, unsigned bytes, int64_t dflt);
uint64_t qir_fb_uint(const qir_fb *t, unsigned field, unsigned bytes, uint64_t dflt);
float qir_fb_float(const qir_fb *t, unsigned field, float dflt);

/* References: an absent one gives an absent table or vector.  False: diagnosed. */
bool qir_fb_table(const qir_fb *t, unsigned field, qir_fb *out);
bool qir_fb_vector(const qir_fb *t, unsigned field, unsigned element_bytes, qir_fb_vec *out);

/* Element `i` < n. */
bool qir_fb_table_at(const qir_fb_vec *v, size_t i, qir_fb *out);
int64_t qir_fb_int_at(const qir_fb_vec *v, size_t i, unsigned bytes);
float qir_fb_float_at(const qir_fb_vec *v, size_t i);

/* Bytes of a vector of bytes or of a string, whose NUL is not needed and not checked. */
static inline const char *qir_fb_bytes(const qir_fb_vec *v)
{
    return v->file ? (const char *)v->file->data + v->pos : "";
}

/* `path:+0xOFFSET`. */
const qir_loc *qir_fb_loc(const qir_fb_file *file, size_t offset);

/* Diagnoses at `offset`, marks the file as failed, returns false. */
bool qir_fb_fail(qir_fb_file *file, size_t offset, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
