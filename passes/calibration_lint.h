/* Calibration lint: what is suspicious about the samples, told once at the end, each finding with a
 * warning flag of its own.  A few numbers per observer and per channel are kept beside the
 * observers; they are not part of the profile. */
#ifndef QIR_CALIBRATION_LINT_H
#define QIR_CALIBRATION_LINT_H

#include "profile.h"
#include "qir/eval.h"
#include "qir/ir.h"

typedef struct qir_lint qir_lint;

/* For samples 0 to total - 1 of function `f`; memory from `arena`. */
qir_lint *qir_lint_create(qir_func *f, qir_arena *arena, int64_t total);
/* The arguments of one sample. */
void qir_lint_inputs(qir_lint *l, const qir_tensor *in);
/* The finite values that an observe op sees in one sample. */
void qir_lint_value(qir_lint *l, const qir_op *observe, const qir_tensor *x, int64_t sample);
/* Tells what was found, unless `profile` is NULL, and frees. */
void qir_lint_finish(qir_lint *l, const qir_profile *profile);

#endif
