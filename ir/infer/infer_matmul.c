/* matmul: numpy's rules, operands of rank 1 included. */
#include "infer.h"

/* A rank-1 left operand is a row, a rank-1 right operand a column; that dimension leaves the
 * result. */
static bool result_dims(qir_infer *q, const qir_type *a, const qir_type *b, infer_dims *out)
{
    int64_t ka = a->dims[a->rank - 1], kb = b->dims[b->rank == 1 ? 0 : b->rank - 2];
    if (ka != kb)
        return infer_fail(q, "shape.operand", "inner dimensions of %s and %s differ: %lld and %lld",
                          infer_text(q, a), infer_text(q, b), (long long)ka, (long long)kb);
    *out = (infer_dims){0};
    if (a->rank > 1 && b->rank > 1) {
        if (!infer_broadcast(q, a, b, 2, out))
            return false;
    } else {
        const qir_type *batched = a->rank > 1 ? a : b;
        for (unsigned i = 0; i + 2 < batched->rank; i++)
            out->d[out->rank++] = batched->dims[i];
    }
    return (a->rank == 1 || infer_push(q, out, a->dims[a->rank - 2])) &&
           (b->rank == 1 || infer_push(q, out, b->dims[b->rank - 1]));
}

static bool check_right(qir_infer *q, const qir_type *b)
{
    const qir_quant *bq = b->quant;
    return (!bq->dynamic && !bq->group && qir_dtype_bits(b->dtype) <= 8 &&
            (bq->axis < 0 || (bq->axis == (int)b->rank - 1 && b->rank > 1))) ||
           infer_fail(q, "quant.axis",
                      "right operand of type %s, expected 8 bits, quantized per "
                      "tensor or per last axis",
                      infer_text(q, b));
}

static bool quantized(qir_infer *q, const infer_dims *dims, const qir_type *a, const qir_type *b)
{
    if (!infer_activation(q, 0) || !check_right(q, b))
        return false;
    if (q->results[0] && !q->results[0]->quant)
        return infer_result_plain(q, 0, dims, QIR_i32);
    if (!infer_result_free(q, 0, dims))
        return false;
    for (size_t c = 0; c < b->quant->count; c++)
        if (!infer_multiplier(q, a->quant->scale[0], b->quant->scale[c],
                              q->results[0]->quant->scale[0]))
            return false;
    return true;
}

bool qir_infer_matmul(qir_infer *q)
{
    const qir_type *a = infer_type(q, 0), *b = infer_type(q, 1);
    infer_dims dims;
    if (!a->rank || !b->rank)
        return infer_fail(q, "shape.rank", "operands of types %s and %s, expected rank 1 or more",
                          infer_text(q, a), infer_text(q, b));
    if (!infer_bounds(q) || !infer_nonempty(q, a, "operand 0") ||
        !infer_nonempty(q, b, "operand 1") || !result_dims(q, a, b, &dims))
        return false;
    if (a->quant && b->quant)
        return quantized(q, &dims, a, b);
    return infer_same_element(q, a, b) && infer_result(q, 0, &dims, a);
}
