/* ONNX to QIR: decodes the model, cuts it, finds the nodes that outputs depend on, checks that the
 * table takes them all, then translates them in order. */
#include <string.h>

#include "onnx/import.h"

static bool import_graph(onnx_import *imp)
{
    onnx_body body;
    bool ok = fe_check_customs(&imp->fe) && onnx_check_opsets(imp, imp->model.opsets, imp->model.nopsets) &&
              onnx_index_functions(imp) && onnx_cut(imp);
    if (!ok)
        return false;
    ok = onnx_body_open(imp, &body, &imp->model.graph, NULL) && onnx_import_inputs(imp) &&
         onnx_body_translate(imp) && onnx_import_outputs(imp);
    onnx_body_close(imp);
    return ok;
}

qir_module *qir_import_onnx(qir_context *ctx, const char *path, const void *data, size_t len,
                            int dir_fd, const qir_import_options *opts)
{
    onnx_import imp = {.dir_fd = dir_fd};
    fe_open(&imp.fe, ctx, "onnx", opts);
    onnx_table_init(&imp);
    bool ok = onnx_model_read(ctx, imp.fe.arena, path, data, len, &imp.model) && import_graph(&imp);
    if (ok && *imp.model.graph.name)
        imp.fe.m->name = qir_intern_cstr(ctx, fe_identifier(&imp.fe, imp.model.graph.name));
    qir_map_free(&imp.rows);
    qir_map_free(&imp.functions);
    qir_map_free(&imp.cuts);
    return fe_close(&imp.fe, ok);
}
