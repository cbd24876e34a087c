/* What counts positions: ranges, one-hot, triangles, losses over classes. */
#include "core/compose.h"

qir_value *fe_iota(fe_builder *fe, int64_t first, int64_t step, int64_t n, unsigned axis,
                   unsigned rank)
{
    int64_t dims[QIR_MAX_RANK], *values = QIR_NEW_ARRAY(fe->scratch, int64_t, (size_t)n + 1);
    for (unsigned i = 0; i < rank; i++)
        dims[i] = i == axis ? n : 1;
    for (int64_t i = 0; i < n; i++)
        values[i] = (int64_t)((uint64_t)first + (uint64_t)step * (uint64_t)i);
    return fe_const(fe, QIR_i64, dims, rank, values);
}

qir_value *fe_gather(fe_builder *fe, qir_value *x, qir_value *indices, unsigned axis, bool elements)
{
    if (!x || !indices)
        return NULL;
    return fe_emit(fe, elements ? QIR_OP_gather_elements : QIR_OP_gather, QIR_OPERANDS(x, indices),
                   QIR_ATTRS({"axis", qir_attr_int(fe->ctx, (int64_t)axis)}), NULL);
}

/* Negative indices count from the end. */
static qir_value *from_start(fe_builder *fe, qir_value *indices, int64_t depth)
{
    qir_value *end = fe_emit2(fe, QIR_OP_add, indices, fe_scalar(fe, QIR_i64, (double)depth));
    qir_value *negative = fe_emit2(fe, QIR_OP_less, indices, fe_scalar(fe, QIR_i64, 0));
    return fe_where(fe, negative, end, indices);
}

qir_value *fe_one_hot(fe_builder *fe, qir_value *indices, int64_t depth, unsigned axis,
                      qir_value *on, qir_value *off)
{
    indices = fe_unsqueeze(fe, from_start(fe, fe_cast(fe, indices, QIR_i64), depth), axis);
    if (!indices)
        return NULL;
    qir_value *counts = fe_iota(fe, 0, 1, depth, axis, indices->type->rank);
    return fe_where(fe, fe_emit2(fe, QIR_OP_equal, indices, counts), on, off);
}

qir_value *fe_triangle(fe_builder *fe, qir_value *x, bool upper, int64_t k)
{
    unsigned rank = x->type->rank;
    if (rank < 2)
        return fe_error(fe, "shape", "rank %u, expected at least 2", rank), NULL;
    const int64_t *d = x->type->dims + rank - 2;
    enum { LARGEST = 1 << 28 }; /* bytes of the mask */
    if (d[1] && d[0] > LARGEST / d[1])
        return fe_error(fe, "shape", "a triangle of more than %d elements", LARGEST), NULL;
    size_t n = (size_t)(d[0] * d[1]);
    unsigned char *kept = QIR_NEW_ARRAY(fe->scratch, unsigned char, n + 1);
    for (size_t i = 0; i < n; i++) {
        int64_t diagonal = (int64_t)i % d[1] - (int64_t)i / d[1];
        kept[i] = upper ? diagonal >= k : diagonal <= k;
    }
    return fe_where(fe, fe_const(fe, QIR_i1, d, 2, kept), x, fe_zeros(fe, x->type->dtype, NULL, 0));
}

/* --- losses over classes -------------------------------------------------------------------------- */

/* Over all dimensions, to a scalar. */
static qir_value *total(fe_builder *fe, qir_opcode op, qir_value *x)
{
    static const int64_t axes[QIR_MAX_RANK] = {0, 1, 2, 3, 4, 5, 6, 7};
    return x ? fe_reduce(fe, op, x, axes, x->type->rank, false) : NULL;
}

/* The weight of every target: of its class, and 0 where it does not count; NULL: all 1. */
static bool target_weights(fe_builder *fe, const fe_nll *l, qir_value *counts, qir_value *target,
                           qir_value **out)
{
    qir_dtype t = l->x->type->dtype;
    *out = l->weight ? fe_gather(fe, l->weight, target, 0, false) : NULL;
    if (counts && l->weight)
        *out = fe_where(fe, counts, *out, fe_scalar(fe, t, 0));
    else if (counts)
        *out = fe_cast(fe, counts, t);
    return !fe->failed;
}

qir_value *fe_nll_loss(fe_builder *fe, const fe_nll *l)
{
    qir_value *target = fe_cast(fe, l->target, QIR_i64), *counts = NULL, *w;
    if (l->ignores) { /* class 0 stands for targets that are none */
        counts = fe_emit1(fe, QIR_OP_not,
                          fe_emit2(fe, QIR_OP_equal, target,
                                   fe_scalar(fe, QIR_i64, (double)l->ignored)), QIR_NO_ATTRS);
        target = fe_where(fe, counts, target, fe_scalar(fe, QIR_i64, 0));
    }
    qir_value *picked = fe_gather(fe, l->x, fe_unsqueeze(fe, target, 1), 1, true);
    if (!picked || !target_weights(fe, l, counts, target, &w))
        return NULL;
    picked = fe_reshape(fe, picked, target->type->dims, target->type->rank);
    qir_value *loss = fe_emit1(fe, QIR_OP_neg, picked, QIR_NO_ATTRS);
    if (w)
        loss = fe_emit2(fe, QIR_OP_mul, loss, w);
    if (l->reduction == FE_LOSS_NONE)
        return loss;
    if (l->reduction == FE_LOSS_MEAN && !w)
        return total(fe, QIR_OP_reduce_mean, loss);
    loss = total(fe, QIR_OP_reduce_sum, loss);
    return l->reduction == FE_LOSS_SUM
               ? loss
               : fe_emit2(fe, QIR_OP_div, loss, total(fe, QIR_OP_reduce_sum, w));
}
