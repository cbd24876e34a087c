/* Integer depthwise convolution by columns: its constants, and results of one vector of channels. */
#ifndef QIR_CODEGEN_KERNELS_DEPTHWISE_TILE_H
#define QIR_CODEGEN_KERNELS_DEPTHWISE_TILE_H

#include "kernels/columns.h"
#include "kernels/sums.h"
#include "kernels/window.h"

/* Of a column, each of them vectors of a fourth of its channels (qir_columns). */
enum { QCG_COLUMN_VECTORS = 4 };

typedef struct qcg_depthwise {
    const qir_kernel_plan *p;
    const qcg_machine *m;
    qcg_columns c;
    qcg_sums sums;
    qcg_window win;
    llb_val w;    /* of phase 0; vectors of weights and sums are equally long */
    int64_t elem; /* bytes of a result */
} qcg_depthwise;

/* Weights, starts and scales in the order in which channels come out of the interleaving; p and c are set.
 * False: diagnosed. */
bool qcg_depthwise_constants(qcg *g, qcg_depthwise *d);

/* One vector of channels at neighbouring positions, and where its constants are. */
typedef struct qcg_depthwise_run {
    llb_val src, out, w, bias, scale;
    int64_t src_step, out_step; /* bytes from position to position */
    const llb_val *held;        /* columns of all positions where they are in registers; NULL: in planes */
    unsigned positions, tail;   /* tail: bytes of a vector that is not whole; 0: it is */
} qcg_depthwise_run;

/* The run of a phase that begins `start` bytes of channels behind phase 0. */
qcg_depthwise_run qcg_depthwise_run_of(qcg *g, const qcg_depthwise *d, llb_val start, llb_val out);

/* The results of a run, for all output rows at a time. */
void qcg_depthwise_tile(qcg *g, const qcg_depthwise *d, const qcg_depthwise_run *r);

#endif
