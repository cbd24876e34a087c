/* The list of passes that the build collects from transforms/, and look-up by name. */
#include <string.h>
#include "pm_priv.h"
#include "qir/diag.h"
#include "qir/support/suggest.h"

#define P(ident) extern const qir_pass_desc qir_pass_desc_##ident;
#include "registry.inc"
#undef P

static const qir_pass_desc *const passes[] = {
#define P(ident) &qir_pass_desc_##ident,
#include "registry.inc"
#undef P
    NULL};

const qir_pass_desc *const *qir_pass_registry(size_t *n)
{
    *n = sizeof passes / sizeof passes[0] - 1;
    return passes;
}

static bool is_name(const char *have, const char *name, size_t len)
{
    return have && strlen(have) == len && !memcmp(have, name, len);
}

/* The next of the names in `*list`, "A,B{option=value}"; NULL at its end. */
static const char *next_alias(const char **list, size_t *len)
{
    const char *name = *list;
    if (!name || !*name)
        return NULL;
    *len = strcspn(name, ",{");
    *list = name + strcspn(name, ","); /* options have no commas */
    *list += **list == ',';
    return name;
}

const char *pm_alias(const qir_pass_desc *d, const char *name, size_t len)
{
    const char *list = d->alias, *alias;
    size_t n;
    while ((alias = next_alias(&list, &n)))
        if (n == len && !memcmp(alias, name, len))
            return alias + len;
    return NULL;
}

const qir_pass_desc *qir_pass_find(const char *name, size_t len)
{
    for (const qir_pass_desc *const *d = passes; *d; d++)
        if (is_name((*d)->name, name, len) || pm_alias(*d, name, len))
            return *d;
    return NULL;
}

static const char registered_key; /* its address is the key of the context's list */

static const qir_pass_desc *find_registered(const qir_context *ctx, const char *name, size_t len)
{
    const qir_pass_desc *d;
    for (size_t i = 0; (d = qir_context_row(ctx, &registered_key, i)); i++)
        if (is_name(d->name, name, len) || pm_alias(d, name, len))
            return d;
    return NULL;
}

bool qir_pass_register(qir_context *ctx, const qir_pass_desc *d)
{
    size_t len = strlen(d->name);
    if (qir_pass_find(d->name, len) || find_registered(ctx, d->name, len))
        return qir_error(qir_context_diag(ctx), NULL, "pass.name",
                         "a pass '%s' exists already; register it under another name", d->name);
    qir_context_add_row(ctx, &registered_key, d);
    return true;
}

const qir_pass_desc *pm_find_pass(const qir_pass_manager *pm, const char *name, size_t len)
{
    for (size_t i = 0; i < pm->extra.len; i++)
        if (is_name(pm->extra.data[i]->name, name, len))
            return pm->extra.data[i];
    const qir_pass_desc *d = find_registered(pm->ctx, name, len);
    return d ? d : qir_pass_find(name, len);
}

const qir_named_pipeline *qir_pipeline_find(const char *name, size_t len)
{
    size_t n;
    const qir_named_pipeline *all = qir_pipelines(&n);
    for (size_t i = 0; i < n; i++)
        if (is_name(all[i].name, name, len))
            return &all[i];
    return NULL;
}

static void offer(const qir_pass_manager *pm, qir_suggestion *s, const qir_pass_desc *d)
{
    const char *list = d->alias, *alias;
    size_t n;
    qir_suggestion_offer(s, d->name);
    while ((alias = next_alias(&list, &n)))
        qir_suggestion_offer(s, qir_arena_strndup(pm->arena, alias, n));
}

const char *pm_suggest(const qir_pass_manager *pm, const char *name, size_t len)
{
    qir_suggestion near = {.name = name, .len = len};
    size_t n;
    const qir_named_pipeline *pipelines = qir_pipelines(&n);
    for (const qir_pass_desc *const *d = passes; *d; d++)
        offer(pm, &near, *d);
    for (size_t i = 0; i < pm->extra.len; i++)
        offer(pm, &near, pm->extra.data[i]);
    const qir_pass_desc *added;
    for (size_t i = 0; (added = qir_context_row(pm->ctx, &registered_key, i)); i++)
        offer(pm, &near, added);
    for (size_t i = 0; i < n; i++)
        qir_suggestion_offer(&near, pipelines[i].name);
    return near.best;
}
