/* Attributes and dictionaries, uniqued by content. */
#include "qir/attrs.h"

#include <string.h>
#include "context_priv.h"
#include "qir/support/assert.h"
#include "qir/support/strbuf.h"

/* Looks up `proto` under the bytes of its value; stores a copy when new. */
static const qir_attr *unique(qir_context *ctx, const qir_attr *proto, const void *value,
                              size_t bytes)
{
    char head[2] = {'A', (char)proto->kind};
    qir_strbuf key = {0};
    qir_strbuf_write(&key, head, sizeof head);
    qir_strbuf_write(&key, value, bytes);
    qir_attr *known = qir_unique_get(ctx, key.data, key.len);
    if (!known) {
        known = qir_arena_copy(ctx->arena, proto, sizeof *proto);
        known->id = ctx->next_attr++;
        qir_unique_put(ctx, key.data, key.len, known);
    }
    qir_strbuf_free(&key);
    return known;
}

const qir_attr *qir_attr_bool(qir_context *ctx, bool v)
{
    qir_attr a = {.kind = QIR_ATTR_BOOL, .u.b = v};
    return unique(ctx, &a, &v, sizeof v);
}

const qir_attr *qir_attr_int(qir_context *ctx, int64_t v)
{
    qir_attr a = {.kind = QIR_ATTR_INT, .u.i = v};
    return unique(ctx, &a, &v, sizeof v);
}

const qir_attr *qir_attr_float(qir_context *ctx, float v)
{
    qir_attr a = {.kind = QIR_ATTR_FLOAT, .u.f = v};
    return unique(ctx, &a, &v, sizeof v);
}

const qir_attr *qir_attr_string(qir_context *ctx, const char *s, size_t len)
{
    qir_attr a = {.kind = QIR_ATTR_STRING, .len = len, .u.s = qir_intern(ctx, s, len)};
    return unique(ctx, &a, s, len);
}

/* The elements are copied only when the list is new.  Those of a list of strings are interned, so
 * that comparing the pointers compares the strings. */
static const qir_attr *unique_list(qir_context *ctx, qir_attr_kind kind, const void *v, size_t n,
                                   size_t size)
{
    qir_attr probe = {.kind = kind, .len = n};
    qir_attr *a = (qir_attr *)(uintptr_t)unique(ctx, &probe, v, n * size);
    if (!a->u.ints)
        a->u.ints = qir_arena_copy(ctx->arena, v, n * size);
    return a;
}

const qir_attr *qir_attr_ints(qir_context *ctx, const int64_t *v, size_t n)
{
    return unique_list(ctx, QIR_ATTR_INTS, v, n, sizeof *v);
}

const qir_attr *qir_attr_floats(qir_context *ctx, const float *v, size_t n)
{
    return unique_list(ctx, QIR_ATTR_FLOATS, v, n, sizeof *v);
}

const qir_attr *qir_attr_strings(qir_context *ctx, const char *const *v, size_t n)
{
    const char **interned = QIR_NEW_ARRAY(ctx->arena, const char *, n);
    for (size_t i = 0; i < n; i++)
        interned[i] = qir_intern_cstr(ctx, v[i]);
    return unique_list(ctx, QIR_ATTR_STRINGS, interned, n, sizeof *interned);
}

const qir_attr *qir_attr_type(qir_context *ctx, const qir_type *t)
{
    qir_attr a = {.kind = QIR_ATTR_TYPE, .u.type = t};
    return unique(ctx, &a, &t, sizeof t);
}

const qir_attr *qir_dict_get(const qir_dict *d, const char *interned_name)
{
    for (size_t i = 0; d && i < d->len; i++)
        if (d->entries[i].name == interned_name)
            return d->entries[i].value;
    return NULL;
}

static qir_dict *new_dict(qir_context *ctx, size_t len)
{
    qir_dict *d = qir_arena_alloc(ctx->arena, sizeof *d + len * sizeof d->entries[0]);
    d->len = len;
    return d;
}

static const qir_dict *unique_dict(qir_context *ctx, const qir_dict *d)
{
    if (!d->len)
        return NULL;
    qir_strbuf key = {0};
    qir_strbuf_putc(&key, 'D');
    qir_strbuf_write(&key, d->entries, d->len * sizeof d->entries[0]);
    const qir_dict *known = qir_unique_get(ctx, key.data, key.len);
    if (!known) {
        qir_unique_put(ctx, key.data, key.len, (void *)(uintptr_t)d);
        known = d;
    }
    qir_strbuf_free(&key);
    return known;
}

const qir_dict *qir_dict_set(qir_context *ctx, const qir_dict *d, const char *name,
                             const qir_attr *value)
{
    const char *key = qir_intern_cstr(ctx, name);
    size_t len = d ? d->len : 0, n = 0, i = 0;
    qir_dict *out = new_dict(ctx, len + 1);
    for (; i < len && strcmp(d->entries[i].name, key) < 0; i++, n++) {
        out->entries[n].name = d->entries[i].name;
        out->entries[n].value = d->entries[i].value;
    }
    if (value) {
        out->entries[n].name = key;
        out->entries[n++].value = value;
    }
    if (i < len && d->entries[i].name == key)
        i++;
    for (; i < len; i++, n++) {
        out->entries[n].name = d->entries[i].name;
        out->entries[n].value = d->entries[i].value;
    }
    out->len = n;
    return unique_dict(ctx, out);
}
