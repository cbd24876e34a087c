/* `-bind 'S<=512'`: see bounded.h. */
#include "bounded/bounded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qir/support/strbuf.h"

enum { PROBES = 2, LARGEST = 1 << 24 }; /* masks hold as many indices */

static const char *at_most(const char *binding)
{
    return strstr(binding, "<=");
}

bool bounded_requested(const qir_import_options *opts)
{
    for (size_t i = 0; opts && i < opts->nbindings; i++)
        if (at_most(opts->bindings[i]))
            return true;
    return false;
}

/* "S<=512" */
static bool parse(bounded *b, qir_arena *arena, const char *binding)
{
    const char *op = at_most(binding), *digits = op + 2;
    char *end;
    errno = 0;
    long long max = strtoll(digits, &end, 10);
    b->symbol = qir_arena_strndup(arena, binding, (size_t)(op - binding));
    b->max = max;
    return op > binding && !errno && end > digits && !*end && max >= 4 && max <= LARGEST;
}

/* The options with every bounded symbol at its largest size, but number `which` at `size`. */
static qir_import_options with_sizes(const qir_import_options *opts, qir_arena *arena,
                                     const bounded *list, size_t which, int64_t size)
{
    qir_import_options o = *opts;
    const char **bindings = QIR_NEW_ARRAY(arena, const char *, opts->nbindings);
    size_t next = 0;
    for (size_t i = 0; i < opts->nbindings; i++) {
        if (!at_most(opts->bindings[i])) {
            bindings[i] = opts->bindings[i];
            continue;
        }
        int64_t value = next == which ? size : list[next].max;
        bindings[i] = qir_arena_printf(arena, "%s=%lld", list[next++].symbol, (long long)value);
    }
    o.bindings = bindings;
    return o;
}

typedef struct job {
    const qir_import_options *opts;
    fe_import_fn import;
    void *user;
    bounded *list;
    size_t n;
} job;

/* The first message of an import that is only a probe. */
static void keep_first(void *user, const qir_diag *d)
{
    qir_strbuf *text = user;
    if (d->severity == QIR_ERROR && text->len == 0)
        qir_strbuf_puts(text, d->text);
}

/* Another size, in a context of its own that is gone afterwards. */
static bool probe(const job *j, size_t which, int64_t size, bool first)
{
    bounded *b = &j->list[which];
    qir_context *ctx = qir_context_create_like(b->module->ctx);
    qir_import_options o = with_sizes(j->opts, b->arena, j->list, which, size);
    qir_strbuf text = {0};
    qir_diag_set_handler(qir_context_diag(ctx), keep_first, &text);
    o.report = NULL; /* the last import reports */
    qir_module *m = j->import(j->user, ctx, &o);
    bool ok = m && bounded_compare(b, m, size, first);
    if (!m)
        bounded_error(b, NULL, "with %s = %lld the model is refused (%s)", b->symbol,
                      (long long)size, qir_strbuf_cstr(&text));
    if (m)
        qir_module_destroy(m);
    qir_context_destroy(ctx);
    qir_strbuf_free(&text);
    return ok;
}

static bool transform(const job *j)
{
    bool ok = true;
    for (size_t i = 0; i < j->n; i++)
        bounded_begin(&j->list[i]);
    for (size_t i = 0; ok && i < j->n; i++)
        ok = bounded_mask_args(&j->list[i]) && bounded_replace_consts(&j->list[i]);
    for (size_t i = 0; ok && i < j->n; i++)
        ok = bounded_apply_rules(&j->list[i]);
    return ok;
}

static bool compare_all(const job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        int64_t sizes[PROBES] = {j->list[i].max - 1, (j->list[i].max + 1) / 2};
        for (size_t p = 0; p < PROBES; p++)
            if (!probe(j, i, sizes[p], p == 0))
                return false;
    }
    return true;
}

static void attach(const job *j, qir_module *m, qir_map *marks)
{
    for (size_t i = 0; i < j->n; i++) {
        bounded *b = &j->list[i];
        b->id = (unsigned)i + 1;
        b->marks = marks;
        b->module = m;
        b->func = qir_module_main(m);
        b->arena = m->arena;
        b->diag = qir_context_diag(m->ctx);
    }
}

qir_module *bounded_import(qir_context *ctx, const qir_import_options *opts, fe_import_fn import,
                           void *user)
{
    qir_arena *arena = qir_context_arena(ctx);
    qir_map marks = {0};
    job j = {opts, import, user, QIR_NEW_ARRAY(arena, bounded, opts->nbindings), 0};
    for (size_t i = 0; i < opts->nbindings; i++) {
        bounded b = {0};
        if (!at_most(opts->bindings[i]))
            continue;
        if (!parse(&b, arena, opts->bindings[i])) {
            qir_error(qir_context_diag(ctx), NULL, "bind.bounded",
                      "-bind '%.80s': expected NAME<=N with N between 4 and %d",
                      opts->bindings[i], LARGEST);
            return NULL;
        }
        j.list[j.n++] = b;
    }
    qir_import_options o = with_sizes(opts, arena, j.list, SIZE_MAX, 0);
    qir_module *m = import(user, ctx, &o);
    if (m) {
        attach(&j, m, &marks);
        if (!compare_all(&j) || !transform(&j)) {
            qir_module_destroy(m);
            m = NULL;
        }
    }
    for (size_t i = 0; i < j.n; i++) {
        qir_map_free(&j.list[i].consts);
        qir_map_free(&j.list[i].starts);
        qir_map_free(&j.list[i].masks);
    }
    qir_map_free(&marks);
    return m;
}
