/* update_slice: part of a tensor replaced. */
#include "infer.h"

bool qir_infer_update_slice(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0), *u = infer_type(q, 1), *start = infer_type(q, 2);
    int64_t at[QIR_MAX_RANK];
    unsigned axis;
    infer_dims dims = infer_dims_of(x);
    if (!infer_axis(q, x->rank, &axis) || !infer_list(q, "at", x->rank, 0, "attr.value", at))
        return false;
    if (qir_type_elements(start) != 1)
        return infer_fail(q, "shape.operand", "start of type %s, expected one element",
                          infer_text(q, start));
    bool fits = u->rank == x->rank && u->dtype == x->dtype && u->quant == x->quant;
    for (unsigned i = 0; fits && i < x->rank; i++)
        fits = u->dims[i] <= x->dims[i];
    if (!fits)
        return infer_fail(q, "shape.operand", "%s does not fit into %s", infer_text(q, u),
                          infer_text(q, x));
    return infer_movable(q, x) && infer_result(q, 0, &dims, x);
}
