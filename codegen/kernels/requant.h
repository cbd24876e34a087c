/* FP32-RNE requantization where no register tile is involved: sums of pools, means, products. */
#ifndef QIR_CODEGEN_KERNELS_REQUANT_H
#define QIR_CODEGEN_KERNELS_REQUANT_H

#include "llb.h"

/* rne(clamp(v, lo - zp, hi - zp)) + zp */
llb_val qcg_round_to_storage(qcg *g, llb_val v, int32_t lo, int32_t hi, int32_t zp);

/* i32 sums times a float (vector) multiplier to stored values of the op's result type. */
llb_val qcg_requantize(qcg *g, llb_val acc, llb_val multiplier, int32_t lo, int32_t hi);

/* sitofp of any lane count. */
llb_val qcg_to_float(qcg *g, llb_val v);

#endif
