/* Building ops: folding of small constants, and the shape helpers that several translators share.
 */
#include <string.h>

#include "onnx/import.h"

static bool all_constant(const qir_op *op, int64_t limit)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        if (v && (v->kind != QIR_VALUE_CONST || qir_type_elements(v->type) > limit))
            return false;
    }
    return op->noperands && op->nresults == 1 && qir_type_elements(op->results[0].type) <= limit;
}

static qir_value *emit(onnx_call *c, qir_opcode opcode, qir_value *const *operands,
                       uint32_t noperands, const qir_named_attr *attrs, const qir_type *result,
                       int64_t fold_limit)
{
    onnx_import *imp = c->imp;
    qir_op *op = qir_build(&imp->b, opcode, operands, noperands, attrs, result);
    qir_value *folded;
    if (!op) {
        qir_note(imp->diag, qir_pb_loc(&imp->model.file, c->node->offset),
                 "while importing node '%s' (%s)", imp->b.loc->text, c->node->op);
        imp->model.file.failed = true;
        return NULL;
    }
    if (!all_constant(op, fold_limit))
        return qir_op_result(op, 0);
    if (onnx_fold_op(c, op, &folded))
        return folded;
    imp->model.file.failed = true;
    return NULL;
}

qir_value *onnx_emit(onnx_call *c, qir_opcode opcode, qir_value *const *operands,
                     uint32_t noperands, const qir_named_attr *attrs, const qir_type *result)
{
    /* Dequantized weights stay visible for the quantization passes. */
    int64_t limit = opcode == QIR_OP_dequantize ? -1 : ONNX_FOLD_LIMIT;
    return emit(c, opcode, operands, noperands, attrs, result, limit);
}

qir_value *onnx_emit_folded(onnx_call *c, qir_opcode opcode, qir_value *const *operands,
                            uint32_t noperands, const qir_named_attr *attrs, const qir_type *result)
{
    return emit(c, opcode, operands, noperands, attrs, result, QIR_MAX_ELEMENTS);
}

qir_value *onnx_emit1(onnx_call *c, qir_opcode opcode, qir_value *x, const qir_named_attr *attrs)
{
    return x ? onnx_emit(c, opcode, &x, 1, attrs, NULL) : NULL;
}

qir_value *onnx_emit2(onnx_call *c, qir_opcode opcode, qir_value *a, qir_value *b)
{
    return a && b ? onnx_emit(c, opcode, QIR_OPERANDS(a, b), QIR_NO_ATTRS, NULL) : NULL;
}

static bool same_dims(const qir_type *t, const int64_t *dims, unsigned rank)
{
    return t->rank == rank && memcmp(t->dims, dims, rank * sizeof *dims) == 0;
}

/* Constants are reshaped in place: a second constant over the same bytes. */
qir_value *onnx_reshape(onnx_call *c, qir_value *x, const int64_t *dims, unsigned rank)
{
    if (!x || same_dims(x->type, dims, rank))
        return x;
    qir_named_attr *attrs = QIR_ATTRS({"shape", qir_attr_ints(c->imp->ctx, dims, rank)});
    return onnx_emit_folded(c, QIR_OP_reshape, &x, 1, attrs, NULL);
}

qir_value *onnx_transpose(onnx_call *c, qir_value *x, const int64_t *perm)
{
    bool identity = true;
    for (unsigned i = 0; x && i < x->type->rank; i++)
        identity = identity && perm[i] == i;
    if (!x || identity)
        return x;
    qir_named_attr *attrs = QIR_ATTRS({"perm", qir_attr_ints(c->imp->ctx, perm, x->type->rank)});
    return onnx_emit_folded(c, QIR_OP_transpose, &x, 1, attrs, NULL);
}

qir_value *onnx_cast(onnx_call *c, qir_value *x, qir_dtype to)
{
    const char *name = qir_dtype_name(to);
    if (!x || x->type->dtype == to)
        return x;
    return onnx_emit1(c, QIR_OP_cast, x,
                      QIR_ATTRS({"to", qir_attr_string(c->imp->ctx, name, strlen(name))}));
}

qir_value *onnx_expand(onnx_call *c, qir_value *x, const int64_t *dims, unsigned rank)
{
    if (!x || same_dims(x->type, dims, rank))
        return x;
    return onnx_emit1(c, QIR_OP_expand, x,
                      QIR_ATTRS({"shape", qir_attr_ints(c->imp->ctx, dims, rank)}));
}

static const qir_type *const_type(onnx_call *c, qir_dtype dtype, const int64_t *dims, unsigned rank)
{
    const qir_type *t = qir_tensor_type(c->imp->ctx, dtype, dims, rank, c->imp->b.loc);
    if (!t)
        c->imp->model.file.failed = true;
    return t;
}

qir_value *onnx_new_const(onnx_call *c, qir_dtype dtype, const int64_t *dims, unsigned rank,
                          const void *data)
{
    const qir_type *t = const_type(c, dtype, dims, rank);
    const char *name = onnx_identifier(c->imp, c->node->out[0]);
    return t ? onnx_add_const(c->imp, name, t, data, true, c->imp->b.loc) : NULL;
}

qir_value *onnx_splat(onnx_call *c, qir_dtype dtype, const int64_t *dims, unsigned rank,
                      const void *element)
{
    const qir_type *t = const_type(c, dtype, dims, rank);
    const char *name = onnx_identifier(c->imp, c->node->out[0]);
    if (!t)
        return NULL;
    qir_const *k = qir_const_splat(c->imp->m, name, t, element, c->imp->b.loc);
    qir_map_put(&c->imp->bases, k, (void *)(uintptr_t)name);
    return &k->value;
}

qir_value *onnx_scalar(onnx_call *c, qir_dtype dtype, double v)
{
    if (dtype == QIR_f64)
        return onnx_new_const(c, QIR_f64, NULL, 0, &v);
    if (qir_dtype_is_float(dtype)) {
        float f = (float)v;
        return onnx_cast(c, onnx_new_const(c, QIR_f32, NULL, 0, &f), dtype);
    }
    int64_t i = (int64_t)v;
    return onnx_new_const(c, dtype, NULL, 0, &i);
}

bool onnx_is_weight(const qir_value *v)
{
    const qir_op *op = qir_value_op(v);
    return v->kind == QIR_VALUE_CONST || (op && op->opcode == QIR_OP_dequantize &&
                                          op->operands[0].value->kind == QIR_VALUE_CONST);
}

qir_value *onnx_transpose_weight(onnx_call *c, qir_value *w, const int64_t *perm)
{
    const qir_op *op = qir_value_op(w);
    if (!op)
        return onnx_transpose(c, w, perm);
    qir_value *q = onnx_transpose(c, op->operands[0].value, perm);
    return onnx_emit1(c, QIR_OP_dequantize, q, QIR_NO_ATTRS);
}

const qir_type *onnx_shaped(onnx_call *c, const qir_type *elem, const int64_t *dims, unsigned rank)
{
    const qir_type *t = qir_type_with_shape(c->imp->ctx, elem, dims, rank, c->imp->b.loc);
    if (!t)
        c->imp->model.file.failed = true;
    return t;
}

bool onnx_broadcast_dims(onnx_call *c, const int64_t *a, unsigned ra, const int64_t *b, unsigned rb,
                         int64_t *out, unsigned *rank)
{
    *rank = ra > rb ? ra : rb;
    for (unsigned i = 0; i < *rank; i++) { /* from the last dimension */
        int64_t da = i < ra ? a[ra - 1 - i] : 1, db = i < rb ? b[rb - 1 - i] : 1;
        if (da != db && da != 1 && db != 1)
            return onnx_error(c, "onnx.shape", "shapes do not broadcast");
        out[*rank - 1 - i] = da == 1 ? db : da;
    }
    return true;
}
