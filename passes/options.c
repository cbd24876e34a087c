/* Reading and printing options by their table (options.h).  option = name ["=" value], separated by
 * blanks; a value with blanks stands in double quotes. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "qir/diag.h"
#include "qir/support/assert.h"

const qir_loc *opt_loc(const opt_reader *r, const char *at)
{
    return qir_loc_file(r->ctx, r->source, 1, (uint32_t)(at - r->text) + 1);
}

void opt_skip_blanks(opt_reader *r)
{
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n')
        r->at++;
}

opt_word opt_next_word(opt_reader *r)
{
    opt_word w = {r->at, 0};
    while (isalnum((unsigned char)r->at[0]) || *r->at == '-' || *r->at == '_')
        r->at++;
    w.len = (size_t)(r->at - w.s);
    return w;
}

bool opt_expected(const opt_reader *r, const char *what)
{
    qir_diag_engine *diag = qir_context_diag(r->ctx);
    if (!*r->at)
        return qir_error(diag, opt_loc(r, r->at), "pipeline.syntax",
                         "expected %s, got the end of the %s", what, r->whole);
    return qir_error(diag, opt_loc(r, r->at), "pipeline.syntax", "expected %s, got '%c'", what,
                     *r->at);
}

/* The value after "=": bare up to a blank, comma or brace, or quoted. */
static bool value(opt_reader *r, opt_word *w)
{
    if (*r->at == '"') {
        w->s = ++r->at;
        while (*r->at && *r->at != '"')
            r->at++;
        w->len = (size_t)(r->at - w->s);
        return *r->at ? (r->at++, true) : opt_expected(r, "'\"' at the end of the value");
    }
    w->s = r->at;
    while (*r->at && !strchr(" \t\n}{", *r->at))
        r->at++;
    w->len = (size_t)(r->at - w->s);
    return w->len || opt_expected(r, "a value");
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

static void note_options(const opt_reader *r, const qir_pass_option *options, const char *name)
{
    qir_strbuf b = {0};
    for (const qir_pass_option *o = options; o && o->name; o++)
        qir_strbuf_printf(&b, "%s%s", b.len ? ", " : "", o->name);
    if (b.len)
        qir_note(qir_context_diag(r->ctx), NULL, "'%s' has the options %s", name,
                 qir_strbuf_cstr(&b));
    else
        qir_note(qir_context_diag(r->ctx), NULL, "'%s' has no options", name);
    qir_strbuf_free(&b);
}

static const qir_pass_option *find(const qir_pass_option *options, opt_word name)
{
    for (const qir_pass_option *o = options; o && o->name; o++)
        if (strlen(o->name) == name.len && !memcmp(o->name, name.s, name.len))
            return o;
    return NULL;
}

static bool read_one(opt_reader *r, const qir_pass_option *options, const char **values,
                     const char *kind, const char *owner)
{
    opt_word name = opt_next_word(r), v = {"true", 4};
    if (!name.len)
        return opt_expected(r, "an option name or '}'");
    const qir_pass_option *o = find(options, name);
    qir_diag_engine *diag = qir_context_diag(r->ctx);
    if (!o) {
        qir_error(diag, opt_loc(r, name.s), "pipeline.option", "%s '%s' has no option '%.*s'", kind,
                  owner, (int)name.len, name.s);
        note_options(r, options, owner);
        return false;
    }
    if (*r->at == '=' && (r->at++, !value(r, &v)))
        return false;
    const char *text = qir_arena_strndup(r->arena, v.s, v.len);
    values[o - options] = text;
    return value_fits(o->kind, text) ||
           qir_error(diag, opt_loc(r, name.s), "pipeline.value",
                     "option '%s' of %s '%s' must be %s, got '%s'", o->name, kind, owner,
                     kind_names[o->kind], text);
}

const char **opt_defaults(qir_arena *arena, const qir_pass_option *options)
{
    size_t n = 0;
    while (options && options[n].name)
        n++;
    const char **values = QIR_NEW_ARRAY(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        values[i] = options[i].dflt;
    return values;
}

bool opt_read(opt_reader *r, const qir_pass_option *options, const char *kind, const char *name,
              const char **values)
{
    if (*r->at != '{')
        return true;
    for (r->at++;;) {
        opt_skip_blanks(r);
        if (*r->at == '}')
            return r->at++, true;
        if (!read_one(r, options, values, kind, name))
            return false;
    }
}

static void print_value(const char *v, qir_strbuf *out)
{
    if (*v && !strpbrk(v, " \t\n{}\""))
        qir_strbuf_puts(out, v);
    else
        qir_strbuf_printf(out, "\"%s\"", v);
}

void opt_print(const qir_pass_option *options, const char *const *values, qir_strbuf *out)
{
    const char *open = "{";
    for (size_t i = 0; options && options[i].name; i++) {
        if (!strcmp(values[i], options[i].dflt))
            continue;
        qir_strbuf_printf(out, "%s%s=", open, options[i].name);
        print_value(values[i], out);
        open = " ";
    }
    if (*open == ' ')
        qir_strbuf_putc(out, '}');
}

const char *opt_value(const qir_pass_option *options, const char *const *values,
                      const char *option, qir_option_kind kind)
{
    const qir_pass_option *o = find(options, (opt_word){option, strlen(option)});
    QIR_ASSERT(o && o->kind == kind, "undeclared option");
    return values[o - options];
}
