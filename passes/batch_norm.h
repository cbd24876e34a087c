/* A batch norm with constant statistics, and what it makes of the weight and bias of the op before it. */
#ifndef QIR_BATCH_NORM_H
#define QIR_BATCH_NORM_H

#include "qir/ir.h"

/* Per channel; data borrowed from constants. */
typedef struct qir_norm {
    int64_t channels;
    const float *gamma, *beta, *mean, *var;
    float epsilon;
} qir_norm;

/* Reads a batch_norm op; false: another op, or not all of it is constant. */
bool qir_norm_match(const qir_op *op, qir_norm *n);

/* The data of a plain f32 constant; NULL for anything else. */
const float *qir_const_f32(const qir_value *v);

/* r = 1 / sqrt(var + epsilon). */
float qir_norm_reciprocal(const qir_norm *n, int64_t channel);

/* May `op` (conv, conv_transpose, linear) take a batch norm that follows it? */
bool qir_norm_folds_into(const qir_op *op);

/* New constants for `op`, which qir_norm_folds_into.  W'[o] = W[o] * (gamma[o] * r[o]) of the f32 constant `w`;
 * b'[o] = (b[o] - mean[o]) * r[o] * gamma[o] + beta[o], left to right, for linear (b[o] - mean[o]) * (gamma[o] * r[o])
 * + beta[o]; `b` NULL for zeros. */
qir_const *qir_norm_fold_weight(qir_op *op, const qir_norm *n, const qir_value *w);
qir_const *qir_norm_fold_bias(qir_op *op, const qir_norm *n, const qir_value *b);

/* Gives `op` the bias, whether it had one or not. */
void qir_set_bias(qir_op *op, qir_value *bias);

#endif
