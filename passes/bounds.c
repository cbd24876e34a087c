/* Bounds of results, as passes combine them. */
#include "bounds.h"

#include <math.h>
#include "qir/ops.h"

qir_bounds qir_bounds_of(const qir_op *op)
{
    if (op->opcode == QIR_OP_relu)
        return (qir_bounds){0.0f, INFINITY};
    return (qir_bounds){qir_op_float(op, "min"), qir_op_float(op, "max")};
}

static float clamp(float x, qir_bounds b)
{
    float low = x < b.min ? b.min : x;
    return low > b.max ? b.max : low;
}

qir_bounds qir_bounds_within(qir_bounds inner, qir_bounds outer)
{
    return (qir_bounds){clamp(inner.min, outer), clamp(inner.max, outer)};
}

bool qir_bounds_none(qir_bounds b)
{
    return b.min == -INFINITY && b.max == INFINITY;
}
