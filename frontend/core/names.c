/* Tensor names of the model: the values they stand for, and identifiers made of them. */
#include <string.h>

#include "core/fe.h"

enum { MAX_IDENTIFIER = 200 };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_identifier_char(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '$' || c == '-';
}

const char *fe_identifier(fe_builder *fe, const char *name)
{
    size_t len = strlen(name), prefix = is_letter(*name) ? 0 : 1;
    if (len > MAX_IDENTIFIER)
        len = MAX_IDENTIFIER;
    char *id = qir_arena_alloc(fe->arena, len + prefix + 1);
    id[0] = 'v';
    for (size_t i = 0; i < len; i++)
        id[i + prefix] = is_identifier_char(name[i]) ? name[i] : '_';
    return id;
}

/* `id` itself, or with the first free suffix.  The map holds how often an identifier was asked for,
 * so that equal names cost no search. */
static const char *unique_identifier(fe_builder *fe, const char *id)
{
    size_t *count = qir_strmap_get(&fe->names, id, strlen(id));
    if (!count) {
        qir_strmap_put(&fe->names, id, strlen(id), QIR_NEW(fe->arena, size_t));
        return id;
    }
    const char *name;
    do
        name = qir_arena_printf(fe->arena, "%s_%zu", id, ++*count);
    while (qir_strmap_has(&fe->names, name, strlen(name)));
    qir_strmap_put(&fe->names, name, strlen(name), QIR_NEW(fe->arena, size_t));
    return name;
}

void fe_name_value(fe_builder *fe, qir_value *v, const char *name)
{
    if (!v->name && v->kind != QIR_VALUE_CONST && *name)
        qir_value_set_name(fe->m, v, unique_identifier(fe, fe_identifier(fe, name)));
}

const char *fe_const_base(const fe_builder *fe, const qir_value *v)
{
    const char *base = qir_map_get(&fe->bases, qir_value_const(v));
    return base ? base : v->name;
}

qir_value *fe_find(const fe_builder *fe, const char *name)
{
    qir_value *v = NULL;
    for (const fe_scope *s = fe->scope; s && !v; s = s->outer)
        v = qir_strmap_get(&s->values, name, strlen(name));
    return v;
}

bool fe_define(fe_builder *fe, const char *name, qir_value *v)
{
    if (!v)
        return false;
    fe_name_value(fe, v, name);
    qir_strmap_put(&fe->scope->values, name, strlen(name), v);
    return true;
}

void fe_push_scope(fe_builder *fe, fe_scope *scope, bool closed)
{
    *scope = (fe_scope){.outer = closed ? NULL : fe->scope,
                        .saved = fe->scope,
                        .scratch = fe->scratch,
                        .node = fe->node,
                        .mark = fe->mark,
                        .loc = fe->b.loc};
    fe->scope = scope;
    fe->scratch = qir_context_new_arena(fe->ctx);
}

void fe_pop_scope(fe_builder *fe)
{
    fe_scope *scope = fe->scope;
    qir_arena_destroy(fe->scratch);
    qir_map_free(&scope->values);
    fe->scope = scope->saved;
    fe->scratch = scope->scratch;
    fe->node = scope->node;
    fe->mark = scope->mark;
    fe->expanded = true;
    fe->b.loc = scope->loc;
}
