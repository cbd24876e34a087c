/* Graph inputs and outputs: symbolic dimensions are bound, inputs named by -const-input become
 * constants, the others become arguments. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/import.h"
#include "qir/samples.h"
#include "qir/support/file.h"

/* The text after "name=" in a list of such, NULL if absent. */
static const char *find_assignment(const char *const *list, size_t n, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = n; i-- > 0;) /* the last one wins */
        if (strncmp(list[i], name, len) == 0 && list[i][len] == '=')
            return list[i] + len + 1;
    return NULL;
}

/* A symbol is bound by its name, a dimension without one by `input.index`. */
static bool bind_dim(onnx_import *imp, const onnx_value *v, unsigned i, int64_t *out)
{
    const qir_import_options *o = imp->opts;
    const char *symbol = v->params[i];
    if (!*symbol)
        symbol = qir_arena_printf(imp->scratch, "%s.%u", v->name, i);
    const char *text = o ? find_assignment(o->bindings, o->nbindings, symbol) : NULL;
    if (!text)
        return qir_pb_fail(&imp->model.file, v->offset, "onnx.dim",
                           "dynamic dimension '%s' of input '%s': give -bind %s=VALUE", symbol,
                           v->name, symbol);
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < 0)
        return qir_pb_fail(&imp->model.file, v->offset, "onnx.dim",
                           "-bind %s=%s: expected a number that is not negative", symbol, text);
    *out = value;
    return true;
}

static bool input_type(onnx_import *imp, const onnx_value *v, const qir_type **out)
{
    int64_t dims[QIR_MAX_RANK];
    qir_dtype dtype;
    if (!qir_tensorproto_dtype(v->data_type, &dtype))
        return qir_pb_fail(&imp->model.file, v->offset, "onnx.input",
                           "input '%s' is no tensor of a supported type (%s)", v->name,
                           qir_tensorproto_type_name(v->data_type));
    if (!v->has_shape)
        return qir_pb_fail(&imp->model.file, v->offset, "onnx.input", "input '%s' has no shape",
                           v->name);
    for (unsigned i = 0; i < v->rank; i++) {
        dims[i] = v->dims[i];
        if (dims[i] == QIR_DYNAMIC && !bind_dim(imp, v, i, &dims[i]))
            return false;
    }
    *out = qir_tensor_type(imp->ctx, dtype, dims, v->rank, qir_pb_loc(&imp->model.file, v->offset));
    return *out != NULL;
}

static bool has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}

static bool read_tensor_file(onnx_import *imp, const char *path, qir_tensor *t)
{
    qir_bytes bytes;
    if (has_suffix(path, ".npy"))
        return qir_npy_read(imp->ctx, path, t);
    return qir_read_file(imp->diag, imp->m->arena, path, (size_t)1 << 30, "-fmax-source", &bytes) &&
           qir_tensorproto_read(imp->ctx, imp->m->arena, path, bytes.data, bytes.len, t);
}

/* The declared type where it is static; the file's dimensions fill the dynamic ones. */
static bool check_const_input(onnx_import *imp, const onnx_value *v, const qir_type *t)
{
    qir_dtype dtype;
    bool ok = qir_tensorproto_dtype(v->data_type, &dtype) && dtype == t->dtype;
    if (v->has_shape) {
        ok = ok && v->rank == t->rank;
        for (unsigned i = 0; ok && i < v->rank; i++)
            ok = v->dims[i] == QIR_DYNAMIC || v->dims[i] == t->dims[i];
    }
    if (!ok)
        qir_pb_fail(&imp->model.file, v->offset, "onnx.input",
                    "-const-input for '%s' has type %s, which is not the declared one", v->name,
                    qir_type_text(imp->ctx, t));
    return ok;
}

static bool add_const_input(onnx_import *imp, const onnx_value *v, const char *path)
{
    qir_tensor t;
    if (!read_tensor_file(imp, path, &t) || !check_const_input(imp, v, t.type))
        return false;
    return onnx_define(imp, v->name,
                       onnx_add_const(imp, onnx_identifier(imp, v->name), t.type, t.data, false,
                                      qir_loc_name(imp->ctx, v->name)));
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
        return qir_pb_fail(&imp->model.file, v->offset, "onnx.input",
                           "input '%s' and its initializer differ in type or shape", v->name);
    if (imp->model.ir_version >= 4)
        qir_warning(imp->diag, qir_pb_loc(&imp->model.file, v->offset), "overridable-initializer",
                    "input '%s' has a default value and is taken as a constant", v->name);
    return true;
}

static bool add_input(onnx_import *imp, const onnx_value *v)
{
    const qir_import_options *o = imp->opts;
    const onnx_initializer *init = qir_strmap_get(&imp->initializers, v->name, strlen(v->name));
    const qir_type *type = NULL;
    if (qir_strmap_has(&imp->values, v->name, strlen(v->name)))
        return qir_pb_fail(&imp->model.file, v->offset, "onnx.ssa", "input '%s' is listed twice",
                           v->name);
    if (init)
        return check_initializer_input(imp, v, init);
    const char *path = o ? find_assignment(o->const_inputs, o->nconst_inputs, v->name) : NULL;
    if (path)
        return add_const_input(imp, v, path);
    if (!input_type(imp, v, &type))
        return false;
    qir_value *arg = qir_func_add_arg(imp->f, type, NULL, v->name);
    return onnx_define(imp, v->name, arg);
}

bool onnx_import_inputs(onnx_import *imp)
{
    const qir_import_options *o = imp->opts;
    for (size_t i = 0; i < imp->model.ninputs; i++)
        if (!add_input(imp, &imp->model.inputs[i]))
            return false;
    for (size_t i = 0; o && i < o->nconst_inputs; i++) {
        size_t len = strcspn(o->const_inputs[i], "=");
        if (!o->const_inputs[i][len] || !qir_strmap_has(&imp->values, o->const_inputs[i], len))
            return qir_pb_fail(&imp->model.file, 0, "onnx.input",
                               "-const-input %s: the model has no input of that name",
                               o->const_inputs[i]);
    }
    return true;
}

bool onnx_import_outputs(onnx_import *imp)
{
    const onnx_model *m = &imp->model;
    qir_value **values = QIR_NEW_ARRAY(imp->arena, qir_value *, m->noutputs);
    const qir_type **types = QIR_NEW_ARRAY(imp->arena, const qir_type *, m->noutputs);
    const char **names = QIR_NEW_ARRAY(imp->arena, const char *, m->noutputs);
    for (size_t i = 0; i < m->noutputs; i++) {
        values[i] = onnx_lookup(imp, m->outputs[i].name);
        if (!values[i])
            return !imp->model.file.failed &&
                   qir_pb_fail(&imp->model.file, m->outputs[i].offset, "onnx.undef",
                               "no node computes output '%s'", m->outputs[i].name);
        types[i] = values[i]->type;
        names[i] = m->outputs[i].name;
    }
    qir_func_set_results(imp->f, types, names, (uint32_t)m->noutputs);
    imp->b.loc = imp->f->loc;
    return qir_build(&imp->b, QIR_OP_return, values, (uint32_t)m->noutputs, QIR_NO_ATTRS, NULL);
}
