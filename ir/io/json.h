/* JSON through jansson, read by cursors that know where they stand: a value of another kind than
 * wanted is diagnosed with its path (`graph.nodes[3].inputs[0]`). */
#ifndef QIR_IO_JSON_H
#define QIR_IO_JSON_H

#include "qir/context.h"
#include "qir/support/file.h"

struct json_t;

/* One text; shared by the cursors into it. */
typedef struct qir_json_file {
    qir_context *ctx;
    const char *path, *member; /* for messages: the file, and which part of it; NULL: all */
    const char *code;          /* of the diagnostics: "pt2.schema" */
    struct json_t *root;
    bool failed; /* an error was diagnosed */
} qir_json_file;

/* A value and how it was reached.  Cursors live on the stack, below the one they came from. */
typedef struct qir_json {
    qir_json_file *file;
    const struct json_t *value; /* NULL: an absent member */
    const struct qir_json *up;
    const char *key; /* of a member; NULL: item `index` */
    size_t index;
} qir_json;

/* Parses the whole text: strict, no key twice, no NUL in strings.  False: diagnosed. */
bool qir_json_open(qir_json_file *f, qir_context *ctx, const char *path, const char *member,
                   const char *code, qir_bytes text);
void qir_json_close(qir_json_file *f);
qir_json qir_json_root(qir_json_file *f);

/* Diagnoses at the value, with its path; returns false. */
bool qir_json_fail(const qir_json *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A member that must be there, and one that may be absent or null (then out->value is NULL).  False:
 * diagnosed. */
bool qir_json_member(const qir_json *object, const char *key, qir_json *out);
bool qir_json_optional(const qir_json *object, const char *key, qir_json *out);
/* The only member of an object: a union. */
bool qir_json_arm(const qir_json *object, const char **key, qir_json *out);

/* Members of an object or items of a list, in the order of the text. */
bool qir_json_count(const qir_json *list, size_t *n);
qir_json qir_json_item(const qir_json *list, size_t i);
typedef bool (*qir_json_fn)(void *user, const char *key, const qir_json *value);
bool qir_json_each(const qir_json *object, qir_json_fn fn, void *user);

/* Scalars.  Strings are interned. */
bool qir_json_int(const qir_json *j, int64_t *out);
bool qir_json_bool(const qir_json *j, bool *out);
bool qir_json_string(const qir_json *j, const char **out);
bool qir_json_is_string(const qir_json *j); /* diagnoses nothing */
/* Numbers, and the strings "Infinity", "-Infinity" and "NaN". */
bool qir_json_double(const qir_json *j, double *out);

#endif
