/* -tasks: compiled code as several tasks. */
#ifndef QIR_RUN_TASKS_H
#define QIR_RUN_TASKS_H

#include "qir/codegen.h"
#include "run.h"

/* Runs the code again for each number of the option, its tasks one after another in several orders.
 * False: diagnosed, bytes differ from those in `out`. */
bool tasks_check(run *r, qir_jit *jit, const void *const *in, void *const *out);

#endif
