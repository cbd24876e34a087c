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
    const char *statistic; /* of the pass: layers that changed */
} qir_rounding_options;

/* The options of both passes, which qir_round_weights reads. */
#define QIR_ROUNDING_PASS_OPTIONS                                                                        \
    {"rows", QIR_OPT_INT, "4", "output positions to look at, per column of the weight; at least 8192 in all"}, \
    {"samples", QIR_OPT_INT, "0", "use the first so many; 0: all"},                                      \
    {"memory", QIR_OPT_INT, "0",                                                                         \
     "bytes of values to hold in memory, others go to temporary files (TMPDIR); 0: 256 MiB"}

/* Writes what it chose into the observers of weights, operand `codes`.  False: diagnosed. */
bool qir_round_weights(qir_pass *p, qir_module *m, const qir_rounding_options *o);

#endif
