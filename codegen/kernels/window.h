/* Bands and panels (qir/kernel_plan.h) as code. */
#ifndef QIR_CODEGEN_KERNELS_WINDOW_H
#define QIR_CODEGEN_KERNELS_WINDOW_H

#include "qir/kernel_plan.h"
#include "kernels/share.h"

typedef struct qcg_window {
    const qir_kernel_plan *plan;
    llb_type from; /* element of the operand */
    llb_type elem; /* element of band and panel */
    unsigned chunk; /* elements of a vector of the level, or more; a power of two */
    bool from_signed;
    llb_val padding;     /* scalar of type elem */
    llb_val zero_points; /* from run time, i32 of each row or image (or one for all); NULL: none */
    bool one_zero_point;
    llb_val zero;        /* of the row or image at hand: what centring subtracts; NULL: nothing */
    llb_val band, panel; /* in the workspace */
    int64_t inner;       /* units of the loops inside a step that tasks could share instead */
} qcg_window;

/* Types, padding value and workspace addresses for the op being lowered.  `padding`: the stored
 * value that stands for real 0 (floats: 0). */
void qcg_window_init(qcg *g, qcg_window *w, const qir_kernel_plan *plan, int32_t padding);

/* A zero point of operand 2, within the type of operand 0. */
llb_val qcg_zero_point(qcg *g, llb_val z);

/* Operand 2 holds zero points (linear_dynamic, conv_dynamic).  Padding stands for 0. */
void qcg_window_take_zero_points(qcg *g, qcg_window *w);

/* One step of a plan. */
typedef struct qcg_block {
    llb_val rows;              /* direct: panel rows, filled (in_place: the operand's own); else NULL */
    llb_val image, plane, row; /* else: operand at the batch entry, first output plane and row */
    llb_val at;                /* index of the first row (direct), or of the batch entry */
    llb_val out;               /* first result element */
} qcg_block;
typedef void (*qcg_block_fn)(qcg *g, void *ctx, const qcg_block *b);

/* Emits the loops over all steps of the plan, fills band (or, when direct, panel), and calls fn for
 * what is done in each; plans without a block go row by row.  out_elem: bytes of a result element.
 * Tasks share the steps, or, of few steps, what is inside: each then fills band and panel itself. */
void qcg_window_walk(qcg *g, const qcg_window *w, int64_t out_elem, qcg_block_fn fn, void *ctx);

/* The begin of step `at`, moved back where the last of the steps over `size` would go too far. */
llb_val qcg_overlap(qcg *g, llb_val at, int64_t size, int64_t step);

/* Gathers panel rows from the band, channels of group `group` (an i64). */
void qcg_panel_gather(qcg *g, const qcg_window *w, llb_val group);

#endif
