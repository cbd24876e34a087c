/* What calibration and the application of profiles ask of `observe` ops. */
#ifndef QIR_OBSERVING_H
#define QIR_OBSERVING_H

#include "qir/ir.h"
#include "qir/observer.h"

/* The kind that the op names.  False: diagnosed. */
bool qir_observe_choice(const qir_op *op, qir_observer_choice *out);

/* What the range is for. */
qir_observer_goal qir_observe_goal(const qir_op *op);

/* Cells of the op, each with parameters of its own: 1 per tensor, the channels along its axis, or groups of
 * them. */
int64_t qir_observe_cells(const qir_op *op);
/* The values of one cell of `n` elements of the tensor `x`, in `buffer` (as many values as the
 * tensor) unless they lie together. */
const float *qir_observe_cell(const qir_op *op, const float *x, int64_t cell, float *buffer,
                              int64_t *n);

/* What a person would call the observed value. */
const char *qir_observe_name(const qir_op *op);

/* Index of the first value that is not finite; -1 if there is none. */
int64_t qir_first_non_finite(const float *x, int64_t n);

#endif
