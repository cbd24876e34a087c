/* The transforms of Winograd's F(t x t, 3x3), t = 2 or 4: of weights, of operands, and of sums into results. */
#ifndef QIR_CODEGEN_KERNELS_WINOGRAD_H
#define QIR_CODEGEN_KERNELS_WINOGRAD_H

#include "kernels/epilogue.h"
#include "kernels/window.h"

enum { QCG_WINOGRAD_PLACES = 36 };

/* 3x3 taps to the weights of all places. */
void qcg_winograd_weight(const qir_winograd *form, const int16_t *taps, int16_t *out);

/* The same in code, of bytes at `from`, `count` elements of each tap, to matrices at `to`: the bytes of all taps of a
 * vector of qcg_winograd_lanes elements lie one behind another. */
void qcg_winograd_weights(qcg *g, const qir_winograd *form, llb_val from, llb_val to, int64_t count);
unsigned qcg_winograd_lanes(const qcg *g);

/* The band's tiles to the panel: matrices [tile][channel].  room: for sums, which are none yet. */
void qcg_winograd_operands(qcg *g, const qcg_window *w, llb_val room);

/* From sums to results, of a group of columns. */
typedef struct qcg_winograd {
    const qir_kernel_plan *p;
    const qcg_machine *m;
    qcg_epilogue e;
    bool scaled;  /* the epilogue's scales are: sums that are 2^shift times too large need no shift */
    llb_val bias; /* by column, as the sums of a product would start */
    llb_val sums; /* matrices [tile][column]: those of the places of one column, then lines of pixels, transformed once */
    unsigned vectors;          /* of a row of those */
    llb_val image, plane, row; /* of the block (see qcg_block) */
} qcg_winograd;

/* The sums of column `x` of places to lines of pixels, of the group that begins at column block `block`. */
void qcg_winograd_column(qcg *g, const qcg_winograd *r, llb_val block, llb_val x);
/* Lines of pixels to results: vectors `first` to `first + count`; of the last one `tail` columns (0: all). */
void qcg_winograd_results(qcg *g, const qcg_winograd *r, llb_val block, unsigned first, unsigned count,
                          unsigned tail);

#endif
