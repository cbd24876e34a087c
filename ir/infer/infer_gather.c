/* gather: shape of the result, indices that are known. */
#include "infer.h"

static int64_t read_index(const void *data, qir_dtype t, int64_t i)
{
    switch (t) {
    case QIR_i64:
        return ((const int64_t *)data)[i];
    case QIR_i32:
        return ((const int32_t *)data)[i];
    default:
        return 0;
    }
}

/* Indices that are known now; those of a side file are checked when evaluated. */
static bool check_indices(qir_infer *q, int64_t size)
{
    const qir_type *t = infer_type(q, 1);
    qir_const *c = qir_value_const(q->operands[1]);
    if (!c || c->payload == QIR_PAYLOAD_PARAM)
        return true;
    int64_t n = c->payload == QIR_PAYLOAD_SPLAT ? 1 : qir_type_elements(t);
    for (int64_t i = 0; i < n; i++) {
        int64_t v = read_index(c->data, t->dtype, i);
        if (v < -size || v >= size)
            return infer_fail(q, "shape.gather", "index %lld outside a dimension of size %lld",
                              (long long)v, (long long)size);
    }
    return true;
}

bool qir_infer_gather(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0), *indices = infer_type(q, 1);
    infer_dims dims = {0};
    unsigned axis;
    if (!infer_axis(q, x->rank, &axis) || !infer_movable(q, x))
        return false;
    if (indices->dtype != QIR_i32 && indices->dtype != QIR_i64)
        return infer_fail(q, "type.operand", "indices of type %s, expected i32 or i64",
                          infer_text(q, indices));
    if (!x->dims[axis] && qir_type_elements(indices))
        return infer_fail(q, "shape.empty", "gathers from an axis without elements");
    for (unsigned i = 0; i < x->rank; i++) {
        for (unsigned j = 0; i == axis && j < indices->rank; j++)
            if (!infer_push(q, &dims, indices->dims[j]))
                return false;
        if (i != axis && !infer_push(q, &dims, x->dims[i]))
            return false;
    }
    return check_indices(q, x->dims[axis]) && infer_result(q, 0, &dims, x);
}
