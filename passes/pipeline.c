/* The textual pipeline: item ("," item)*, item = name ["{" option* "}"] (options.h).  A named pipeline
 * is expanded where it stands. */
#include <string.h>
#include "options.h"
#include "pm_priv.h"
#include "qir/support/assert.h"

enum { MAX_DEPTH = 16 };

typedef struct parser {
    opt_reader r;
    qir_pass_manager *pm;
    unsigned depth;
} parser;

static qir_diag_engine *diag_of(const parser *p)
{
    return qir_context_diag(p->pm->ctx);
}

/* "{" option* "}", if there is one. */
static bool read_options(opt_reader *r, pipeline_item *item)
{
    return opt_read(r, item->desc->options, "pass", item->desc->name, item->values);
}

/* An alias may stand for option values too; what is written behind it comes later and counts. */
static bool read_alias(const parser *p, opt_word name, pipeline_item *item)
{
    opt_reader alias = p->r;
    alias.at = pm_alias(item->desc, name.s, name.len);
    return !alias.at || read_options(&alias, item);
}

static bool unknown(const parser *p, opt_word name)
{
    const char *near = pm_suggest(p->pm, name.s, name.len);
    qir_error(diag_of(p), opt_loc(&p->r, name.s), "pipeline.pass", "unknown pass or pipeline '%.*s'",
              (int)name.len, name.s);
    if (near)
        qir_note(diag_of(p), NULL, "did you mean '%s'?", near);
    return false;
}

static bool parse_named(parser *p, const qir_named_pipeline *named)
{
    if (*p->r.at == '{')
        return qir_error(diag_of(p), opt_loc(&p->r, p->r.at), "pipeline.option",
                         "pipeline '%s' takes no options; write its passes: %s", named->name,
                         named->passes);
    QIR_ASSERT(p->depth < MAX_DEPTH, "a named pipeline contains itself");
    return pm_parse(p->pm, named->name, named->passes, p->depth + 1);
}

static bool parse_item(parser *p)
{
    opt_skip_blanks(&p->r);
    opt_word name = opt_next_word(&p->r);
    if (!name.len)
        return opt_expected(&p->r, "the name of a pass");
    pipeline_item item = {pm_find_pass(p->pm, name.s, name.len), NULL, opt_loc(&p->r, name.s)};
    const qir_named_pipeline *named = item.desc ? NULL : qir_pipeline_find(name.s, name.len);
    if (named)
        return parse_named(p, named);
    if (!item.desc)
        return unknown(p, name);
    item.values = opt_defaults(p->pm->arena, item.desc->options);
    if (!read_alias(p, name, &item) || !read_options(&p->r, &item))
        return false;
    qir_vec_push(&p->pm->items, item);
    return true;
}

/* The pipeline's text becomes a source of the diagnostics, so that errors show a caret in it. */
static const char *add_source(qir_pass_manager *pm, const char *source, const char *text)
{
    const char *name = qir_intern_cstr(pm->ctx, source);
    size_t i = 0;
    while (i < pm->sources.len && pm->sources.data[i] != name)
        i++;
    if (i < pm->sources.len)
        qir_diag_remove_source(qir_context_diag(pm->ctx), name);
    else
        qir_vec_push(&pm->sources, name);
    qir_diag_add_source(qir_context_diag(pm->ctx), name, text, strlen(text));
    return name;
}

bool pm_parse(qir_pass_manager *pm, const char *source, const char *text, unsigned depth)
{
    const char *own = qir_arena_strndup(pm->arena, text, strlen(text));
    parser p = {{pm->ctx, pm->arena, "pipeline", add_source(pm, source, own), own, own}, pm, depth};
    opt_skip_blanks(&p.r);
    if (!*p.r.at)
        return true;
    for (;;) {
        if (!parse_item(&p))
            return false;
        opt_skip_blanks(&p.r);
        if (!*p.r.at)
            return true;
        if (*p.r.at != ',')
            return opt_expected(&p.r, "',' between passes");
        p.r.at++;
    }
}

void pm_print_item(const pipeline_item *item, qir_strbuf *out)
{
    qir_strbuf_puts(out, item->desc->name);
    opt_print(item->desc->options, item->values, out);
}
