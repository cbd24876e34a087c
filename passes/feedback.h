/* Rounding of weights with feedback of errors: what rounding one weight adds to the results of a row, the
 * weights of the row that are not rounded yet take back as well as they can. */
#ifndef QIR_FEEDBACK_H
#define QIR_FEEDBACK_H

#include "coupling.h"

/* One matrix of a layer, its columns in the factor's order. */
typedef struct qir_feedback {
    qir_coupling coupling;
    qir_matrix target; /* the weights as they should be: [columns][rows] */
    int64_t *index;    /* of the target's elements in the layer's weight */
} qir_feedback;

/* Rounds every weight in turn with the parameters of `type`, and puts what the integers stand for into
 * `value` (like the target).  Returns the error. */
double qir_round_with_feedback(const qir_feedback *f, const qir_type *type, float *value,
                               qir_arena *scratch);
/* The error of given values. */
double qir_rounding_error(const qir_feedback *f, const float *value, qir_arena *scratch);

#endif
