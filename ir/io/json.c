/* Cursors over a JSON text. */
#include "io/json.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

bool qir_json_open(qir_json_file *f, qir_context *ctx, const char *path, const char *member,
                   const char *code, qir_bytes text)
{
    json_error_t error;
    *f = (qir_json_file){.ctx = ctx, .path = path, .member = member, .code = code};
    f->root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!f->root && !member)
        return qir_error(qir_context_diag(ctx),
                         qir_loc_file(ctx, path, (uint32_t)error.line, (uint32_t)error.column),
                         "json.syntax", "%s", error.text);
    if (!f->root)
        return qir_error(qir_context_diag(ctx), qir_loc_file(ctx, path, 0, 0), "json.syntax",
                         "%s:%d:%d: %s", member, error.line, error.column, error.text);
    return true;
}

void qir_json_close(qir_json_file *f)
{
    json_decref(f->root);
    f->root = NULL;
}

qir_json qir_json_root(qir_json_file *f)
{
    return (qir_json){.file = f, .value = f->root};
}

static void print_path(const qir_json *j, qir_strbuf *out)
{
    if (!j->up)
        return;
    print_path(j->up, out);
    if (j->key)
        qir_strbuf_printf(out, "%s%.80s", j->up->up ? "." : "", j->key);
    else
        qir_strbuf_printf(out, "[%zu]", j->index);
}

bool qir_json_fail(const qir_json *j, const char *fmt, ...)
{
    qir_json_file *f = j->file;
    qir_strbuf text = {0};
    va_list ap;
    if (f->member)
        qir_strbuf_printf(&text, "%s: ", f->member);
    print_path(j, &text);
    qir_strbuf_puts(&text, j->up ? ": " : "");
    va_start(ap, fmt);
    qir_strbuf_vprintf(&text, fmt, ap);
    va_end(ap);
    qir_error(qir_context_diag(f->ctx), qir_loc_file(f->ctx, f->path, 0, 0), f->code, "%s",
              qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    f->failed = true;
    return false;
}

static const char *kind_name(const json_t *v)
{
    static const char *const names[] = {"an object", "a list", "a string", "an integer",
                                        "a number",  "true",   "false",    "null"};
    return v ? names[json_typeof(v)] : "nothing";
}

static bool expected(const qir_json *j, const char *what)
{
    return qir_json_fail(j, "expected %s, got %s", what, kind_name(j->value));
}

bool qir_json_optional(const qir_json *object, const char *key, qir_json *out)
{
    if (!json_is_object(object->value))
        return expected(object, "an object");
    *out = (qir_json){object->file, json_object_get(object->value, key), object, key, 0};
    if (json_is_null(out->value))
        out->value = NULL;
    return true;
}

bool qir_json_member(const qir_json *object, const char *key, qir_json *out)
{
    return qir_json_optional(object, key, out) &&
           (out->value || qir_json_fail(object, "has no '%s'", key));
}

bool qir_json_arm(const qir_json *object, const char **key, qir_json *out)
{
    if (!json_is_object(object->value) || json_object_size(object->value) != 1)
        return expected(object, "an object with one member");
    void *i = json_object_iter((json_t *)(uintptr_t)object->value);
    *key = json_object_iter_key(i);
    *out = (qir_json){object->file, json_object_iter_value(i), object, *key, 0};
    return true;
}

bool qir_json_count(const qir_json *list, size_t *n)
{
    *n = json_array_size(list->value);
    return json_is_array(list->value) || expected(list, "a list");
}

qir_json qir_json_item(const qir_json *list, size_t i)
{
    return (qir_json){list->file, json_array_get(list->value, i), list, NULL, i};
}

bool qir_json_each(const qir_json *object, qir_json_fn fn, void *user)
{
    json_t *o = (json_t *)(uintptr_t)object->value;
    if (!json_is_object(o))
        return expected(object, "an object");
    for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
        const char *key = json_object_iter_key(i);
        qir_json child = {object->file, json_object_iter_value(i), object, key, 0};
        if (!fn(user, key, &child))
            return false;
    }
    return true;
}

bool qir_json_int(const qir_json *j, int64_t *out)
{
    *out = json_integer_value(j->value);
    return json_is_integer(j->value) || expected(j, "an integer");
}

bool qir_json_bool(const qir_json *j, bool *out)
{
    *out = json_is_true(j->value);
    return json_is_boolean(j->value) || expected(j, "true or false");
}

bool qir_json_is_string(const qir_json *j)
{
    return json_is_string(j->value);
}

bool qir_json_string(const qir_json *j, const char **out)
{
    enum { MAX_STRING = 1 << 16 };
    if (!json_is_string(j->value))
        return expected(j, "a string");
    if (json_string_length(j->value) > MAX_STRING)
        return qir_json_fail(j, "the string is longer than %d bytes", MAX_STRING);
    *out = qir_intern(j->file->ctx, json_string_value(j->value), json_string_length(j->value));
    return true;
}

bool qir_json_double(const qir_json *j, double *out)
{
    static const struct {
        const char *name;
        double value;
    } names[] = {{"Infinity", (double)INFINITY}, {"-Infinity", -(double)INFINITY}, {"NaN", (double)NAN}};
    *out = json_number_value(j->value);
    for (size_t i = 0; json_is_string(j->value) && i < 3; i++)
        if (!strcmp(json_string_value(j->value), names[i].name)) {
            *out = names[i].value;
            return true;
        }
    return json_is_number(j->value) || expected(j, "a number");
}
