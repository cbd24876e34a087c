/* Arithmetic on lanes as qcg_load_elements gives them, for every element type. */
#ifndef QIR_CODEGEN_KERNELS_ARITH_H
#define QIR_CODEGEN_KERNELS_ARITH_H

#include "llb.h"

typedef enum qcg_fold { QCG_SUM, QCG_PRODUCT, QCG_LARGEST, QCG_SMALLEST } qcg_fold;

/* a with b folded in; the larger and smaller as the evaluator's EVAL_MAX and EVAL_MIN: NaN of either
 * side wins, ties keep a. */
llb_val qcg_fold_lanes(qcg *g, qcg_fold f, qir_dtype t, llb_val a, llb_val b);

/* A constant in the type that floats of type t compute in: f64, or f32. */
llb_val qcg_reals(qcg *g, qir_dtype t, double v, unsigned n);

/* Lanes with which folding begins: 0 and 1; the type's lowest and highest value. */
llb_val qcg_fold_start(qcg *g, qcg_fold f, const qir_type *t, unsigned n);

/* Is x beyond `than` (larger; `largest` false: smaller), or NaN?  Lanes of i1. */
llb_val qcg_beats(qcg *g, bool largest, qir_dtype t, llb_val x, llb_val than);

#endif
