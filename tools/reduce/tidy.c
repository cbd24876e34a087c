/* What every candidate goes through: nothing unused is left, attributes of the function that count its
 * arguments and results stay right. */
#include "qir/builder.h"
#include "qir/rewrite.h"
#include "strategy.h"

enum { DROPPED = UINT32_MAX };

/* Attribute `name` of the function, a list of integers; NULL: none. */
static const qir_attr *list_of(const qir_func *f, const char *name)
{
    const qir_attr *a = qir_dict_get(f->attrs, qir_intern_cstr(f->module->ctx, name));
    return a && a->kind == QIR_ATTR_INTS ? a : NULL;
}

static void set_list(qir_func *f, const char *name, const int64_t *v, size_t n)
{
    qir_context *ctx = f->module->ctx;
    f->attrs = qir_dict_set(ctx, f->attrs, qir_intern_cstr(ctx, name), n ? qir_attr_ints(ctx, v, n) : NULL);
}

/* --- arguments ---------------------------------------------------------------------------------- */
static void renumber_updates(qir_func *f, const uint32_t *to)
{
    const qir_attr *a = list_of(f, "updates");
    if (!a)
        return;
    int64_t *v = QIR_NEW_ARRAY(f->module->arena, int64_t, a->len);
    for (size_t k = 0; k < a->len; k++) {
        int64_t arg = a->u.ints[k];
        v[k] = arg < 0 || to[arg] == DROPPED ? -1 : (int64_t)to[arg];
    }
    set_list(f, "updates", v, a->len);
}

/* Pairs of argument and largest size. */
static void renumber_sizes(qir_func *f, const uint32_t *to)
{
    const qir_attr *a = list_of(f, "sizes");
    if (!a)
        return;
    size_t n = 0;
    int64_t *v = QIR_NEW_ARRAY(f->module->arena, int64_t, a->len);
    for (size_t i = 0; i + 1 < a->len; i += 2) {
        if (to[a->u.ints[i]] == DROPPED)
            continue;
        v[n++] = to[a->u.ints[i]];
        v[n++] = a->u.ints[i + 1];
    }
    set_list(f, "sizes", v, n);
}

static void drop_arguments(qir_func *f)
{
    qir_block *b = f->body;
    uint32_t n = 0, *to = QIR_NEW_ARRAY(f->module->arena, uint32_t, b->nargs);
    for (uint32_t i = 0; i < b->nargs; i++) {
        to[i] = b->args[i]->uses ? n : DROPPED;
        if (to[i] == DROPPED)
            continue;
        b->args[n] = b->args[i];
        b->args[n]->index = n;
        f->arg_names[n++] = f->arg_names[i];
    }
    b->nargs = n;
    renumber_updates(f, to);
    renumber_sizes(f, to);
}

/* --- results ------------------------------------------------------------------------------------ */
static void keep_updates(qir_func *f, const int64_t *from, uint32_t n)
{
    const qir_attr *a = list_of(f, "updates");
    if (!a)
        return;
    int64_t *v = QIR_NEW_ARRAY(f->module->arena, int64_t, n);
    for (uint32_t k = 0; k < n; k++)
        v[k] = from[k] < 0 ? -1 : a->u.ints[from[k]];
    set_list(f, "updates", v, n);
}

void reduce_set_results(qir_func *f, qir_value *const *values, const int64_t *from, uint32_t n)
{
    qir_arena *arena = f->module->arena;
    const qir_type **types = QIR_NEW_ARRAY(arena, const qir_type *, n);
    const char **names = QIR_NEW_ARRAY(arena, const char *, n);
    qir_op *old = f->body->last;
    for (uint32_t k = 0; k < n; k++) {
        types[k] = values[k]->type;
        names[k] = from[k] < 0 ? NULL : f->result_names[from[k]];
    }
    keep_updates(f, from, n);
    qir_func_set_results(f, types, names, n);
    qir_op_append(f->body, qir_op_create(f->module, old->opcode, values, n, NULL, 0, NULL, old->loc));
    qir_op_erase(old);
}

/* --- everything --------------------------------------------------------------------------------- */
/* Their ops go first: they use constants. */
static void drop_functions_but(qir_module *m, qir_func *f)
{
    qir_for_each_func(other, m)
        while (other != f && other->body->last)
            qir_op_erase(other->body->last);
    m->funcs = f;
    f->next = NULL;
}

void reduce_tidy(qir_module *m, qir_func *f)
{
    drop_functions_but(m, f);
    for (qir_op *op = f->body->last, *prev; op; op = prev) {
        prev = op->prev;
        if (qir_op_is_dead(op))
            qir_op_erase(op);
    }
    drop_arguments(f);
    qir_erase_unused_consts(m);
}
