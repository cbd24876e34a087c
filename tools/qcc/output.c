/* Names of outputs, and writing them together or not at all. */
#include "qcc.h"
#include <stdio.h>
#include <string.h>
#include "qir/params.h"
#include "qir/text.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Without directory and extension; "model" if nothing is left. */
static const char *stem(qcc_driver *d, const char *path)
{
    const char *base = base_name(path), *dot = strrchr(base, '.');
    size_t len = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    if (!strcmp(path, "-") || len == 0)
        return "model";
    return qir_arena_strndup(qir_context_arena(d->ctx), base, len);
}

static bool is_file(const char *path)
{
    return path && strcmp(path, "-") != 0 && strncmp(path, "/dev/", 5) != 0;
}

const char *qcc_model_name(qcc_driver *d)
{
    const qcc_options *o = d->opts;
    if (o->name)
        return o->name;
    qir_strbuf name = {0};
    qir_make_prefix(stem(d, is_file(o->output) ? o->output : o->input), &name);
    const char *copy = qir_arena_strndup(qir_context_arena(d->ctx), name.data, name.len);
    qir_strbuf_free(&name);
    return copy;
}

static bool makes_code(const qcc_driver *d)
{
    return d->last >= qcc_phase_find("llvm");
}

/* -o, else a name beside the current directory for code, standard output for text of ours. */
static const char *output_path(qcc_driver *d)
{
    const qcc_options *o = d->opts;
    if (o->output)
        return o->output;
    if (!makes_code(d))
        return "-";
    const char *extension = d->last == qcc_phase_find("llvm") ? ".ll" : o->assembly ? ".s" : ".o";
    return qir_arena_printf(qir_context_arena(d->ctx), "%s%s", stem(d, o->input), extension);
}

/* The output's name with another extension. */
static const char *beside_output(qcc_driver *d, const char *extension)
{
    const char *path = output_path(d), *dot = strrchr(base_name(path), '.');
    size_t len = dot && dot != base_name(path) ? (size_t)(dot - path) : strlen(path);
    return qir_arena_printf(qir_context_arena(d->ctx), "%.*s%s", (int)len, path, extension);
}

/* NULL: no header. */
static const char *header_path(qcc_driver *d)
{
    if (d->opts->header)
        return d->opts->header;
    if (d->last + 1 != qcc_num_phases || d->opts->emit_program || !is_file(output_path(d)))
        return NULL;
    return beside_output(d, ".h");
}

/* NULL: no rule. */
static const char *depfile_path(qcc_driver *d)
{
    if (d->opts->depfile)
        return d->opts->depfile;
    return d->opts->dependencies ? beside_output(d, ".d") : NULL;
}

bool qcc_writes_stdout(qcc_driver *d)
{
    const char *header = header_path(d);
    return !strcmp(output_path(d), "-") || (header && !strcmp(header, "-"));
}

static bool same_folder(const char *a, const char *b)
{
    size_t n = (size_t)(base_name(a) - a);
    return n == (size_t)(base_name(b) - b) && !memcmp(a, b, n);
}

static bool differs(qcc_driver *d, const char *output, const char *input, const char *what)
{
    if (!output || !input || !tool_same_file(output, input))
        return true;
    return qir_error(d->diag, NULL, "output.same", "output '%s' is the %s; choose another with -o",
                     output, what);
}

bool qcc_check_outputs(qcc_driver *d)
{
    const char *outputs[] = {output_path(d), header_path(d), d->opts->save_params, depfile_path(d)};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        if (!differs(d, outputs[i], d->opts->input, "input") ||
            !differs(d, outputs[i], d->opts->profile, "profile"))
            return false;
        for (size_t k = 0; k < d->opts->calibrate.len; k++)
            if (!differs(d, outputs[i], d->opts->calibrate.items[k], "calibration data"))
                return false;
    }
    if (outputs[1] && !strcmp(outputs[0], outputs[1]) && strcmp(outputs[0], "-"))
        return qir_error(d->diag, NULL, "output.same", "'%s' cannot be output and header at once",
                         outputs[0]);
    if (outputs[3] && !is_file(outputs[0]))
        return qir_error(d->diag, NULL, "output.rule",
                         "-MD writes a rule for the output, but '%s' is no file; name one with -o",
                         outputs[0]);
    if (d->opts->save_params && is_file(outputs[0]) && !same_folder(outputs[0], outputs[2]))
        return qir_error(d->diag, NULL, "output.params",
                         "'%s' must be in the folder of '%s': QIR names it relative to itself",
                         outputs[2], outputs[0]);
    return true;
}

/* Constants up to this many elements stay in the text, as lists that one can read. */
enum { INLINE_ELEMENTS = 64 };

/* The module as text; with -save-params its large constants go to `params`. */
static bool print_module(qcc_driver *d, qir_strbuf *text, qir_strbuf *params)
{
    const char *path = d->opts->save_params;
    if (path && !qir_params_extract(d->module, "weights",
                                    is_file(output_path(d)) ? base_name(path) : path,
                                    INLINE_ELEMENTS + 1, params))
        return false;
    qir_print(d->module, NULL, text);
    return true;
}

bool qcc_write_outputs(qcc_driver *d)
{
    qir_strbuf text = {0}, header = {0}, params = {0}, rule = {0};
    const char *path = header_path(d), *depfile = depfile_path(d);
    bool ok = true;
    if (!makes_code(d))
        ok = print_module(d, &text, &params);
    else if (path)
        ok = qir_codegen_header(&d->codegen, d->variants, d->nvariants, &header);
    if (depfile)
        qcc_print_rule(d->diag, (const char *const[]){output_path(d), path, d->opts->save_params}, 3,
                       &rule);
    const qir_strbuf *body = makes_code(d) ? &d->code : &text;
    qir_output_set *set = qir_output_set_create(d->diag);
    ok = ok && qir_output_add(set, output_path(d), body->data, body->len) &&
         (!header.len || qir_output_add(set, path, header.data, header.len)) &&
         (!params.len || qir_output_add(set, d->opts->save_params, params.data, params.len)) &&
         (!depfile || qir_output_add(set, depfile, rule.data, rule.len)) && qir_output_commit(set);
    qir_output_set_destroy(set);
    qir_strbuf_free(&text);
    qir_strbuf_free(&header);
    qir_strbuf_free(&params);
    qir_strbuf_free(&rule);
    return ok;
}
