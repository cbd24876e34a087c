/* Conditions of rows that several quantizers use. */
#include <string.h>
#include "qir/ops.h"
#include "qir/quantizer.h"

bool qir_pads_with_zero(const qir_op *op)
{
    return strcmp(qir_op_string(op, "mode"), "constant") != 0 || qir_op_float(op, "value") == 0.0f;
}

static bool reduces_trailing_pair(const qir_op *op)
{
    size_t n;
    const int64_t *axes = qir_op_ints(op, "axes", &n);
    return n == 2 && axes[0] == 2 && axes[1] == 3;
}

static bool covers(const qir_op *op, const qir_type *x)
{
    size_t nkernel, npads;
    const int64_t *kernel = qir_op_ints(op, "kernel", &nkernel);
    const int64_t *pads = qir_op_ints(op, "pads", &npads);
    for (size_t i = 0; i < npads; i++)
        if (pads[i] != 0)
            return false;
    return nkernel == 2 && kernel[0] == x->dims[2] && kernel[1] == x->dims[3];
}

bool qir_pools_whole_image(const qir_op *op)
{
    const qir_type *x = qir_op_operand(op, 0)->type;
    if (x->rank != 4)
        return false;
    return op->opcode == QIR_OP_reduce_mean ? reduces_trailing_pair(op) : covers(op, x);
}

/* PyTorch leaves transposed convolutions with groups in float, whose groups would share scales. */
bool qir_is_ungrouped(const qir_op *op)
{
    return qir_op_int(op, "groups") == 1;
}
