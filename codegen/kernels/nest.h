/* Loop nests over strided operands: what all elementwise and copying kernels run in. */
#ifndef QIR_CODEGEN_KERNELS_NEST_H
#define QIR_CODEGEN_KERNELS_NEST_H

#include "kernels/element.h"
#include "kernels/share.h"

enum { QCG_NEST_PTRS = 5, QCG_NEST_AXES = 2 * QIR_MAX_RANK };

/* Pointer 0 is the result; its order in memory decides the order of the loops. */
typedef struct qcg_nest {
    unsigned rank, nptr;
    int64_t dim[QCG_NEST_AXES];
    int64_t step[QCG_NEST_PTRS][QCG_NEST_AXES]; /* bytes; 0 repeats, negative runs backwards */
    int64_t elem[QCG_NEST_PTRS];               /* bytes of an element */
    llb_val ptr[QCG_NEST_PTRS];
    int64_t inner; /* units of the body's own loops, which tasks could share instead */
    unsigned cut;  /* the axis that tasks share (rank: none); chosen by qcg_nest_run */
} qcg_nest;

/* The body for n neighbouring elements at ptr[]; splat[i]: operand i holds one element for all. */
typedef void (*qcg_nest_fn)(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n);

/* Emits the loops: `width` elements at a time where everything is contiguous, else one by one.  The
 * iterations are independent (see share.h), or the caller has said qcg_share_none. */
void qcg_nest_run(qcg *g, qcg_nest *n, unsigned width, qcg_nest_fn fn, void *ctx);

/* Element strides of operand i as it lies in memory; -1: the result. */
void qcg_strides(qcg *g, int i, int64_t *strides);

/* A nest over the result with operand i of `nops` broadcast to it. */
void qcg_nest_elementwise(qcg *g, qcg_nest *n, unsigned nops);

/* Diagnoses that the op's types have no code; returns false. */
bool qcg_unsupported(qcg *g, const char *what);

#endif
