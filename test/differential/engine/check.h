/* What has to hold of a module before there is any code. */
#ifndef QCC_DIFFER_CHECK_H
#define QCC_DIFFER_CHECK_H

#include "subject.h"

/* A copy of `m` on which `pipeline` ran, verified and read back after each pass.  NULL: failed, printed. */
qir_module *check_transform(subject *s, qir_module *m, const char *pipeline);

/* Passes that keep results, one by one: their results.  False: failed, printed. */
bool check_passes(subject *s);

/* The module in the form that code is made of, as qcc makes it, and its results in `want`: the same, but
 * near for floats, whose batch norms are folded, and for pairs, which become integer ops.  NULL: failed,
 * printed. */
qir_module *check_lowered(subject *s, qir_tensor **want);

#endif
