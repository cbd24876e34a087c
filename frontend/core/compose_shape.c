/* Parts, joins and axes. */
#include "core/compose.h"

qir_value *fe_narrow(fe_builder *fe, qir_value *x, int64_t axis, int64_t first, int64_t end)
{
    if (!x)
        return NULL;
    fe_slice_spec s = fe_whole(x->type);
    s.starts[axis] = first;
    s.ends[axis] = end;
    return fe_slice(fe, x, &s);
}

/* Entry `index` of dimension 0 of a constant: a second constant over its bytes.  NULL: not
 * possible. */
static qir_value *select_const(fe_builder *fe, qir_value *x, int64_t index)
{
    const qir_type *t = x->type;
    size_t bytes = qir_type_bytes(t) / (size_t)t->dims[0];
    const char *data = qir_const_data(qir_value_const(x));
    bool whole = bytes * (size_t)t->dims[0] == qir_type_bytes(t);
    if (!data || !whole || (t->quant && !qir_quant_is_per_tensor(t->quant)))
        return NULL;
    t = fe_shaped(fe, t, t->dims + 1, t->rank - 1);
    return t ? fe_add_const(fe, fe_const_base(fe, x), t, data + (size_t)index * bytes, false,
                            fe->b.loc)
             : NULL;
}

/* Parts of weights stay weights. */
static qir_value *select_weight(fe_builder *fe, qir_value *x, int64_t index)
{
    if (x->kind == QIR_VALUE_CONST)
        return select_const(fe, x, index);
    qir_value *q = select_const(fe, qir_op_operand(qir_value_op(x), 0), index);
    return q ? fe_emit1(fe, QIR_OP_dequantize, q, QIR_NO_ATTRS) : NULL;
}

qir_value *fe_select(fe_builder *fe, qir_value *x, int64_t axis, int64_t index)
{
    int64_t dims[QIR_MAX_RANK];
    qir_value *part = x && axis == 0 && fe_is_weight(x) ? select_weight(fe, x, index) : NULL;
    if (part || fe->failed)
        return part;
    part = fe_narrow(fe, x, axis, index, index + 1);
    if (!part)
        return NULL;
    for (unsigned i = 0, n = 0; i < part->type->rank; i++)
        if (i != axis)
            dims[n++] = part->type->dims[i];
    return fe_reshape(fe, part, dims, part->type->rank - 1);
}

qir_value *fe_concat(fe_builder *fe, qir_value *const *xs, uint32_t n, int64_t axis)
{
    for (uint32_t i = 0; i < n; i++)
        if (!xs[i])
            return NULL;
    if (n == 1)
        return xs[0];
    return fe_emit(fe, QIR_OP_concat, xs, n, QIR_ATTRS({"axis", qir_attr_int(fe->ctx, axis)}),
                   NULL);
}

qir_value *fe_swap_axes(fe_builder *fe, qir_value *x, unsigned a, unsigned b)
{
    int64_t perm[QIR_MAX_RANK];
    for (unsigned i = 0; i < QIR_MAX_RANK; i++)
        perm[i] = i == a ? b : i == b ? a : i;
    return fe_transpose(fe, x, perm);
}

qir_value *fe_unsqueeze(fe_builder *fe, qir_value *x, unsigned axis)
{
    int64_t dims[QIR_MAX_RANK + 1];
    if (!x)
        return NULL;
    if (x->type->rank == QIR_MAX_RANK)
        return fe_error(fe, "shape", "rank is above the limit of %d", QIR_MAX_RANK), NULL;
    for (unsigned i = 0; i <= x->type->rank; i++)
        dims[i] = i == axis ? 1 : x->type->dims[i > axis ? i - 1 : i];
    return fe_reshape(fe, x, dims, x->type->rank + 1);
}

qir_value *fe_zeros(fe_builder *fe, qir_dtype dtype, const int64_t *dims, unsigned rank)
{
    static const unsigned char zero[8];
    return fe_splat(fe, dtype, dims, rank, zero);
}
