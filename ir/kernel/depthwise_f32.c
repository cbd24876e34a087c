/* Depthwise convolution of floats. */
#include "kernel/kernel.h"

bool qir_plan_depthwise_f32(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    enum { BAND_BYTES = 24 << 10 };
    (void)level;
    if (qir_op_weight(op) < 0 || !qir_plan_is_depthwise(op, &p->w) || !qir_plan_is_float(op))
        return false;
    p->is_float = true;
    p->elem = sizeof(float);
    qir_plan_bands(p, qir_plan_block_in(p, BAND_BYTES));
    qir_plan_spend_all(p, QIR_RATE_depthwise_f32);
    return true;
}
