/* Weights of all layers rounded with what their inputs are in the quantized model: what the passes
 * round-weights and refit-weights share. */
#ifndef QIR_ROUNDING_H
#define QIR_ROUNDING_H

#include "qir/pass.h"
#include "round_layer.h"

typedef struct qir_rounding_options {
    double damping, ridge; /* of qir_round_options */
    int64_t bits;        /* of weights, at most */
    int64_t search_bits; /* weights of at most so many bits get scales of their own */
    int64_t rows;        /* of a hessian, per column */
    int64_t samples;     /* to use; 0: all */
    int64_t memory;      /* for values of a run over all samples; 0: QIR_BREADTH_MEMORY */
    const char *statistic; /* of the pass: layers that changed */
} qir_rounding_options;

/* Writes what it chose into the observers of weights, operand `codes`.  False: diagnosed. */
bool qir_round_weights(qir_pass *p, qir_module *m, const qir_rounding_options *o);

#endif
