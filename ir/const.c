/* Module-level constants. */
#include <string.h>
#include "module_priv.h"
#include "qir/params.h"
#include "qir/support/assert.h"

/* `name`, or `name_N` with the first free N. */
static const char *unique_name(qir_module *m, const char *name)
{
    const char *candidate = qir_intern_cstr(m->ctx, name);
    while (qir_map_get(&m->priv->consts, candidate)) {
        char *text = qir_arena_printf(m->arena, "%s_%u", name, m->priv->next_suffix++);
        candidate = qir_intern_cstr(m->ctx, text);
    }
    return candidate;
}

static qir_const *new_const(qir_module *m, const char *name, const qir_type *type,
                            const qir_loc *loc)
{
    qir_const *c = QIR_NEW(m->arena, qir_const);
    c->module = m;
    c->loc = loc;
    c->value.type = type;
    c->value.def = c;
    c->value.kind = QIR_VALUE_CONST;
    c->value.name = unique_name(m, name);
    c->prev = m->last_const;
    if (c->prev)
        c->prev->next = c;
    else
        m->consts = c;
    m->last_const = c;
    qir_map_put(&m->priv->consts, c->value.name, c);
    return c;
}

qir_const *qir_const_create(qir_module *m, const char *name, const qir_type *type, const void *data,
                            bool copy, const qir_loc *loc)
{
    qir_const *c = new_const(m, name, type, loc);
    c->payload = QIR_PAYLOAD_DATA;
    c->data = copy ? qir_arena_copy(m->arena, data, qir_type_bytes(type)) : data;
    return c;
}

qir_const *qir_const_splat(qir_module *m, const char *name, const qir_type *type,
                           const void *element, const qir_loc *loc)
{
    qir_const *c = new_const(m, name, type, loc);
    c->payload = QIR_PAYLOAD_SPLAT;
    c->data = qir_arena_copy(m->arena, element, qir_dtype_bytes(type->dtype));
    return c;
}

qir_const *qir_const_param(qir_module *m, const char *name, const qir_type *type,
                           qir_params *params, const char *key, const qir_loc *loc)
{
    qir_const *c = new_const(m, name, type, loc);
    c->payload = QIR_PAYLOAD_PARAM;
    c->params = params;
    c->key = qir_intern_cstr(m->ctx, key);
    return c;
}

qir_const *qir_module_const(qir_module *m, const char *name)
{
    return qir_map_get(&m->priv->consts, qir_intern_cstr(m->ctx, name));
}

void qir_const_rename(qir_const *c, const char *name)
{
    qir_module *m = c->module;
    qir_map_put(&m->priv->consts, c->value.name, NULL);
    c->value.name = unique_name(m, name);
    qir_map_put(&m->priv->consts, c->value.name, c);
}

void qir_const_erase(qir_const *c)
{
    QIR_ASSERT(!c->value.uses, "erasing a constant that is used");
    qir_module *m = c->module;
    *(c->prev ? &c->prev->next : &m->consts) = c->next;
    *(c->next ? &c->next->prev : &m->last_const) = c->prev;
    qir_map_put(&m->priv->consts, c->value.name, NULL);
}

/* The first use keeps what it computed in `expanded`, so later ones are free. */
static const void *expand_splat(qir_const *c)
{
    size_t size = qir_dtype_bytes(c->value.type->dtype), bytes = qir_type_bytes(c->value.type);
    char *p = qir_arena_alloc(c->module->arena, bytes);
    for (size_t at = 0; at < bytes; at += size)
        memcpy(p + at, c->data, size);
    return p;
}

const void *qir_const_data(qir_const *c)
{
    if (c->expanded)
        return c->expanded;
    switch (c->payload) {
    case QIR_PAYLOAD_DATA:
        return c->data;
    case QIR_PAYLOAD_SPLAT:
        return c->expanded = expand_splat(c);
    case QIR_PAYLOAD_PARAM:
        return c->expanded = qir_params_load(c->params, c->key, c->value.type, c->loc);
    }
    QIR_UNREACHABLE("payload");
}

qir_const *qir_value_const(const qir_value *v)
{
    return v && v->kind == QIR_VALUE_CONST ? v->def : NULL;
}
