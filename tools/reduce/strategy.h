/* Between the strategies and what runs them. */
#ifndef QCC_TOOLS_REDUCE_STRATEGY_H
#define QCC_TOOLS_REDUCE_STRATEGY_H

#include "reduce.h"

/* The choice of places for one candidate. */
typedef struct reduction {
    const bool *chosen; /* NULL: none, places are counted */
    size_t places;      /* asked for so far */
} reduction;

/* Is the next place to be simplified?  A strategy asks for all of its places, always in the same order,
 * before it changes anything. */
bool reduce_take(reduction *r);

/* False: the choice makes no sense.  The result need not verify: then it is dropped. */
typedef bool (*reduce_run)(reduction *r, qir_module *m, qir_func *f);

#define STRATEGY(ident, text) bool reduce_##ident(reduction *r, qir_module *m, qir_func *f);
#include "strategies.def"
#undef STRATEGY

/* --- tidy.c: what every candidate goes through, and helpers ------------------------------------- */
/* Erases dead ops, arguments and constants that nothing uses, and functions but `f`. */
void reduce_tidy(qir_module *m, qir_func *f);

/* A constant of zeros (real 0 where quantized) of a type that is no packed one. */
qir_value *reduce_zero(qir_module *m, const qir_type *t);

#endif
