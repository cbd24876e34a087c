/* Elements of every type in registers: how they are loaded, converted and stored.  f16 and bf16
 * compute in f32 and are converted by bits, since no level has instructions for both. */
#ifndef QIR_CODEGEN_KERNELS_ELEMENT_H
#define QIR_CODEGEN_KERNELS_ELEMENT_H

#include "llb.h"

/* What the lanes of a vector hold.  Integers of up to 32 bits are extended as their sign says; u32
 * and u64 fill their lanes, so that their comparisons and quotients have to be unsigned. */
typedef enum qcg_lane { QCG_F32, QCG_F64, QCG_I32, QCG_I64 } qcg_lane;

/* The lanes of a type: f32 of f16 and bf16, i32 of integers up to 32 bits. */
qcg_lane qcg_lane_of(qir_dtype t);
llb_type qcg_lane_type(qcg *g, qcg_lane lane, unsigned n);
/* A number in every lane; `v` is exact in them. */
llb_val qcg_lane_const(qcg *g, qcg_lane lane, double v, unsigned n);

/* LLVM type of a stored element. */
llb_type qcg_storage(qcg *g, qir_dtype t);

/* n stored elements in the lanes of their type; `splat` loads one and repeats it. */
llb_val qcg_load_elements(qcg *g, qir_dtype t, llb_val ptr, unsigned n, bool splat);
/* Lanes of any kind to stored elements: integers are cut to the type, floats rounded to it. */
void qcg_store_elements(qcg *g, qir_dtype t, llb_val v, llb_val ptr);

/* Lanes of type `t` as other lanes of the same kind, or integers as floats. */
llb_val qcg_to_lane(qcg *g, qir_dtype t, llb_val v, qcg_lane lane);

/* Float lanes truncated and saturated to an integer type, in its lanes; NaN gives 0. */
llb_val qcg_float_to_int(qcg *g, llb_val v, qir_dtype to);

#endif
