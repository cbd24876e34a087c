/* -g: lines of QIR for the code.  A model that is QIR has lines; of every other one the QIR that all
 * levels share is written beside the object, and read back, so that each op knows where it stands. */
#include "qcc.h"
#include <string.h>
#include "qir/text.h"

const char *qcc_listing_path(qcc_driver *d)
{
    return qcc_beside_output(d, ".qir");
}

const char *qcc_listing_params_path(qcc_driver *d)
{
    return qcc_beside_output(d, ".safetensors");
}

static bool print_listing(qcc_driver *d)
{
    qir_module *copy = qir_module_clone(d->module);
    bool ok = qcc_print_module(copy, qcc_base_name(qcc_listing_params_path(d)), &d->listing,
                               &d->listing_params);
    qir_module_destroy(copy);
    return ok;
}

static void take_lines(qir_context *ctx, qir_func *f, const qir_func *listed)
{
    const qir_loc *at = qir_loc_place(listed->loc);
    f->loc = qir_loc_listed(ctx, f->loc, at->text, at->line, at->col);
    const qir_op *l = listed->body->first;
    for (qir_op *op = f->body->first; op && l; op = op->next, l = l->next) {
        at = qir_loc_place(l->loc);
        op->loc = qir_loc_listed(ctx, op->loc, at->text, at->line, at->col);
    }
}

static bool make_listing(qcc_driver *d)
{
    const char *path = qcc_listing_path(d);
    qir_parse_options opts = {.no_verify = true, .positions = true, .max_source = INT32_MAX};
    if (!qcc_output_is_file(d))
        return qir_error(d->diag, NULL, "output.listing",
                         "-g writes QIR beside the output, which is no file; name one with -o");
    if (!qcc_check_output(d, path) || !qcc_check_output(d, qcc_listing_params_path(d)) ||
        !print_listing(d))
        return false;
    d->codegen.debug_file = qcc_base_name(path);
    qir_module *listed =
        qir_parse(d->ctx, d->codegen.debug_file, d->listing.data, d->listing.len, &opts);
    if (!listed)
        return false;
    const qir_func *l = listed->funcs;
    for (qir_func *f = d->module->funcs; f && l; f = f->next, l = l->next)
        take_lines(d->ctx, f, l);
    qir_module_destroy(listed);
    return true;
}

bool qcc_list_lines(qcc_driver *d)
{
    const char *source = d->module->source_file;
    if (!source || !strcmp(d->opts->input, "-"))
        return make_listing(d);
    d->codegen.debug_file = qcc_base_name(source);
    return true;
}
