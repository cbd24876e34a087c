/* Evaluation op by op over all samples: every op sees all samples before the next op runs, so that a
 * visitor may change what follows by what it saw.  Holds the live values of all samples, in memory or,
 * beyond a limit, in temporary files. */
#ifndef QIR_BREADTH_H
#define QIR_BREADTH_H

#include "qir/eval.h"
#include "qir/samples.h"

typedef struct qir_breadth_visitor {
    /* Before `op` runs; in[i][s]: operand i in sample s (NULL: absent).  It may replace constant
     * operands of `op`, which counts for this op already.  False: stop, diagnosed. */
    bool (*before)(void *user, qir_op *op, qir_tensor *const *in, int64_t samples);
    void *user;
    int64_t memory; /* bytes of values to hold there; 0: QIR_BREADTH_MEMORY */
} qir_breadth_visitor;

enum { QIR_BREADTH_MEMORY = 256 << 20 };

/* The first `n` samples through `f`.  False: diagnosed. */
bool qir_breadth_run(qir_func *f, qir_samples *samples, int64_t n, const qir_breadth_visitor *v);

#endif
