/* Modules, functions and their symbols.  Constants: const.c; ops: op.c. */
#include "module_priv.h"

#include <string.h>
#include "qir/ops.h"
#include "qir/support/assert.h"

qir_module *qir_module_create(qir_context *ctx, const char *name)
{
    qir_arena *arena = qir_context_new_arena(ctx);
    qir_module *m = QIR_NEW(arena, qir_module);
    m->ctx = ctx;
    m->arena = arena;
    m->name = name ? qir_intern_cstr(ctx, name) : NULL;
    m->priv = QIR_NEW(arena, struct qir_module_priv);
    return m;
}

void qir_module_destroy(qir_module *m)
{
    if (!m)
        return;
    qir_map_free(&m->priv->consts);
    qir_map_free(&m->priv->funcs);
    qir_map_free(&m->priv->params);
    qir_arena_destroy(m->arena);
}

qir_func *qir_func_create(qir_module *m, const char *name, const qir_loc *loc)
{
    qir_func *f = QIR_NEW(m->arena, qir_func);
    f->module = m;
    f->name = qir_intern_cstr(m->ctx, name);
    f->loc = loc;
    f->body = QIR_NEW(m->arena, qir_block);
    f->body->parent = f;
    if (m->priv->last_func)
        m->priv->last_func->next = f;
    else
        m->funcs = f;
    m->priv->last_func = f;
    if (!qir_map_has(&m->priv->funcs, f->name))
        qir_map_put(&m->priv->funcs, f->name, f);
    return f;
}

qir_func *qir_module_func(qir_module *m, const char *name)
{
    return qir_map_get(&m->priv->funcs, qir_intern_cstr(m->ctx, name));
}

qir_func *qir_module_main(qir_module *m)
{
    qir_func *f = qir_module_func(m, "main");
    if (f)
        return f;
    return m->funcs && !m->funcs->next ? m->funcs : NULL;
}

/* `old` with room for element `n`: arrays double when they hold a power of two. */
static void *grown(qir_arena *a, const void *old, size_t n, size_t size)
{
    if (n & (n - 1))
        return (void *)(uintptr_t)old;
    char *p = qir_arena_array(a, n ? 2 * n : 1, size);
    if (n)
        memcpy(p, old, n * size);
    return p;
}

qir_value *qir_func_add_arg(qir_func *f, const qir_type *t, const char *name,
                            const char *model_name)
{
    qir_arena *arena = f->module->arena;
    qir_context *ctx = f->module->ctx;
    qir_block *b = f->body;
    qir_value *v = QIR_NEW(arena, qir_value);
    v->type = t;
    v->def = b;
    v->name = name ? qir_intern_cstr(ctx, name) : NULL;
    v->index = b->nargs;
    v->kind = QIR_VALUE_ARG;
    b->args = grown(arena, b->args, b->nargs, sizeof *b->args);
    f->arg_names = grown(arena, f->arg_names, b->nargs, sizeof *f->arg_names);
    b->args[b->nargs] = v;
    f->arg_names[b->nargs++] = model_name ? qir_intern_cstr(ctx, model_name) : NULL;
    return v;
}

void qir_func_set_results(qir_func *f, const qir_type *const *types, const char *const *names,
                          uint32_t n)
{
    qir_arena *arena = f->module->arena;
    f->nresults = n;
    f->result_types = qir_arena_copy(arena, types, n * sizeof *types);
    f->result_names = QIR_NEW_ARRAY(arena, const char *, n);
    for (uint32_t i = 0; names && i < n; i++)
        f->result_names[i] = names[i] ? qir_intern_cstr(f->module->ctx, names[i]) : NULL;
}

qir_params *qir_params_create(qir_module *m, const char *name, const char *path, const qir_loc *loc)
{
    qir_params *p = QIR_NEW(m->arena, qir_params);
    p->module = m;
    p->name = qir_intern_cstr(m->ctx, name);
    p->path = qir_intern_cstr(m->ctx, path);
    p->loc = loc;
    *(m->priv->last_params ? &m->priv->last_params->next : &m->params) = p;
    m->priv->last_params = p;
    if (!qir_map_has(&m->priv->params, p->name))
        qir_map_put(&m->priv->params, p->name, p);
    return p;
}

qir_params *qir_module_params(qir_module *m, const char *name)
{
    return qir_map_get(&m->priv->params, qir_intern_cstr(m->ctx, name));
}

int64_t qir_func_updated_arg(const qir_func *f, uint32_t k)
{
    const qir_attr *a = qir_dict_get(f->attrs, qir_intern(f->module->ctx, "updates", 7));
    int64_t arg = a && a->kind == QIR_ATTR_INTS && k < a->len ? a->u.ints[k] : -1;
    return arg >= 0 && f->body->args[arg]->type == f->result_types[k] ? arg : -1;
}

void qir_func_set_updates(qir_func *f, const int64_t *args)
{
    qir_context *ctx = f->module->ctx;
    f->attrs = qir_dict_set(ctx, f->attrs, qir_intern(ctx, "updates", 7),
                            qir_attr_ints(ctx, args, f->nresults));
}

int64_t qir_func_size_limit(const qir_func *f, uint32_t arg)
{
    const qir_attr *a = qir_dict_get(f->attrs, qir_intern(f->module->ctx, "sizes", 5));
    for (size_t i = 0; a && a->kind == QIR_ATTR_INTS && i + 1 < a->len; i += 2)
        if (a->u.ints[i] == arg)
            return a->u.ints[i + 1];
    return 0;
}
