/* Names of outputs, and writing them together or not at all. */
#include "qcc.h"
#include <stdio.h>
#include <string.h>
#include "qir/params.h"
#include "qir/text.h"

const char *qcc_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Without directory and extension; "model" if nothing is left. */
static const char *stem(qcc_driver *d, const char *path)
{
    const char *base = qcc_base_name(path), *dot = strrchr(base, '.');
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

const char *qcc_beside_output(qcc_driver *d, const char *extension)
{
    const char *path = output_path(d), *dot = strrchr(qcc_base_name(path), '.');
    size_t len = dot && dot != qcc_base_name(path) ? (size_t)(dot - path) : strlen(path);
    return qir_arena_printf(qir_context_arena(d->ctx), "%.*s%s", (int)len, path, extension);
}

/* NULL: no header. */
static const char *header_path(qcc_driver *d)
{
    if (d->opts->header)
        return d->opts->header;
    if (d->last + 1 != qcc_num_phases || d->opts->emit_program || !is_file(output_path(d)))
        return NULL;
    return qcc_beside_output(d, ".h");
}

/* NULL: no rule. */
static const char *depfile_path(qcc_driver *d)
{
    if (d->opts->depfile)
        return d->opts->depfile;
    return d->opts->dependencies ? qcc_beside_output(d, ".d") : NULL;
}

bool qcc_output_is_file(qcc_driver *d)
{
    return is_file(output_path(d));
}

bool qcc_writes_stdout(qcc_driver *d)
{
    const char *header = header_path(d);
    return !strcmp(output_path(d), "-") || (header && !strcmp(header, "-"));
}

static bool same_folder(const char *a, const char *b)
{
    size_t n = (size_t)(qcc_base_name(a) - a);
    return n == (size_t)(qcc_base_name(b) - b) && !memcmp(a, b, n);
}

static bool differs(qcc_driver *d, const char *output, const char *input, const char *what)
{
    if (!output || !input || !tool_same_file(output, input))
        return true;
    return qir_error(d->diag, NULL, "output.same", "output '%s' is the %s; choose another with -o",
                     output, what);
}

bool qcc_check_output(qcc_driver *d, const char *path)
{
    bool ok = differs(d, path, d->opts->input, "input") &&
              differs(d, path, d->opts->profile, "profile");
    for (size_t k = 0; ok && k < d->opts->calibrate.len; k++)
        ok = differs(d, path, d->opts->calibrate.items[k], "calibration data");
    return ok;
}

bool qcc_check_outputs(qcc_driver *d)
{
    const char *outputs[] = {output_path(d), header_path(d), d->opts->save_params, depfile_path(d),
                             d->opts->weights_file};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
        if (!qcc_check_output(d, outputs[i]))
            return false;
    if (outputs[1] && !strcmp(outputs[0], outputs[1]) && strcmp(outputs[0], "-"))
        return qir_error(d->diag, NULL, "output.same", "'%s' cannot be output and header at once",
                         outputs[0]);
    for (size_t i = 0; i < 4; i++)
        if (outputs[4] && outputs[i] && !strcmp(outputs[4], outputs[i]))
            return qir_error(d->diag, NULL, "output.same",
                             "'%s' cannot be weights file and another output at once", outputs[4]);
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

bool qcc_print_module(qir_module *m, const char *params_path, qir_strbuf *text, qir_strbuf *params)
{
    enum { INLINE_ELEMENTS = 64 }; /* as lists that one can read */
    if (params_path &&
        !qir_params_extract(m, "weights", params_path, INLINE_ELEMENTS + 1, params))
        return false;
    qir_print(m, NULL, text);
    return true;
}

static bool print_module(qcc_driver *d, qir_strbuf *text, qir_strbuf *params)
{
    const char *path = d->opts->save_params;
    if (path && is_file(output_path(d)))
        path = qcc_base_name(path);
    return qcc_print_module(d->module, path, text, params);
}

static bool add_listing(qcc_driver *d, qir_output_set *set)
{
    const qir_strbuf *text = &d->listing, *params = &d->listing_params;
    return (!text->len || qir_output_add(set, qcc_listing_path(d), text->data, text->len)) &&
           (!params->len ||
            qir_output_add(set, qcc_listing_params_path(d), params->data, params->len));
}

static void print_rule(qcc_driver *d, qir_strbuf *out)
{
    const char *targets[] = {output_path(d), header_path(d), d->opts->save_params,
                             d->opts->weights_file, d->listing.len ? qcc_listing_path(d) : NULL,
                             d->listing_params.len ? qcc_listing_params_path(d) : NULL};
    qcc_print_rule(d->diag, targets, sizeof targets / sizeof *targets, out);
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
        print_rule(d, &rule);
    const qir_strbuf *body = makes_code(d) ? &d->code : &text;
    qir_output_set *set = qir_output_set_create(d->diag);
    ok = ok && qir_output_add(set, output_path(d), body->data, body->len) &&
         (!header.len || qir_output_add(set, path, header.data, header.len)) &&
         (!params.len || qir_output_add(set, d->opts->save_params, params.data, params.len)) &&
         (!d->image.len ||
          qir_output_add(set, d->opts->weights_file, d->image.data, d->image.len)) &&
         (!depfile || qir_output_add(set, depfile, rule.data, rule.len)) && add_listing(d, set) &&
         qir_output_commit(set);
    qir_output_set_destroy(set);
    qir_strbuf_free(&text);
    qir_strbuf_free(&header);
    qir_strbuf_free(&params);
    qir_strbuf_free(&rule);
    return ok;
}
