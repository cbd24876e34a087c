/* -compare-with, between measuring and reporting. */
#ifndef QIR_RUN_COMPARISON_H
#define QIR_RUN_COMPARISON_H

#include "pairs.h"
#include "qir/support/map.h"
#include "run.h"

typedef struct comparison {
    run *r;
    qir_module *module; /* the reference */
    qir_func *func;
    pair *pairs;
    size_t npairs;
    qir_map by_op;          /* op of either side -> pair */
    qir_fidelity *results;  /* one per result of the function */
    double **result_values; /* of the reference, for the sample at hand */
    qir_arena *arena, *scratch;
    int64_t samples;
} comparison;

/* A table, or JSON (-json).  False: diagnosed. */
bool comparison_report(comparison *c);

#endif
