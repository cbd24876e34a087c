/* Pools: read where they are, or, padded, from bands. */
#include "kernel/kernel.h"

bool qir_plan_pool(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    enum { BAND_BYTES = 24 << 10 };
    (void)level;
    if (qir_op_weight(op) >= 0)
        return false;
    p->is_float = qir_plan_is_float(op);
    p->elem = qir_dtype_bytes(op->operands[0].value->type->dtype);
    if (p->w.padded)
        qir_plan_bands(p, qir_plan_block_in(p, BAND_BYTES));
    qir_plan_spend_all(p, QIR_RATE_copied);
    return true;
}
