/* Graph inputs and outputs. */
#include <string.h>

#include "onnx/import.h"

static bool fail(onnx_import *imp, const onnx_value *v, const char *text)
{
    return qir_pb_fail(&imp->model.file, v->offset, "onnx.input", "input '%s' %s", v->name, text);
}

/* Before IR version 4 every initializer had to be listed as an input. */
static bool check_initializer_input(onnx_import *imp, const onnx_value *v,
                                    const onnx_initializer *init)
{
    const qir_tensorproto *t = &init->tensor;
    bool ok = !v->has_shape || v->rank == t->rank;
    for (unsigned i = 0; ok && v->has_shape && i < v->rank; i++)
        ok = v->dims[i] == QIR_DYNAMIC || v->dims[i] == t->dims[i];
    if (!ok || (v->data_type && v->data_type != t->data_type))
        return fail(imp, v, "and its initializer differ in type or shape");
    if (imp->model.ir_version >= 4)
        qir_warning(imp->fe.diag, qir_pb_loc(&imp->model.file, v->offset),
                    "overridable-initializer",
                    "input '%s' has a default value and is taken as a constant", v->name);
    return true;
}

static bool add_input(onnx_import *imp, const onnx_value *v)
{
    const onnx_initializer *init =
        qir_strmap_get(&imp->body->initializers, v->name, strlen(v->name));
    qir_dtype dtype;
    if (fe_find(&imp->fe, v->name))
        return qir_pb_fail(&imp->model.file, v->offset, "onnx.ssa", "input '%s' is listed twice",
                           v->name);
    if (init)
        return check_initializer_input(imp, v, init);
    if (!qir_tensorproto_dtype(v->data_type, &dtype))
        return qir_pb_fail(&imp->model.file, v->offset, "onnx.input",
                           "input '%s' is no tensor of a supported type (%s)", v->name,
                           qir_tensorproto_type_name(v->data_type));
    return fe_add_input(&imp->fe, qir_pb_loc(&imp->model.file, v->offset), v->name, dtype,
                        v->has_shape ? v->dims : NULL, v->rank, v->params);
}

bool onnx_import_inputs(onnx_import *imp)
{
    for (size_t i = 0; i < imp->model.graph.ninputs; i++)
        if (!add_input(imp, &imp->model.graph.inputs[i]))
            return false;
    imp->fe.node.loc = qir_pb_loc(&imp->model.file, 0);
    return fe_check_const_inputs(&imp->fe);
}

bool onnx_import_outputs(onnx_import *imp)
{
    const onnx_graph *g = &imp->model.graph;
    qir_value **values = QIR_NEW_ARRAY(imp->fe.arena, qir_value *, g->noutputs);
    const char **names = QIR_NEW_ARRAY(imp->fe.arena, const char *, g->noutputs);
    for (size_t i = 0; i < g->noutputs; i++) {
        names[i] = g->outputs[i].name;
        values[i] = onnx_lookup(imp, names[i]);
        if (!values[i])
            return !imp->model.file.failed &&
                   qir_pb_fail(&imp->model.file, g->outputs[i].offset, "onnx.undef",
                               "no node computes output '%s'", names[i]);
    }
    return fe_return(&imp->fe, values, names, g->noutputs);
}
