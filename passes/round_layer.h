/* The weights of one layer, rounded with what is known of its inputs. */
#ifndef QIR_ROUND_LAYER_H
#define QIR_ROUND_LAYER_H

#include "hessian.h"

typedef struct qir_round_options {
    double damping; /* added to the diagonal, in parts of its mean */
    double ridge;   /* the same where weights are first fitted to the real inputs that the quantized ones
                       stand for; 0: they are not */
    bool search;    /* scales */
} qir_round_options;

typedef struct qir_rounding {
    const qir_type *type; /* with the parameters */
    const float *value;   /* what the rounded weights stand for; NULL: no matrix has a factor */
    double before, after; /* the error of the values before and of these */
} qir_rounding;

/* `observe`: of the weight, `weight`: as it is, `before`: what stands for it so far, both in the order of
 * the constant.  The result is in `arena`. */
qir_rounding qir_round_layer(const qir_hessian *h, const qir_op *observe, const float *weight,
                             const float *before, const qir_round_options *o, qir_arena *arena);

#endif
