/* Evaluation op by op over all samples: every op sees all samples before the next op runs, so that a
 * visitor may change what follows by what it saw.  Holds the live values of all samples, in memory or,
 * beyond a limit, in temporary files. */
#ifndef QIR_BREADTH_H
#define QIR_BREADTH_H

#include "qir/eval.h"
#include "qir/pass.h"
#include "qir/samples.h"

enum { QIR_BREADTH_MEMORY = 256 << 20 };

typedef struct qir_breadth qir_breadth;

/* The first `n` samples, at the first op of `f`.  `memory`: bytes of values to hold there; 0:
 * QIR_BREADTH_MEMORY.  NULL: diagnosed. */
qir_breadth *qir_breadth_open(qir_func *f, qir_samples *samples, int64_t n, int64_t memory);
/* Runs what stands before `op`, from where it is now on.  False: diagnosed. */
bool qir_breadth_advance(qir_breadth *b, const qir_op *op);
/* The value that is operand `i` of the op that comes next, in every sample. */
const qir_tensor *qir_breadth_operand(const qir_breadth *b, const qir_op *op, uint32_t i);
void qir_breadth_close(qir_breadth *b);

typedef struct qir_breadth_visitor {
    /* Before `op` runs; in[i][s]: operand i in sample s (NULL: absent).  It may replace operands of
     * `op` by constants, which counts for this op already.  False: stop, diagnosed. */
    bool (*before)(void *user, qir_op *op, qir_tensor *const *in, int64_t samples);
    void *user;
    int64_t memory; /* as above */
    qir_pass *pass; /* tells how far it is; NULL: nobody does */
} qir_breadth_visitor;

/* All of `f`. */
bool qir_breadth_run(qir_func *f, qir_samples *samples, int64_t n, const qir_breadth_visitor *v);

#endif
