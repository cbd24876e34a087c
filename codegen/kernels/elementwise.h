/* Shared by the elementwise kernels: operands in common lanes, one loop nest, bounds. */
#ifndef QIR_CODEGEN_KERNELS_ELEMENTWISE_H
#define QIR_CODEGEN_KERNELS_ELEMENTWISE_H

#include "kernels/nest.h"
#include "machine.h"

enum { QCG_ELEMENTWISE_WIDTH = 16 };

const qir_type *qcg_operand_type(const qcg *g, unsigned i);
const qir_type *qcg_result_type(const qcg *g);

/* Quantized per tensor, stored in at most 16 bits; in 8. */
bool qcg_is_scaled(const qir_type *t);
bool qcg_is_byte(const qir_type *t);

/* The result of n elements from those of each operand, all in the same lanes. */
typedef llb_val (*qcg_element_fn)(qcg *g, const llb_val *in);

/* Runs fn over the result with every operand broadcast to it, in the given lanes. */
bool qcg_elementwise(qcg *g, qcg_lane lane, qcg_element_fn fn);

/* Bytes to bytes: results[i] is that of the i-th smallest stored value of the operand. */
bool qcg_elementwise_table(qcg *g, const int8_t results[QCG_TABLE]);

/* Lanes that hold an op on plain values of type `t`: 64 bits where bounds apply before integers wrap. */
qcg_lane qcg_compute_lane(const qcg *g, qir_dtype t);

/* The op's bounds (relu: from 0), as its values are held: floats, plain integers in 64 bits, integers
 * of the result's quantized type. */
void qcg_bounds_of(const qir_op *op, float *min, float *max);
llb_val qcg_bound_float(qcg *g, llb_val v);
llb_val qcg_bound_int(qcg *g, llb_val v);
llb_val qcg_bound_stored(qcg *g, llb_val v);

#endif
