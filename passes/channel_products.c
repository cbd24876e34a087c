/* How products of two activations carry factors of channels (rules of channel_rules.c): those of one of
 * them, while all others keep factor 1. */
#include "channel_rules.h"

/* The span of operand `i`, whose axis counts from the end and must be as long in the result. */
static qir_span carried(qir_channels *c, const qir_op *op, uint32_t i)
{
    const qir_type *x = qir_op_operand(op, i)->type, *y = op->results[0].type;
    qir_span s = qir_channels_span(c, qir_op_operand(op, i));
    if (s.axis < 0)
        return qir_channels_pin_all(c, op);
    int axis = s.axis + (int)y->rank - (int)x->rank;
    bool summed = x->rank < 2 || s.axis == (int)x->rank - 2;
    if (summed || axis < 0 || y->dims[axis] != s.n || !qir_is_homogeneous(op))
        return qir_channels_pin_all(c, op);
    for (uint32_t k = 0; k < op->noperands; k++)
        if (k != i)
            qir_channels_pin(c, qir_op_operand(op, k));
    s.axis = axis;
    return s;
}

/* Columns and leading dimensions of b. */
qir_span qir_channels_matmul(qir_channels *c, const qir_op *op)
{
    return carried(c, op, 1);
}

/* Columns and leading dimensions (heads) of v. */
qir_span qir_channels_attention(qir_channels *c, const qir_op *op)
{
    return carried(c, op, 2);
}
