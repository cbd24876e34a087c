/* One step of the products of a register tile (gemm_tile.c): some elements of w, for all rows and columns. */
#ifndef QIR_CODEGEN_KERNELS_GEMM_STEP_H
#define QIR_CODEGEN_KERNELS_GEMM_STEP_H

#include "kernels/gemm.h"

enum { QCG_MOST_VECTORS = 24 }; /* of weights in registers */

/* The sums of a tile on their way along k. */
typedef struct qcg_summing {
    const qcg_gemm *m;
    qcg_tile tile; /* all rows: */
    unsigned rows; /* those of the operand; a further one is of ones */
    const llb_val *less;
    int64_t fetch_step;
    qcg_axis axes[QCG_RUN_AXES + 1]; /* the runs', then the steps of `each` elements of w in a run */
    unsigned each, rest;             /* elements of w left in a run */
    unsigned taps;                   /* that share their operands, and are summed up at a time */
    bool unrolled;
    bool halved; /* the last vector's words are half as many */
    unsigned count;
    llb_val sum[LLB_MAX_CARRY];
} qcg_summing;

/* Where the elements of w, of the operand and of what is prefetched begin; last: of w for the last vector, if its
 * words are halved. */
typedef struct qcg_places {
    llb_val a, w, last, fetch;
} qcg_places;

/* Rows that one dot step multiplies. */
unsigned qcg_step_rows(const qcg_machine *vm);
/* Bytes of an element of w, for one vector of columns; of the elements of the operand that belong to it. */
int64_t qcg_words_bytes(const qcg_gemm *m);
int64_t qcg_element_bytes(const qcg_gemm *m);

/* Adds the products of `elements` of w per column, and of each tap, to the sums. */
void qcg_gemm_step(qcg *g, qcg_summing *s, unsigned elements, qcg_places at);

#endif
