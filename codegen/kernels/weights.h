/* Constant weights and biases as the matrix kernels see them. */
#ifndef QIR_CODEGEN_KERNELS_WEIGHTS_H
#define QIR_CODEGEN_KERNELS_WEIGHTS_H

#include "machine.h"
#include "qir/qmath.h"

/* Per group a matrix [n][k]: k runs over taps in row order, input channel innermost. */
typedef struct qcg_weights {
    int64_t groups, n, k;
    const int16_t *i16; /* stored values minus zero points */
    int32_t raised;     /* what is added to operands on their way (see qir_kernel_plan) */
    const int32_t *excess; /* by row of all groups: what its products add too much; NULL: nothing */
} qcg_weights;

/* Row-major bytes of the weight, packed or not.  NULL: diagnosed. */
const void *qcg_weight_data(qcg *g, int64_t groups);

/* The weight of conv or linear between quantized values.  False: diagnosed (not a constant). */
bool qcg_weights_get(qcg *g, int64_t groups, qcg_weights *w);

/* The weight in the order of a packing, as a constant of the module: the operand itself where it
 * has been prepacked, else packed here (groups that share a block).  NULL: diagnosed. */
llb_val qcg_weights_packed(qcg *g, int64_t groups, qir_packing packing);

/* The same, packed here, with every row of k cut into so many sections (see qir_pack_shape_cut; 0: those
 * of the weight's type). */
llb_val qcg_weights_cut(qcg *g, int64_t groups, qir_packing packing, int64_t sections);
/* The same of one group, whose last block holds the first half of its rows alone. */
llb_val qcg_weights_halved(qcg *g, qir_packing packing, int64_t sections);

/* i32 start of the accumulators, per group padded to a multiple of `lanes`: bias - x_zp * sum(w).
 */
llb_val qcg_bias_fold(qcg *g, const qcg_weights *w, int32_t x_zp, unsigned lanes);
/* The same as numbers; NULL: diagnosed. */
int32_t *qcg_bias_folded(qcg *g, const qcg_weights *w, int32_t x_zp, unsigned lanes);
/* The stored bias; NULL if absent. */
bool qcg_bias_data(qcg *g, const void **data);
/* Factors of the requantization, per group padded to a multiple of `lanes`. */
const qir_factor *qcg_factors(qcg *g, const qcg_weights *w, unsigned lanes, int64_t *count);

/* A bound of |accumulator * multiplier| over all columns, from the actual weights and bias, for
 * operands of 8 bits. */
double qcg_largest_scaled(qcg *g, const qcg_weights *w);

#endif
