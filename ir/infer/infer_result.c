/* Filling and checking result types: shape, element, physical order. */
#include "infer.h"

static bool same_shape(const qir_type *t, const infer_dims *dims)
{
    if (t->kind != QIR_TENSOR || t->rank != dims->rank)
        return false;
    for (unsigned i = 0; i < t->rank; i++)
        if (t->dims[i] != dims->d[i])
            return false;
    return true;
}

/* Ranks other than the operands' have no counterpart of their order. */
static qir_order result_order(const qir_infer *q, unsigned rank)
{
    const qir_type *x = infer_type(q, 0);
    for (uint32_t i = 1; i < q->noperands; i++) {
        const qir_type *t = infer_type(q, i);
        if (t && t->rank > x->rank && qir_op_desc_get(q->opcode)->traits & QIR_TRAIT_ANY_ORDER)
            x = t;
    }
    return rank >= 3 && rank <= 5 && rank == x->rank ? infer_order(q) : QIR_ORDER_row_major;
}

bool infer_order_ok(qir_infer *q, unsigned i, const qir_type *given, qir_order want)
{
    return given->order == want || infer_orders_coincide(given) ||
           qir_op_desc_get(q->opcode)->traits & QIR_TRAIT_FREE_ORDER ||
           infer_fail(q, "type.order", "result %u has physical order %s, expected %s", i,
                      qir_order_name(given->order), qir_order_name(want));
}

static bool mismatch(qir_infer *q, unsigned i, const qir_type *want)
{
    return infer_fail(q, "type.result", "result %u has type %s, expected %s", i,
                      infer_text(q, q->results[i]), infer_text(q, want));
}

/* `elem` has the right element and any shape and order. */
static bool finish(qir_infer *q, unsigned i, const infer_dims *dims, const qir_type *elem)
{
    qir_context *ctx = q->module->ctx;
    const qir_type *given = q->results[i];
    qir_order order = result_order(q, dims->rank);
    if (given && same_shape(given, dims) && given->dtype == elem->dtype &&
        given->quant == elem->quant)
        return infer_order_ok(q, i, given, order);
    const qir_type *want = qir_type_with_shape(ctx, elem, dims->d, dims->rank, q->loc);
    if (!want)
        return false;
    want = qir_type_with_order(ctx, want, order);
    if (given && !q->reshape)
        return mismatch(q, i, want);
    q->results[i] = want;
    return true;
}

bool infer_result(qir_infer *q, unsigned i, const infer_dims *dims, const qir_type *like)
{
    return finish(q, i, dims, like);
}

bool infer_result_plain(qir_infer *q, unsigned i, const infer_dims *dims, qir_dtype elem)
{
    const qir_type *given = q->results[i];
    if (given && !given->quant && given->dtype == elem && same_shape(given, dims))
        return infer_order_ok(q, i, given, result_order(q, dims->rank));
    const qir_type *scalar = qir_tensor_type(q->module->ctx, elem, NULL, 0, q->loc);
    return finish(q, i, dims, scalar);
}

static bool wrong_shape(qir_infer *q, unsigned i, const infer_dims *dims)
{
    return infer_fail(q, "type.result", "result %u has type %s, expected shape %s", i,
                      infer_text(q, q->results[i]), infer_dims_text(q, dims));
}

/* What is given keeps its element. */
static bool give_shape(qir_infer *q, unsigned i, const infer_dims *dims)
{
    q->results[i] =
        qir_type_with_shape(q->module->ctx, q->results[i], dims->d, dims->rank, q->loc);
    return q->results[i];
}

bool infer_result_given(qir_infer *q, unsigned i, const infer_dims *dims)
{
    if (!q->results[i])
        return infer_fail(q, "type.infer",
                          "the type of result %u cannot be inferred: its "
                          "quantization parameters are free; write it out",
                          i);
    if (!same_shape(q->results[i], dims) &&
        !(q->reshape ? give_shape(q, i, dims) : wrong_shape(q, i, dims)))
        return false;
    return infer_order_ok(q, i, q->results[i], result_order(q, dims->rank));
}

bool infer_result_free(qir_infer *q, unsigned i, const infer_dims *dims)
{
    if (!infer_result_given(q, i, dims))
        return false;
    return qir_opcode_computes_on(q->opcode, q->results[i]) ||
           infer_fail(q, "type.result", "result %u has type %s, expected %s", i,
                      infer_text(q, q->results[i]), infer_activations(q));
}
