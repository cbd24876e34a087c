/* Programs that torch.export saved, to QIR: opens the archive, decodes the program, finds what is
 * needed, checks that the table takes it all, then translates the nodes in order. */
#include "pt2/import.h"

/* -outputs: these values in place of what the program gives. */
static bool cut(pt2_import *imp)
{
    const qir_import_options *o = imp->fe.opts;
    pt2_program *p = &imp->program;
    if (o->ninputs)
        return fe_error_at(&imp->fe, imp->loc, "option", "-inputs cannot cut programs of torch.export");
    if (!o->noutputs)
        return true;
    p->outputs = QIR_NEW_ARRAY(imp->fe.arena, pt2_spec, o->noutputs);
    p->noutputs = o->noutputs;
    for (size_t i = 0; i < o->noutputs; i++)
        p->outputs[i].arg = (pt2_arg){.kind = PT2_TENSOR,
                                      .s = qir_intern_cstr(imp->fe.ctx, o->outputs[i])};
    return true;
}

static bool import_graph(pt2_import *imp)
{
    if (!cut(imp))
        return false;
    pt2_find_live(imp);
    if (!pt2_check_supported(imp) || !pt2_import_inputs(imp))
        return false;
    for (size_t i = 0; i < imp->program.nnodes; i++)
        if (imp->program.nodes[i].live && !pt2_translate(imp, &imp->program.nodes[i]))
            return false;
    pt2_note_classes(imp);
    return pt2_import_outputs(imp);
}

static bool import_archive(pt2_import *imp, const char *path, qir_bytes bytes)
{
    fe_builder *fe = &imp->fe;
    pt2_archive *a = &imp->archive;
    const char *name, *member;
    qir_bytes text;
    if (!fe_check_customs(fe) || !pt2_archive_open(a, fe->ctx, fe->arena, path, bytes) ||
        !pt2_archive_choose(a, fe->opts->model, &name))
        return false;
    member = qir_arena_printf(fe->arena, "models/%s.json", name);
    if (!pt2_archive_payloads(a, name) || !pt2_archive_view(a, member, &text) ||
        !pt2_program_read(fe->ctx, fe->arena, path, member, text, &imp->program) ||
        !import_graph(imp))
        return false;
    fe->m->name = qir_intern_cstr(fe->ctx, fe_identifier(fe, name));
    return true;
}

qir_module *qir_import_pt2(qir_context *ctx, const char *path, const void *data, size_t len,
                           const qir_import_options *opts)
{
    pt2_import imp = {.loc = qir_loc_file(ctx, path, 0, 0)};
    fe_open(&imp.fe, ctx, "pt2", opts);
    pt2_table_init(&imp);
    bool ok = import_archive(&imp, path, (qir_bytes){data, len});
    pt2_archive_close(&imp.archive);
    pt2_program_free(&imp.program);
    qir_map_free(&imp.rows);
    qir_map_free(&imp.values);
    qir_map_free(&imp.wanted);
    qir_map_free(&imp.written);
    qir_map_free(&imp.bound);
    return fe_close(&imp.fe, ok);
}
