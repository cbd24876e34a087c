/* quantize and dequantize whose parameters differ within the tensor. */
#ifndef QIR_CODEGEN_KERNELS_AFFINE_H
#define QIR_CODEGEN_KERNELS_AFFINE_H

#include "llb.h"

/* The op in work: quantize or dequantize with a type that has parameters per axis or per group. */
bool qcg_affine_by_type(qcg *g);

#endif
