/* Types, and arithmetic on their dimensions. */
#include <inttypes.h>

#include "core/fe.h"

const qir_type *fe_tensor_type(fe_builder *fe, qir_dtype dtype, const int64_t *dims, unsigned rank)
{
    const qir_type *t = qir_tensor_type(fe->ctx, dtype, dims, rank, fe->node.loc);
    fe->failed = fe->failed || !t;
    return t;
}

const qir_type *fe_shaped(fe_builder *fe, const qir_type *elem, const int64_t *dims, unsigned rank)
{
    const qir_type *t = qir_type_with_shape(fe->ctx, elem, dims, rank, fe->node.loc);
    fe->failed = fe->failed || !t;
    return t;
}

bool fe_broadcast_dims(fe_builder *fe, const int64_t *a, unsigned ra, const int64_t *b, unsigned rb,
                       int64_t *out, unsigned *rank)
{
    *rank = ra > rb ? ra : rb;
    for (unsigned i = 0; i < *rank; i++) { /* from the last dimension */
        int64_t da = i < ra ? a[ra - 1 - i] : 1, db = i < rb ? b[rb - 1 - i] : 1;
        if (da != db && da != 1 && db != 1)
            return fe_error(fe, "shape", "shapes do not broadcast");
        out[*rank - 1 - i] = da == 1 ? db : da;
    }
    return true;
}

bool fe_axis(fe_builder *fe, int64_t axis, unsigned rank, bool end, int64_t *out)
{
    int64_t limit = (int64_t)rank + (end ? 1 : 0);
    int64_t value = axis < 0 && axis >= -(int64_t)rank ? axis + (int64_t)rank : axis;
    if (value < 0 || value >= limit)
        return fe_error(fe, "axis", "axis %" PRId64 " is out of range for rank %u", axis, rank);
    *out = value;
    return true;
}
