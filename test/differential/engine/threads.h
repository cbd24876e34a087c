/* Modules under test, cut into tasks. */
#ifndef QCC_DIFFER_THREADS_H
#define QCC_DIFFER_THREADS_H

#include "qir/codegen.h"
#include "subject.h"

/* Runs `v` in process as tasks of a pool, if this machine has its level: the results have to be `want`.
 * False: failed, printed. */
bool threads_check(subject *s, const qir_variant *v, const qir_tensor *want);

#endif
