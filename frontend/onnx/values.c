/* Tensor names to QIR values: identifiers, initializers on first use, constant folding. */
#include <string.h>

#include "onnx/import.h"
#include "qir/eval.h"

enum { MAX_IDENTIFIER = 200 };

static bool is_identifier_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '$' || c == '-';
}

/* Model names may be any bytes; identifiers of QIR text start with a letter or '_'. */
const char *onnx_identifier(onnx_import *imp, const char *name)
{
    size_t len = strlen(name), prefix;
    char first = *name;
    if (len > MAX_IDENTIFIER)
        len = MAX_IDENTIFIER;
    prefix =
        (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '_' ? 0 : 1;
    char *id = qir_arena_alloc(imp->arena, len + prefix + 1);
    id[0] = 'v';
    for (size_t i = 0; i < len; i++)
        id[i + prefix] = is_identifier_char(name[i]) ? name[i] : '_';
    return id;
}

/* `id` itself, or with the first free suffix.  The map holds how often an identifier was asked for,
 * so that equal names cost no search. */
static const char *unique_identifier(onnx_import *imp, const char *id)
{
    size_t *count = qir_strmap_get(&imp->names, id, strlen(id));
    if (!count) {
        qir_strmap_put(&imp->names, id, strlen(id), QIR_NEW(imp->arena, size_t));
        return id;
    }
    const char *name;
    do
        name = qir_arena_printf(imp->arena, "%s_%zu", id, ++*count);
    while (qir_strmap_has(&imp->names, name, strlen(name)));
    qir_strmap_put(&imp->names, name, strlen(name), QIR_NEW(imp->arena, size_t));
    return name;
}

void onnx_name_value(onnx_import *imp, qir_value *v, const char *name)
{
    if (!v->name && v->kind != QIR_VALUE_CONST && *name)
        qir_value_set_name(imp->m, v, unique_identifier(imp, onnx_identifier(imp, name)));
}

bool onnx_define(onnx_import *imp, const char *name, qir_value *v)
{
    onnx_name_value(imp, v, name);
    qir_strmap_put(&imp->values, name, strlen(name), v);
    return true;
}

qir_value *onnx_add_const(onnx_import *imp, const char *base, const qir_type *type,
                          const void *data, bool copy, const qir_loc *loc)
{
    qir_const *c = qir_const_create(imp->m, base, type, data, copy, loc);
    qir_map_put(&imp->bases, c, (void *)(uintptr_t)base);
    return &c->value;
}

const char *onnx_const_base(const onnx_import *imp, const qir_value *v)
{
    const char *base = qir_map_get(&imp->bases, qir_value_const(v));
    return base ? base : v->name;
}

void onnx_rename_consts(onnx_import *imp)
{
    qir_for_each_const(c, imp->m)
    {
        const char *base = onnx_const_base(imp, &c->value);
        if (strcmp(base, c->value.name) != 0)
            qir_const_rename(c, base);
    }
}

qir_value *onnx_tensor_const(onnx_import *imp, const char *name, const qir_tensorproto *t,
                             const onnx_initializer *ext)
{
    const qir_loc *loc = qir_loc_name(imp->ctx, *name ? name : "constant");
    const qir_type *type = qir_tensor_type(imp->ctx, t->dtype, t->dims, t->rank, loc);
    if (!type)
        return NULL;
    if (t->external && !ext) {
        qir_pb_fail(&imp->model.file, t->message.start, "onnx.tensor",
                    "external data is allowed for initializers only");
        return NULL;
    }
    const void *data =
        t->external ? onnx_external_data(imp, ext) : qir_tensorproto_data(t, imp->m->arena);
    if (!data)
        return NULL;
    return onnx_add_const(imp, onnx_identifier(imp, name), type, data, false, loc);
}

qir_value *onnx_lookup(onnx_import *imp, const char *name)
{
    qir_value *v = qir_strmap_get(&imp->values, name, strlen(name));
    const onnx_initializer *init;
    if (v || !(init = qir_strmap_get(&imp->initializers, name, strlen(name))))
        return v;
    v = onnx_tensor_const(imp, name, &init->tensor, init);
    if (v)
        onnx_define(imp, name, v);
    return v;
}

/* A rearranged or scaled weight keeps its name: the largest operand gives it. */
static const char *folded_name(onnx_call *c, const qir_op *op)
{
    const qir_value *largest = NULL;
    int64_t most = 1;
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        int64_t n = v ? qir_type_elements(v->type) : 0;
        if (n > most)
            most = n, largest = v;
    }
    return largest ? onnx_const_base(c->imp, largest) : onnx_identifier(c->imp, c->node->out[0]);
}

/* Replaces the op just built by a constant; all its operands are constants. */
bool onnx_fold_op(onnx_call *c, qir_op *op, qir_value **out)
{
    onnx_import *imp = c->imp;
    qir_tensor *in = QIR_NEW_ARRAY(imp->scratch, qir_tensor, op->noperands);
    qir_tensor result = {0};
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *v = qir_op_operand(op, i);
        if (!v)
            continue;
        in[i].type = v->type;
        in[i].data = (void *)(uintptr_t)qir_const_data(qir_value_const(v));
        if (!in[i].data)
            return false;
    }
    if (!qir_eval_op(op, in, &result, imp->scratch, imp->diag))
        return false;
    *out = onnx_add_const(imp, folded_name(c, op), result.type, result.data, true, op->loc);
    qir_op_erase(op);
    return true;
}
