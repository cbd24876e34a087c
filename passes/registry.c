/* The list of passes that the build collects from transforms/, and look-up by name. */
#include <string.h>
#include "pm_priv.h"

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

/* Levenshtein distance, for names up to 63 bytes. */
static unsigned distance(const char *a, size_t na, const char *b)
{
    size_t nb = strlen(b);
    unsigned row[64];
    if (na > 63 || nb > 63)
        return 64;
    for (size_t j = 0; j <= nb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[nb];
}

static void consider(const char *name, const char *given, size_t len, const char **best,
                     unsigned *least)
{
    unsigned d = name ? distance(given, len, name) : 64;
    if (d < *least) {
        *least = d;
        *best = name;
    }
}

const char *pm_suggest(const qir_pass_manager *pm, const char *name, size_t len)
{
    const char *best = NULL;
    unsigned least = (unsigned)(len < 6 ? 3 : len / 3 + 2); /* farther names are no help */
    size_t n;
    const qir_named_pipeline *pipelines = qir_pipelines(&n);
    for (const qir_pass_desc *const *d = passes; *d; d++) {
        consider((*d)->name, name, len, &best, &least);
        consider((*d)->alias, name, len, &best, &least);
    }
    for (size_t i = 0; i < pm->extra.len; i++)
        consider(pm->extra.data[i]->name, name, len, &best, &least);
    for (size_t i = 0; i < n; i++)
        consider(pipelines[i].name, name, len, &best, &least);
    return best;
}
