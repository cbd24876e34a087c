/* Integer products of operands whose parameters come from run time: what the register tiles need to
 * make real values of their sums. */
#ifndef QIR_CODEGEN_KERNELS_DYNAMIC_H
#define QIR_CODEGEN_KERNELS_DYNAMIC_H

#include "kernels/gemm.h"

/* Tables have one entry per column, in order [blocks of columns][sections of k][columns of a block]. */
typedef struct qcg_dynamic {
    llb_val scale, zero;    /* f32 and i32 of the first row */
    int64_t row_step;       /* bytes from row to row; 0: one for all */
    bool grouped;           /* sections have scales of their own */
    llb_val weight_scale;
    qir_dtype scale_type;   /* as they are stored: f32, or shorter */
    llb_val weight_zero;    /* i8, subtracted from the unpacked weights; NULL: `raised` is, if not 0 */
    int raised;             /* of unpacked weights: see qir_pack_raised */
    int32_t operand_raised; /* what has been added to operands */
    llb_val sums;           /* of weights less zero point; NULL: operands are centred already */
    qir_dtype sum_type;     /* as they are stored: i32, or i16 where all fit */
    llb_val bias;           /* f32 [columns]; NULL: none */
} qcg_dynamic;

/* One tile of a product with `dynamic` set. */
void qcg_dynamic_tile(qcg *g, const qcg_gemm *m, const qcg_tile_at *at);

#endif
