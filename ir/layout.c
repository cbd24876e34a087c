/* Which ops only rename memory: decided by comparing the strides of operand and result, so that a
 * transpose that undoes a physical order is as free as a reshape. */
#include "qir/layout.h"
#include "qir/ops.h"

bool qir_layout_agrees(const qir_type *a, const int64_t *perm, const qir_type *b)
{
    int64_t sa[QIR_MAX_RANK], sb[QIR_MAX_RANK];
    if (a->rank != b->rank || qir_dtype_bytes(a->dtype) != qir_dtype_bytes(b->dtype))
        return false;
    qir_type_strides(a, sa);
    qir_type_strides(b, sb);
    for (unsigned d = 0; d < b->rank; d++) {
        int64_t from = perm ? perm[d] : (int64_t)d;
        if (a->dims[from] != b->dims[d] || (b->dims[d] != 1 && sa[from] != sb[d]))
            return false;
    }
    return true;
}

bool qir_layout_is_row_major(const qir_type *t)
{
    int64_t strides[QIR_MAX_RANK], expected = 1;
    if (t->order == QIR_ORDER_row_major)
        return true;
    qir_type_strides(t, strides);
    for (unsigned d = t->rank; d-- > 0; expected *= t->dims[d])
        if (t->dims[d] != 1 && strides[d] != expected)
            return false;
    return true;
}

/* A slice of neighbouring elements: whole dimensions after the first that is cut, size 1 before. */
static bool is_contiguous_slice(const qir_op *op)
{
    const qir_value *x = qir_op_operand(op, 0);
    const qir_type *from = x->type, *to = op->results[0].type;
    size_t n;
    const int64_t *steps = qir_op_ints(op, "steps", &n);
    bool cut = false;
    for (size_t i = 0; i < n; i++)
        if (steps[i] != 1)
            return false;
    for (unsigned d = from->rank; d-- > 0;) {
        if (cut && to->dims[d] != 1)
            return false;
        cut = cut || to->dims[d] != from->dims[d];
    }
    return qir_layout_is_row_major(from) && qir_layout_is_row_major(to) &&
           qir_value_root((qir_value *)x)->kind != QIR_VALUE_CONST;
}

bool qir_op_is_view(const qir_op *op)
{
    const qir_value *x = qir_op_operand(op, 0);
    if (!x || op->nresults != 1 || x->type->kind != QIR_TENSOR)
        return false;
    const qir_type *from = x->type, *to = op->results[0].type;
    if (op->opcode == QIR_OP_transpose) {
        size_t n;
        return qir_layout_agrees(from, qir_op_ints(op, "perm", &n), to);
    }
    if (op->opcode == QIR_OP_slice)
        return is_contiguous_slice(op);
    if (op->opcode == QIR_OP_relayout || op->opcode == QIR_OP_storage_cast)
        return qir_layout_agrees(from, NULL, to);
    return qir_op_has_trait(op, QIR_TRAIT_VIEW) && qir_layout_is_row_major(from) &&
           qir_layout_is_row_major(to);
}

size_t qir_value_offset(const qir_value *v)
{
    size_t bytes = 0;
    for (const qir_op *op = qir_value_op(v); op && qir_op_is_view(op); op = qir_value_op(v)) {
        int64_t strides[QIR_MAX_RANK];
        size_t n;
        v = qir_op_operand(op, 0);
        if (op->opcode != QIR_OP_slice)
            continue;
        const int64_t *starts = qir_op_ints(op, "starts", &n);
        qir_type_strides(v->type, strides);
        for (unsigned d = 0; d < v->type->rank; d++)
            bytes += (size_t)(starts[d] * strides[d]) * qir_dtype_bytes(v->type->dtype);
    }
    return bytes;
}

bool qir_value_is_whole(const qir_value *v)
{
    const qir_value *root = qir_value_root((qir_value *)v);
    return root == v || qir_type_bytes(root->type) == qir_type_bytes(v->type);
}

qir_value *qir_value_root(qir_value *v)
{
    for (qir_op *op = qir_value_op(v); op && qir_op_is_view(op); op = qir_value_op(v))
        v = qir_op_operand(op, 0);
    return v;
}
