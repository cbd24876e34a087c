/* The list of passes that the build collects from transforms/, and look-up by name. */
#include <string.h>
#include "pm_priv.h"
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

const qir_pass_desc *qir_pass_find(const char *name, size_t len)
{
    for (const qir_pass_desc *const *d = passes; *d; d++)
        if (is_name((*d)->name, name, len) || is_name((*d)->alias, name, len))
            return *d;
    return NULL;
}

const qir_pass_desc *pm_find_pass(const qir_pass_manager *pm, const char *name, size_t len)
{
    for (size_t i = 0; i < pm->extra.len; i++)
        if (is_name(pm->extra.data[i]->name, name, len))
            return pm->extra.data[i];
    return qir_pass_find(name, len);
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

static void offer(qir_suggestion *s, const qir_pass_desc *d)
{
    qir_suggestion_offer(s, d->name);
    if (d->alias)
        qir_suggestion_offer(s, d->alias);
}

const char *pm_suggest(const qir_pass_manager *pm, const char *name, size_t len)
{
    qir_suggestion near = {.name = name, .len = len};
    size_t n;
    const qir_named_pipeline *pipelines = qir_pipelines(&n);
    for (const qir_pass_desc *const *d = passes; *d; d++)
        offer(&near, *d);
    for (size_t i = 0; i < pm->extra.len; i++)
        offer(&near, pm->extra.data[i]);
    for (size_t i = 0; i < n; i++)
        qir_suggestion_offer(&near, pipelines[i].name);
    return near.best;
}
