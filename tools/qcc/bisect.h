/* What -verify and -bisect share, and the parts of -bisect. */
#ifndef QCC_TOOLS_BISECT_H
#define QCC_TOOLS_BISECT_H

#include <math.h>
#include "qcc.h"
#include "verify.h"

/* --- verify.c --------------------------------------------------------------------------------- */
/* The ways that -verify=LIST names, the evaluator first; no list: all.  False: diagnosed. */
bool qcc_choose_ways(qcc_driver *d, verify_way ways[VERIFY_MAX_WAYS], size_t *n);
/* -verify-inputs, else made-up values and samples of -calibrate; `samples_only`: those alone where there
 * are any.  False: diagnosed. */
bool qcc_make_inputs(qcc_driver *d, qir_func *f, bool samples_only, verify_values *out);

/* --- bisect_compare.c ------------------------------------------------------------------------- */
/* How near results after a pass have to be to those before it: an SQNR in dB, or equality. */
#define BISECT_EQUAL ((double)INFINITY)

double bisect_demand(qir_module *before, qir_module *after);

/* Do `got` agree with `want`?  Values are compared as the reals that they stand for.  `sqnr`: where they
 * do not, how near they are. */
bool bisect_agree(double demand, const qir_tensor *want, const qir_tensor *got, size_t n, double *sqnr);

/* Evaluates both on run `k` of `in`; they agree, or one of them cannot be evaluated. */
bool bisect_same(qir_module *before, qir_module *after, const verify_values *in, size_t k, double demand,
                 double *sqnr);

/* The first op of `after` whose values are not near enough to those of the op of `before` that it stands
 * for; NULL: none. */
const qir_op *bisect_op(qir_module *before, qir_module *after, const verify_values *in, size_t k,
                        double demand);

/* --- bisect_reduce.c -------------------------------------------------------------------------- */
/* Shrinks what shows that a pass changes results (`pipeline`: it, with options), or that one of the ways
 * does, and writes it.  Remarks how to use it.  False: diagnosed. */
bool bisect_write_pass(qcc_driver *d, qir_module *before, const char *pipeline, double demand);
bool bisect_write_way(qcc_driver *d, qir_module *m, const verify_way *w);

#endif
