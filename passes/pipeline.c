/* The textual pipeline: item ("," item)*, item = name ["{" option* "}"], option = name ["=" value],
 * separated by blanks; a value with blanks stands in double quotes.  A named pipeline is expanded
 * where it stands. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pm_priv.h"
#include "qir/support/assert.h"

enum { MAX_DEPTH = 16 };

typedef struct parser {
    qir_pass_manager *pm;
    const char *source, *text, *at;
    unsigned depth;
} parser;

typedef struct token {
    const char *s;
    size_t len;
} token;

static const qir_loc *loc_at(const parser *p, const char *at)
{
    return qir_loc_file(p->pm->ctx, p->source, 1, (uint32_t)(at - p->text) + 1);
}

static qir_diag_engine *diag_of(const parser *p)
{
    return qir_context_diag(p->pm->ctx);
}

static void skip_blanks(parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')
        p->at++;
}

static token word(parser *p)
{
    token t = {p->at, 0};
    while (isalnum((unsigned char)p->at[0]) || *p->at == '-' || *p->at == '_')
        p->at++;
    t.len = (size_t)(p->at - t.s);
    return t;
}

static bool expected(parser *p, const char *what)
{
    if (!*p->at)
        return qir_error(diag_of(p), loc_at(p, p->at), "pipeline.syntax",
                         "expected %s, got the end of the pipeline", what);
    return qir_error(diag_of(p), loc_at(p, p->at), "pipeline.syntax", "expected %s, got '%c'", what,
                     *p->at);
}

/* The value after "=": bare up to a blank, comma or brace, or quoted. */
static bool value(parser *p, token *t)
{
    if (*p->at == '"') {
        t->s = ++p->at;
        while (*p->at && *p->at != '"')
            p->at++;
        t->len = (size_t)(p->at - t->s);
        return *p->at ? (p->at++, true) : expected(p, "'\"' at the end of the value");
    }
    t->s = p->at;
    while (*p->at && !strchr(" \t\n}{", *p->at))
        p->at++;
    t->len = (size_t)(p->at - t->s);
    return t->len || expected(p, "a value");
}

static const char *const kind_names[] = {"true or false", "an integer", "a number", "a string"};

static bool value_fits(qir_option_kind kind, const char *v)
{
    char *end = (char *)v;
    errno = 0;
    switch (kind) {
    case QIR_OPT_BOOL:
        return !strcmp(v, "true") || !strcmp(v, "false");
    case QIR_OPT_INT:
        (void)strtoll(v, &end, 10);
        break;
    case QIR_OPT_FLOAT:
        (void)strtod(v, &end);
        break;
    case QIR_OPT_STRING:
        return true;
    }
    return end != v && !*end && !errno;
}

static void note_options(const parser *p, const qir_pass_desc *d)
{
    qir_strbuf b = {0};
    for (const qir_pass_option *o = d->options; o && o->name; o++)
        qir_strbuf_printf(&b, "%s%s", b.len ? ", " : "", o->name);
    if (b.len)
        qir_note(diag_of(p), NULL, "'%s' has the options %s", d->name, qir_strbuf_cstr(&b));
    else
        qir_note(diag_of(p), NULL, "'%s' has no options", d->name);
    qir_strbuf_free(&b);
}

static bool parse_option(parser *p, pipeline_item *item)
{
    token name = word(p), v = {"true", 4};
    const qir_pass_desc *d = item->desc;
    size_t i = 0;
    if (!name.len)
        return expected(p, "an option name or '}'");
    while (d->options && d->options[i].name &&
           (strlen(d->options[i].name) != name.len || memcmp(d->options[i].name, name.s, name.len)))
        i++;
    if (!d->options || !d->options[i].name) {
        qir_error(diag_of(p), loc_at(p, name.s), "pipeline.option",
                  "pass '%s' has no option '%.*s'", d->name, (int)name.len, name.s);
        note_options(p, d);
        return false;
    }
    if (*p->at == '=' && (p->at++, !value(p, &v)))
        return false;
    item->values[i] = qir_arena_strndup(p->pm->arena, v.s, v.len);
    if (!value_fits(d->options[i].kind, item->values[i]))
        return qir_error(diag_of(p), loc_at(p, name.s), "pipeline.value",
                         "option '%s' of pass '%s' must be %s, got '%s'", d->options[i].name,
                         d->name, kind_names[d->options[i].kind], item->values[i]);
    return true;
}

static void defaults(qir_pass_manager *pm, pipeline_item *item)
{
    size_t n = 0;
    while (item->desc->options && item->desc->options[n].name)
        n++;
    item->values = QIR_NEW_ARRAY(pm->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        item->values[i] = item->desc->options[i].dflt;
}

/* "{" option* "}", if there is one. */
static bool parse_options(parser *p, pipeline_item *item)
{
    if (*p->at != '{')
        return true;
    for (p->at++;;) {
        skip_blanks(p);
        if (*p->at == '}')
            return p->at++, true;
        if (!parse_option(p, item))
            return false;
    }
}

/* An alias may stand for option values too; what is written behind it comes later and counts. */
static bool parse_alias(parser *p, token name, pipeline_item *item)
{
    parser alias = *p;
    alias.at = pm_alias(item->desc, name.s, name.len);
    return !alias.at || parse_options(&alias, item);
}

static bool unknown(const parser *p, token name)
{
    const char *near = pm_suggest(p->pm, name.s, name.len);
    qir_error(diag_of(p), loc_at(p, name.s), "pipeline.pass", "unknown pass or pipeline '%.*s'",
              (int)name.len, name.s);
    if (near)
        qir_note(diag_of(p), NULL, "did you mean '%s'?", near);
    return false;
}

static bool parse_named(parser *p, const qir_named_pipeline *named)
{
    if (*p->at == '{')
        return qir_error(diag_of(p), loc_at(p, p->at), "pipeline.option",
                         "pipeline '%s' takes no options; write its passes: %s", named->name,
                         named->passes);
    QIR_ASSERT(p->depth < MAX_DEPTH, "a named pipeline contains itself");
    return pm_parse(p->pm, named->name, named->passes, p->depth + 1);
}

static bool parse_item(parser *p)
{
    skip_blanks(p);
    token name = word(p);
    if (!name.len)
        return expected(p, "the name of a pass");
    pipeline_item item = {pm_find_pass(p->pm, name.s, name.len), NULL, loc_at(p, name.s)};
    const qir_named_pipeline *named = item.desc ? NULL : qir_pipeline_find(name.s, name.len);
    if (named)
        return parse_named(p, named);
    if (!item.desc)
        return unknown(p, name);
    defaults(p->pm, &item);
    if (!parse_alias(p, name, &item) || !parse_options(p, &item))
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
    parser p = {pm, add_source(pm, source, own), own, own, depth};
    skip_blanks(&p);
    if (!*p.at)
        return true;
    for (;;) {
        if (!parse_item(&p))
            return false;
        skip_blanks(&p);
        if (!*p.at)
            return true;
        if (*p.at != ',')
            return expected(&p, "',' between passes");
        p.at++;
    }
}

static void print_value(const char *v, qir_strbuf *out)
{
    if (*v && !strpbrk(v, " \t\n{}\""))
        qir_strbuf_puts(out, v);
    else
        qir_strbuf_printf(out, "\"%s\"", v);
}

/* Options that have their default are left out. */
void pm_print_item(const pipeline_item *item, qir_strbuf *out)
{
    const char *open = "{";
    qir_strbuf_puts(out, item->desc->name);
    for (size_t i = 0; item->desc->options && item->desc->options[i].name; i++) {
        const qir_pass_option *o = &item->desc->options[i];
        if (!strcmp(item->values[i], o->dflt))
            continue;
        qir_strbuf_printf(out, "%s%s=", open, o->name);
        print_value(item->values[i], out);
        open = " ";
    }
    if (*open == ' ')
        qir_strbuf_putc(out, '}');
}
