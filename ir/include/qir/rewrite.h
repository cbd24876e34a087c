/* Rewriting with use-list upkeep, and a worklist driver for local patterns. */
#ifndef QIR_REWRITE_H
#define QIR_REWRITE_H

#include "qir/builder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Replaces all uses of op's result 0 by `v`, fuses op's location into that of `v`'s op and erases
 * `op`. */
void qir_replace_op(qir_op *op, qir_value *v);

/* Pure, and nothing uses its results. */
bool qir_op_is_dead(const qir_op *op);

/* The op that defines operand `i` if it has that opcode, else NULL. */
qir_op *qir_op_feeder(const qir_op *op, uint32_t i, qir_opcode opcode);

/* Erases the constants that nothing uses.  Returns how many. */
unsigned qir_erase_unused_consts(qir_module *m);

/* Erases `op` if it is pure and unused, then its operands' ops likewise.  Returns how many. */
unsigned qir_erase_dead(qir_op *op);

/* A local pattern: looks at `op`, rewrites around it, returns true if it changed anything (then `op`
 * may be gone).  New ops are revisited. */
typedef struct qir_rewriter qir_rewriter;
typedef bool (*qir_pattern)(qir_rewriter *rw, qir_op *op, void *user);

/* Applies the patterns to every op of `f` until nothing changes.  Order: program order, then ops
 * touched by rewrites.  Returns the number of rewrites. */
unsigned qir_rewrite_greedily(qir_func *f, const qir_pattern *patterns, size_t npatterns,
                              void *user);

/* To be used inside patterns instead of the plain functions, so that the driver sees changes. */
qir_builder qir_rewriter_builder(qir_rewriter *rw, qir_op *before);
void qir_rewriter_replace(qir_rewriter *rw, qir_op *op, qir_value *v);
void qir_rewriter_erase(qir_rewriter *rw, qir_op *op);
void qir_rewriter_touch(qir_rewriter *rw, qir_op *op); /* revisit */

#ifdef __cplusplus
}
#endif
#endif
