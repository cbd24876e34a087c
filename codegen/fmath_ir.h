/* The fp32 programs of qir/fmath.def on vectors of any length. */
#ifndef QIR_CODEGEN_FMATH_IR_H
#define QIR_CODEGEN_FMATH_IR_H

#include "llb.h"

llb_val qcg_fm_exp(qcg *g, llb_val x);
llb_val qcg_fm_log(qcg *g, llb_val x);
llb_val qcg_fm_sigmoid(qcg *g, llb_val x);
llb_val qcg_fm_tanh(qcg *g, llb_val x);
llb_val qcg_fm_floor(qcg *g, llb_val x);
llb_val qcg_fm_round(qcg *g, llb_val x); /* ties to even */
llb_val qcg_fm_pow(qcg *g, llb_val x, llb_val y);

/* The unary op being lowered (not relu, clamp). */
llb_val qcg_fm_unary(qcg *g, const qir_op *op, llb_val x);

#endif
