/* Shrinking a module while it stays interesting: the library of qir-reduce, and of qcc -bisect.
 *
 * A strategy (one file each) knows one kind of simplification and the places of a module where it can be
 * done; which of them are done together is found by halving (reduce.c).  Every candidate is verified and
 * judged in a child process of its own (ask.c): it may crash, and several are judged at once. */
#ifndef QCC_TOOLS_REDUCE_H
#define QCC_TOOLS_REDUCE_H

#include <signal.h>
#include "qir/ir.h"

typedef struct reduce_options {
    /* Does the candidate still show what is looked for?  Called in a child process; slot: less than
     * `jobs`, no two children of one slot live at the same time. */
    bool (*interesting)(void *user, qir_module *candidate, unsigned slot);
    void *user;
    unsigned jobs;         /* children at a time, at least 1; the result does not depend on it */
    unsigned seconds;      /* that a child may take; 0: any */
    size_t max_tests;      /* stop after so many candidates; 0: any */
    const volatile sig_atomic_t *stop; /* set: end with what there is; may be NULL */
    /* After each round of children; may be NULL. */
    void (*progress)(void *user, const char *strategy, size_t ops, size_t tests);
    void *progress_user;
} reduce_options;

typedef struct reduce_result {
    qir_module *module; /* the caller destroys it */
    size_t tests;       /* candidates judged */
} reduce_result;

/* Shrinks a copy of `m` until no strategy finds anything.  False: `m` itself is not interesting. */
bool reduce_module(qir_module *m, const reduce_options *opts, reduce_result *out);

/* Ops that compute something: all of the main function but the return. */
size_t reduce_count_ops(qir_module *m);

/* Makes the function return these values; `from[k]`: the result it was before, or -1. */
void reduce_set_results(qir_func *f, qir_value *const *values, const int64_t *from, uint32_t n);

#endif
