/* FP32-RNE requantization where no register tile is involved: sums of pools, means, products. */
#ifndef QIR_CODEGEN_KERNELS_REQUANT_H
#define QIR_CODEGEN_KERNELS_REQUANT_H

#include "llb.h"
#include "qir/qmath.h"

/* rne(clamp(v, lo - zp, hi - zp)) + zp, for ranges up to those of i32 */
llb_val qcg_round_to_storage(qcg *g, llb_val v, int32_t lo, int32_t hi, int32_t zp);

/* Real lanes to integers with parameters per tensor: x * (1/scale), clamped, rounded, + zp; NaN gives zp. */
llb_val qcg_quantize(qcg *g, llb_val x, const qir_quant *q);

/* The same around zero points (i32 lanes) that are known at run time, or differ from lane to lane. */
llb_val qcg_round_around(qcg *g, llb_val v, int32_t lo, int32_t hi, llb_val zp);

/* i32 sums times a float (vector) multiplier to stored values of the op's result type. */
llb_val qcg_requantize(qcg *g, llb_val acc, llb_val multiplier, int32_t lo, int32_t hi);

/* The same by a factor of either arithmetic (qir/qmath.h). */
llb_val qcg_apply_factor(qcg *g, llb_val acc, const qir_factor *f, int32_t lo, int32_t hi);

/* Fixed-point factors of TensorFlow Lite, i32 vectors: acc * fraction * 2^(exponent - 31), rounded
 * twice or `once`. */
llb_val qcg_scale_fixed(qcg *g, llb_val acc, llb_val fraction, llb_val exponent, bool once);

/* Stored bytes within [lo, hi]. */
llb_val qcg_bound_bytes(qcg *g, llb_val bytes, bool is_unsigned, int32_t lo, int32_t hi);

/* sitofp of any lane count. */
llb_val qcg_to_float(qcg *g, llb_val v);

#endif
