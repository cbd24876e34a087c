/* Elementwise ops: results shaped like the operand, or like the operands broadcast together. */
#include "infer.h"

#include <string.h>
#include "qir/qmath.h"

/* --- one operand ----------------------------------------------------------------------------- */

/* sigmoid and the like: the result range is known, so its parameters can be inferred. */
static bool fixed_result(qir_infer *q, const qir_qrule *rule, const infer_dims *dims,
                         const qir_type *x)
{
    if (q->results[0])
        return infer_result_free(q, 0, dims);
    bool is_signed = qir_dtype_is_signed(x->dtype);
    int32_t qmin = (int32_t)qir_dtype_min(x->dtype), qmax = (int32_t)qir_dtype_max(x->dtype);
    int32_t zp = rule->zero_point + (is_signed ? 0 : 128);
    const qir_quant *quant =
        qir_quant_per_tensor(q->module->ctx, x->dtype, qmin, qmax, rule->scale, zp, q->loc);
    if (!quant)
        return false;
    const qir_type *t = qir_type_with_quant(q->module->ctx, x, quant, q->loc);
    return t && infer_result(q, 0, dims, t);
}

bool qir_infer_same(qir_infer *q)
{
    const qir_op_desc *d = qir_op_desc_get(q->opcode);
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    if (d->traits & QIR_TRAIT_CLAMPED && !infer_bounds(q))
        return false;
    if (!x->quant)
        return infer_result(q, 0, &dims, x);
    if (!infer_activation(q, 0))
        return false;
    switch (d->qrule.kind) {
    case QIR_QR_FIXED:
        return fixed_result(q, &d->qrule, &dims, x);
    case QIR_QR_LOOKUP:
        return infer_result_free(q, 0, &dims);
    default:
        return infer_result(q, 0, &dims, x);
    }
}

bool qir_infer_gelu(qir_infer *q)
{
    return infer_word(q, "approximate", (const char *const[]){"none", "tanh", NULL}) &&
           qir_infer_same(q);
}

bool qir_infer_cast(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    const char *name = infer_string(q, "to");
    qir_dtype to;
    if (!qir_dtype_from_name(name, strlen(name), &to))
        return infer_fail(q, "attr.value", "unknown element type \"%s\"", name);
    return infer_result_plain(q, 0, &dims, to);
}

/* --- two operands ---------------------------------------------------------------------------- */

bool infer_broadcast(qir_infer *q, const qir_type *a, const qir_type *b, unsigned skip,
                     infer_dims *out)
{
    unsigned ra = a->rank - skip, rb = b->rank - skip;
    out->rank = ra > rb ? ra : rb;
    for (unsigned i = 0; i < out->rank; i++) { /* from the last dimension */
        int64_t da = i < ra ? a->dims[ra - 1 - i] : 1, db = i < rb ? b->dims[rb - 1 - i] : 1;
        if (da != db && da != 1 && db != 1)
            return infer_fail(q, "shape.broadcast",
                              "shapes of %s and %s do not broadcast: "
                              "dimensions %lld and %lld",
                              infer_text(q, a), infer_text(q, b), (long long)da, (long long)db);
        out->d[out->rank - 1 - i] = da == 1 ? db : da;
    }
    return true;
}

bool infer_same_element(qir_infer *q, const qir_type *a, const qir_type *b)
{
    return (a->dtype == b->dtype && !a->quant == !b->quant) ||
           infer_fail(q, "type.operand",
                      "operands of types %s and %s, expected equal element types", infer_text(q, a),
                      infer_text(q, b));
}

/* Values are compared or passed on as stored, so the parameters must be equal. */
static bool shared_params(qir_infer *q, const qir_type *a, const qir_type *b)
{
    return a->quant == b->quant ||
           infer_fail(q, "quant.shared",
                      "operands of types %s and %s, expected equal parameters; "
                      "requantize one",
                      infer_text(q, a), infer_text(q, b));
}

static bool add_ratios(qir_infer *q, const qir_quant *a, const qir_quant *b, const qir_quant *y)
{
    qir_qadd p;
    if (qir_sum_is_wide(a, b, y))
        return infer_multiplier(q, a->scale[0], 1.0f, y->scale[0]) &&
               infer_multiplier(q, b->scale[0], 1.0f, y->scale[0]);
    return qir_qadd_params(a->scale[0], a->zero_point[0], b->scale[0], b->zero_point[0],
                           y->scale[0], &p) ||
           infer_fail(q, "quant.multiplier",
                      "scales %g and %g of the operands over %g of the "
                      "result, expected ratios within [2^-10, 256)",
                      (double)a->scale[0], (double)b->scale[0], (double)y->scale[0]);
}

static bool quantized_broadcast(qir_infer *q, const infer_dims *dims, const qir_type *a,
                                const qir_type *b)
{
    if (!infer_activation(q, 0) || !infer_activation(q, 1))
        return false;
    if (qir_op_desc_get(q->opcode)->qrule.kind != QIR_QR_BINARY)
        return shared_params(q, a, b) && infer_result(q, 0, dims, a);
    if (!infer_result_free(q, 0, dims))
        return false;
    const qir_quant *y = q->results[0]->quant;
    if (q->opcode == QIR_OP_mul)
        return infer_multiplier(q, a->quant->scale[0], b->quant->scale[0], y->scale[0]);
    return add_ratios(q, a->quant, b->quant, y);
}

bool qir_infer_broadcast(qir_infer *q)
{
    const qir_op_desc *d = qir_op_desc_get(q->opcode);
    const qir_type *a = infer_type(q, 0), *b = infer_type(q, 1);
    infer_dims dims;
    if ((d->traits & QIR_TRAIT_CLAMPED && !infer_bounds(q)) || !infer_broadcast(q, a, b, 0, &dims))
        return false;
    if (a->quant && b->quant)
        return quantized_broadcast(q, &dims, a, b);
    return infer_same_element(q, a, b) && infer_result(q, 0, &dims, a);
}

/* Operands whose stored values are used side by side. */
static bool same_stored(qir_infer *q, const qir_type *a, const qir_type *b)
{
    return infer_same_element(q, a, b) && shared_params(q, a, b) && infer_movable(q, a);
}

bool qir_infer_compare(qir_infer *q)
{
    const qir_type *a = infer_type(q, 0), *b = infer_type(q, 1);
    infer_dims dims;
    return infer_broadcast(q, a, b, 0, &dims) && same_stored(q, a, b) &&
           infer_result_plain(q, 0, &dims, QIR_i1);
}

bool qir_infer_where(qir_infer *q)
{
    const qir_type *cond = infer_type(q, 0), *x = infer_type(q, 1), *y = infer_type(q, 2);
    infer_dims xy, dims;
    if (!infer_broadcast(q, x, y, 0, &xy) || !same_stored(q, x, y))
        return false;
    const qir_type *both = qir_type_with_shape(q->module->ctx, x, xy.d, xy.rank, q->loc);
    return both && infer_broadcast(q, cond, both, 0, &dims) && infer_result(q, 0, &dims, x);
}

bool qir_infer_prelu(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0), *slope = infer_type(q, 1);
    infer_dims dims, want = infer_dims_of(x);
    if (!infer_broadcast(q, x, slope, 0, &dims) || !infer_same_element(q, x, slope))
        return false;
    if (dims.rank != want.rank || memcmp(dims.d, want.d, dims.rank * sizeof *dims.d) != 0)
        return infer_fail(q, "shape.broadcast", "slope of type %s does not broadcast to %s",
                          infer_text(q, slope), infer_text(q, x));
    return infer_result(q, 0, &want, x);
}

bool qir_infer_batch_norm(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    if (x->rank < 2)
        return infer_fail(q, "shape.rank", "operand of rank %u, expected 2 or more", x->rank);
    for (unsigned i = 1; i < 5; i++) {
        const qir_type *p = infer_type(q, i);
        if (p->rank != 1 || p->dims[0] != x->dims[1])
            return infer_fail(q, "shape.operand", "operand %u has type %s, expected %lld elements",
                              i, infer_text(q, p), (long long)x->dims[1]);
    }
    float epsilon = infer_float(q, "epsilon");
    return (epsilon >= 0 || infer_fail(q, "attr.value",
                                       "epsilon %g, expected a number that is not "
                                       "negative",
                                       (double)epsilon)) &&
           infer_result(q, 0, &dims, x);
}
