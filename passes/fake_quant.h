/* Fake quantization while ranges are measured. */
#ifndef QIR_FAKE_QUANT_H
#define QIR_FAKE_QUANT_H

#include "qir/ir.h"
#include "qir/support/arena.h"

/* What an observe op that fake-quantizes makes of `x`, with the range of each cell seen so far, as PyTorch's
 * fused_moving_avg_obs_fake_quant does.  Its scale is not quite the observer's: symmetric ranges reach one code
 * further down than there are codes. */
void qir_fake_quantize(const qir_op *observe, const float *lo, const float *hi, const float *x, float *y,
                       qir_arena *scratch);

#endif
