/* Tensors of the model as constants; initializers become constants when a node first names them. */
#include <string.h>

#include "onnx/import.h"

qir_value *onnx_tensor_const(onnx_import *imp, const char *name, const qir_tensorproto *t,
                             const onnx_initializer *ext)
{
    fe_builder *fe = &imp->fe;
    const qir_loc *loc = qir_loc_name(fe->ctx, *name ? name : "constant");
    const qir_type *type = qir_tensor_type(fe->ctx, t->dtype, t->dims, t->rank, loc);
    if (!type)
        return NULL;
    if (t->external && !ext) {
        qir_pb_fail(&imp->model.file, t->message.start, "onnx.tensor",
                    "external data is allowed for initializers only");
        return NULL;
    }
    const void *data =
        t->external ? onnx_external_data(imp, ext) : qir_tensorproto_data(t, fe->m->arena);
    if (!data)
        return NULL;
    return fe_add_const(fe, fe_identifier(fe, name), type, data, false, loc);
}

qir_value *onnx_lookup(onnx_import *imp, const char *name)
{
    qir_value *v = fe_find(&imp->fe, name);
    const onnx_initializer *init;
    if (v || !(init = qir_strmap_get(&imp->initializers, name, strlen(name))))
        return v;
    v = onnx_tensor_const(imp, name, &init->tensor, init);
    return fe_define(&imp->fe, name, v) ? v : NULL;
}
