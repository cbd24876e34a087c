/* Rounding of weights with feedback of errors: what rounding one weight adds to the results of a row, the
 * weights of the row that are not rounded yet take back as well as they can. */
#ifndef QIR_FEEDBACK_H
#define QIR_FEEDBACK_H

#include "matrix.h"
#include "qir/support/arena.h"
#include "qir/types.h"

/* One matrix of a layer: its columns are rows here, in an order in which the last is rounded first. */
typedef struct qir_feedback {
    qir_matrix factor; /* U, with U^T U what errors are measured by */
    qir_matrix target; /* the weights as they should be: [columns][rows] */
} qir_feedback;

/* Rounds every weight in turn with the parameters of `type` at `index`[i] for element i of the target, and
 * puts what the integers stand for into `value` (like the target).  Returns the error. */
double qir_round_with_feedback(const qir_feedback *f, const qir_type *type, const int64_t *index,
                               float *value, qir_arena *scratch);
/* The error |U (value - target)|^2 of given values. */
double qir_rounding_error(const qir_feedback *f, const float *value, qir_arena *scratch);

#endif
