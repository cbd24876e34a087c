/* Judging candidates in child processes. */
#ifndef QCC_TOOLS_REDUCE_ASK_H
#define QCC_TOOLS_REDUCE_ASK_H

#include "strategy.h"

/* A candidate: `base` with the chosen places simplified, tidied and verified.  NULL: there is none. */
qir_module *ask_build(qir_module *base, reduce_run strategy, const bool *chosen);

/* Judges n (at most opts->jobs) choices at once.  Returns the first that is interesting, or n. */
size_t ask_first(qir_module *base, reduce_run strategy, const bool *const *choices, size_t n,
                 const reduce_options *opts);

#endif
