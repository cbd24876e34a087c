/* How the inputs of a layer vary together: for every group of its channels the sums over sampled output
 * positions that say what an error of the weights does to its results. */
#ifndef QIR_HESSIAN_H
#define QIR_HESSIAN_H

#include "matrix.h"
#include "patches.h"

typedef struct qir_hessian qir_hessian;

typedef struct qir_hessian_options {
    int64_t rows;  /* positions to take per column, of all samples together; at least 8192 in all */
    bool centred;  /* a bias behind takes the mean: rows less their mean */
    bool inexact;  /* the float model's inputs are given, too */
    unsigned threads; /* for what is computed here and of the result, at most */
} qir_hessian_options;

/* For `samples` samples of the operand of `op`, in `arena`. */
qir_hessian *qir_hessian_create(const qir_op *op, int64_t samples, const qir_hessian_options *o,
                                qir_arena *arena);

/* Samples in their order.  `x`: what the quantized model's layer sees, `real`: the float model's. */
void qir_hessian_add(qir_hessian *h, const float *x, const float *real);
/* After the last sample. */
void qir_hessian_finish(qir_hessian *h);

unsigned qir_hessian_threads(const qir_hessian *h);
const qir_patches *qir_hessian_patches(const qir_hessian *h);
/* Upper triangle of the mean of x^T x; data NULL: there are so few rows that they are kept. */
const qir_matrix *qir_hessian_of(const qir_hessian *h, int64_t group);
/* The mean of (real - x)^T x. */
const qir_matrix *qir_hessian_cross(const qir_hessian *h, int64_t group);
/* What is kept: rows whose x^T x and (real - x)^T x are these means. */
const qir_matrix *qir_hessian_rows(const qir_hessian *h, int64_t group);
const qir_matrix *qir_hessian_errors(const qir_hessian *h, int64_t group);

#endif
