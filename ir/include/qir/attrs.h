/* Attributes: immutable, uniqued values that ops, functions and modules carry by name. */
#ifndef QIR_ATTRS_H
#define QIR_ATTRS_H

#include "qir/context.h"
#include "qir/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum qir_attr_kind {
    QIR_ATTR_BOOL,
    QIR_ATTR_INT,
    QIR_ATTR_FLOAT,  /* f32 value */
    QIR_ATTR_STRING,
    QIR_ATTR_INTS,
    QIR_ATTR_FLOATS,
    QIR_ATTR_STRINGS,
    QIR_ATTR_TYPE
} qir_attr_kind;

typedef struct qir_attr {
    qir_attr_kind kind;
    size_t len; /* of a list, or of the string */
    union {
        bool b;
        int64_t i;
        float f;
        const char *s; /* interned */
        const int64_t *ints;
        const float *floats;
        const char *const *strings;
        const qir_type *type;
    } u;
    uint32_t id;
} qir_attr;

const qir_attr *qir_attr_bool(qir_context *ctx, bool v);
const qir_attr *qir_attr_int(qir_context *ctx, int64_t v);
const qir_attr *qir_attr_float(qir_context *ctx, float v);
const qir_attr *qir_attr_string(qir_context *ctx, const char *s, size_t len);
const qir_attr *qir_attr_ints(qir_context *ctx, const int64_t *v, size_t n);
const qir_attr *qir_attr_floats(qir_context *ctx, const float *v, size_t n);
const qir_attr *qir_attr_strings(qir_context *ctx, const char *const *v, size_t n);
const qir_attr *qir_attr_type(qir_context *ctx, const qir_type *t);

/* An immutable, uniqued dictionary.  NULL is the empty one.  Entries are sorted by name bytes. */
typedef struct qir_dict {
    size_t len;
    struct {
        const char *name; /* interned */
        const qir_attr *value;
    } entries[];
} qir_dict;

const qir_attr *qir_dict_get(const qir_dict *d, const char *interned_name);
/* A dictionary with `name` set (value NULL removes it). */
const qir_dict *qir_dict_set(qir_context *ctx, const qir_dict *d, const char *name,
                             const qir_attr *value);

#ifdef __cplusplus
}
#endif
#endif
