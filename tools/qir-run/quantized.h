/* -quantize-tensor, between measuring and printing. */
#ifndef QIR_RUN_QUANTIZED_H
#define QIR_RUN_QUANTIZED_H

#include "qir/fidelity.h"
#include "qir/qspec.h"
#include "run.h"

typedef struct quantized {
    run *r;
    qir_arena *arena;
    qir_qspec spec;
    const qir_type *type; /* of the array */
    const double *x, *y;  /* the array and what its codes stand for */
    const double *scale, *zero_point;
    int64_t *code, *cell; /* of each element */
    int64_t n, cells;
    double *lo, *hi; /* of each cell */
    qir_fidelity *cell_error, error;
} quantized;

/* A table, or JSON (-json).  False: diagnosed. */
bool quantized_print(const quantized *q);

#endif
