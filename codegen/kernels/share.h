/* Loops whose steps do not depend on one another, cut into shares for several tasks.
 *
 * With -fthreads the function of an op that is worth it has two more parameters, task and tasks:
 * one call does one share of the work.  The outermost of nested loops takes the share, everything
 * inside stays whole; of loops that follow each other each is cut by itself, since tasks do not
 * wait for one another inside an op.  Without those parameters nothing of this leaves a trace. */
#ifndef QIR_CODEGEN_SHARE_H
#define QIR_CODEGEN_SHARE_H

#include "llb.h"
#include "qir/rows.h"

typedef struct qcg_share {
    llb_loop loop; /* its iv: 0, step, ... */
    llb_if any;
    bool cut;
} qcg_share;

/* Like llb_begin from 0, at least one trip over all tasks.  `cut`: takes the share, if it is still
 * to be had.  Whole steps are the units; who has
 * what is left over has the last of them, too, so that a last step which is moved back overlaps no other task's.
 * Carries nothing. */
void qcg_share_begin(qcg *g, qcg_share *s, int64_t size, int64_t step, bool cut);
void qcg_share_end(qcg *g, qcg_share *s);

/* What is done once: by the last task. */
void qcg_once_begin(qcg *g, qcg_share *s, bool cut);
void qcg_once_end(qcg *g, qcg_share *s);

/* Which of nested loops, outermost first, to cut: the first with units enough, else the one with
 * most. */
unsigned qcg_share_choose(const int64_t *units, unsigned n);

/* What each task reads all of, half of which another has made: brings many lines at a time from that one's cache. */
void qcg_share_fetch(qcg *g, llb_val from, int64_t bytes);

/* Do tasks share the columns of the product that `op` is, rather than its rows?  Those that share columns read
 * operands that others made, and make results that others read; those that share rows all read the weights, which
 * stay in the cache that they share. */
bool qcg_shares_columns(const qir_op *op);

/* The op's steps depend on one another: one task does them all. */
void qcg_share_none(qcg *g);

/* The most tasks that an op is worth if its loops can be cut and a task does at least `grain` of
 * work (qir_codegen_options); 1: it takes no share. */
unsigned qcg_share_tasks(qir_level level, const qir_op *op, uint32_t grain);
/* The same of all ops of a region. */
unsigned qcg_share_rows_tasks(qir_level level, const qir_rows *r, uint32_t grain);

#endif
