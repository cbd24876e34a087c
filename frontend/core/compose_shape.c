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

qir_value *fe_select(fe_builder *fe, qir_value *x, int64_t axis, int64_t index)
{
    qir_value *part = fe_narrow(fe, x, axis, index, index + 1);
    int64_t dims[QIR_MAX_RANK];
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
    return fe_emit(fe, QIR_OP_concat, xs, n, QIR_ATTRS({"axis", qir_attr_int(fe->ctx, axis)}), NULL);
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
