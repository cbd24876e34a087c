/* The mean over positions of what a convolution or linear layer makes of one input. */
#ifndef QIR_MEAN_RESPONSE_H
#define QIR_MEAN_RESPONSE_H

#include "qir/eval.h"

/* Axis of the channels of the op's result. */
int qir_mean_response_axis(const qir_op *op);

/* out[c]: mean over all other axes of the op's sums for input `x` (elements of operand 0) and
 * `weight`, without bias and bounds.  False: diagnosed. */
bool qir_mean_response(const qir_op *op, const double *x, const qir_tensor *weight, double *out);

#endif
