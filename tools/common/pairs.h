/* Ops of two forms of one model that compute the same. */
#ifndef QIR_RUN_PAIRS_H
#define QIR_RUN_PAIRS_H

#include "qir/fidelity.h"

typedef struct pair {
    const qir_op *measured, *reference;
    const double *value; /* of the reference, for the sample at hand */
    qir_fidelity fidelity;
} pair;

/* Pairs in program order of `measured`, in `arena`. */
size_t pairs_find(const qir_func *measured, const qir_func *reference, qir_arena *arena, pair **out);

/* What a person would call it. */
const char *pair_name(qir_context *ctx, const pair *p);

/* What a result of `op` stands for in the model, in `arena`. */
const double *pair_values(const qir_op *op, const qir_tensor *t, qir_arena *arena);

#endif
