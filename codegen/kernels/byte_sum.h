/* Sums of two quantized tensors of bytes, each scaled by its factor (qir_qadd): add and sub, and what epilogues
 * add to their results. */
#ifndef QIR_CODEGEN_KERNELS_BYTE_SUM_H
#define QIR_CODEGEN_KERNELS_BYTE_SUM_H

#include "machine.h"

/* Of values of types a and b, one of type y within [lo, hi].  False: the scales are too far apart. */
bool qcg_byte_sum_get(const qir_type *a, const qir_type *b, const qir_type *y, bool subtract, int32_t lo,
                      int32_t hi, qcg_byte_sum *s);

/* Stored bytes of the sum of equally many of a and b. */
llb_val qcg_byte_sum_apply(qcg *g, const qcg_byte_sum *s, llb_val a, llb_val b);

#endif
