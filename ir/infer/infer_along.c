/* Ops that look at one axis: cumsum, arg_max, arg_min, top_k. */
#include "infer.h"

bool qir_infer_along(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    unsigned axis;
    return infer_axis(q, x->rank, &axis) && infer_result(q, 0, &dims, x);
}

/* Elements that can be compared as they are stored. */
static bool comparable(qir_infer *q, unsigned *axis)
{
    const qir_type *x = infer_type(q, 0);
    return infer_axis(q, x->rank, axis) && infer_movable(q, x);
}

bool qir_infer_arg(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = {0};
    unsigned axis;
    if (!comparable(q, &axis))
        return false;
    if (!x->dims[axis])
        return infer_fail(q, "shape.empty", "axis %u of %s has no elements", axis,
                          infer_text(q, x));
    for (unsigned i = 0; i < x->rank; i++)
        if (i != axis || infer_bool(q, "keepdims"))
            dims.d[dims.rank++] = i == axis ? 1 : x->dims[i];
    return infer_result_plain(q, 0, &dims, QIR_i64);
}

bool qir_infer_top_k(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    int64_t k = infer_int(q, "k");
    unsigned axis;
    if (!comparable(q, &axis))
        return false;
    if (k < 0 || k > x->dims[axis])
        return infer_fail(q, "shape.top_k", "k %lld of a dimension of size %lld", (long long)k,
                          (long long)x->dims[axis]);
    dims.d[axis] = k;
    return infer_result(q, 0, &dims, x) && infer_result_plain(q, 1, &dims, QIR_i64);
}
