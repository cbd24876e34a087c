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

/* Bodies see the initializers around them, functions do not. */
static onnx_initializer *find_initializer(const onnx_import *imp, const char *name)
{
    onnx_initializer *found = NULL;
    for (const onnx_body *b = imp->body; b && !found; b = b->function ? NULL : b->outer)
        found = qir_strmap_get(&b->initializers, name, strlen(name));
    return found;
}

void onnx_release(onnx_call *c, unsigned i)
{
    const onnx_body *b = c->imp->body;
    const char *name = c->node->in[i];
    if (b->outer || b->function || !c->fe->opts->own_bytes)
        return; /* bodies may be translated again */
    const onnx_initializer *init = qir_strmap_get(&b->initializers, name, strlen(name));
    if (init && init->value == c->in[i] && init->readers == 1)
        fe_release(c->fe, c->in[i]);
}

qir_value *onnx_lookup(onnx_import *imp, const char *name)
{
    qir_value *v = fe_find(&imp->fe, name);
    onnx_initializer *init = v ? NULL : find_initializer(imp, name);
    if (!init)
        return v;
    if (!init->value && imp->fe.opts->own_bytes)
        qir_tensorproto_align(&init->tensor);
    if (!init->value)
        init->value = onnx_tensor_const(imp, name, &init->tensor, init);
    return init->value;
}
