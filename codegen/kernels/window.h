/* Bands and panels (qir/kernel_plan.h) as code. */
#ifndef QIR_CODEGEN_KERNELS_WINDOW_H
#define QIR_CODEGEN_KERNELS_WINDOW_H

#include "llb.h"
#include "qir/kernel_plan.h"

typedef struct qcg_window {
    const qir_kernel_plan *plan;
    llb_type from; /* element of the operand */
    llb_type elem; /* element of band and panel */
    bool from_signed;
    llb_val padding;     /* constant scalar of type elem */
    llb_val band, panel; /* in the workspace */
} qcg_window;

/* Types, padding value and workspace addresses for the op being lowered.  `padding`: the stored
 * value that stands for real 0 (floats: 0). */
void qcg_window_init(qcg *g, qcg_window *w, const qir_kernel_plan *plan, int32_t padding);

/* Copies `count` elements, converting `from` to `elem`; touches nothing else. */
void qcg_widen(qcg *g, const qcg_window *w, llb_val dst, llb_val src, int64_t count);

/* Fills the band with the input rows under output rows row .. row + block - 1 of plane `plane`.
 * image: the operand at the batch entry. */
void qcg_band_fill(qcg *g, const qcg_window *w, llb_val image, llb_val plane, llb_val row);

/* Gathers panel rows from the band, channels of group `group` (an i64). */
void qcg_panel_gather(qcg *g, const qcg_window *w, llb_val group);

/* Panel rows straight from the operand, for direct plans. */
void qcg_panel_direct(qcg *g, const qcg_window *w, llb_val src);

#endif
