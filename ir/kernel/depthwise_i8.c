/* Depthwise convolution of bytes, widened to i16 in the band, or of i16. */
#include "kernel/kernel.h"

bool qir_plan_depthwise_i8(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    enum { BAND_BYTES = 24 << 10 };
    (void)level;
    if (qir_op_weight(op) < 0 || !qir_plan_is_depthwise(op, &p->w) || qir_plan_is_float(op))
        return false;
    p->wide = true;
    p->elem = sizeof(int16_t);
    qir_plan_bands(p, qir_plan_block_in(p, BAND_BYTES));
    qir_plan_spend_all(p, QIR_RATE_depthwise);
    return true;
}
