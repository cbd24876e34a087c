/* Elementwise arithmetic with two operands: the forms that are files of their own. */
#ifndef QIR_CODEGEN_KERNELS_BINARY_H
#define QIR_CODEGEN_KERNELS_BINARY_H

#include "kernels/elementwise.h"

/* The op on integers; their lanes are those of the result's type. */
llb_val qcg_int_div(qcg *g, const llb_val *in);
llb_val qcg_int_mod(qcg *g, const llb_val *in);
llb_val qcg_int_pow(qcg *g, const llb_val *in);
llb_val qcg_int_shift_left(qcg *g, const llb_val *in);
llb_val qcg_int_shift_right(qcg *g, const llb_val *in);
llb_val qcg_int_larger(qcg *g, const llb_val *in);
llb_val qcg_int_smaller(qcg *g, const llb_val *in);

/* mod of f32: the exact remainder. */
llb_val qcg_float_mod(qcg *g, const llb_val *in);

/* Lowers the op on 8-bit quantized operands, or diagnoses its types. */
bool qcg_binary_quantized(qcg *g);

#endif
