/* Integer products of operands whose parameters come from run time: what the register tiles need to
 * make real values of their sums. */
#ifndef QIR_CODEGEN_KERNELS_DYNAMIC_H
#define QIR_CODEGEN_KERNELS_DYNAMIC_H

#include "kernels/gemm.h"

/* As bits of a float, an integer that is added to this one changes the float by as much, up to 2^22: sums that begin
 * with it need no conversion.  (base + sum) * scale - base * scale, rounded once, is sum * scale as a float, where the
 * second product is exact. */
#define QCG_FLOAT_BASE 0x1.8p23f
enum { QCG_FLOAT_BASE_BITS = 0x4b400000 };

/* Tables have one entry per column, in order [blocks of columns][sections of k][columns of a block]. */
typedef struct qcg_dynamic {
    llb_val scale, zero;    /* f32 and i32 of the first row */
    int64_t row_step;       /* bytes from row to row; 0: one for all */
    bool words;             /* `zero` has been prepared: see qcg_zero_words */
    bool grouped;           /* sections have scales of their own */
    bool fused;             /* their sums become floats as they are scaled: see QCG_FLOAT_BASE */
    llb_val weight_scale;
    qir_dtype scale_type;   /* as they are stored: f32, or shorter */
    llb_val weight_zero;    /* i8, subtracted from the unpacked weights; NULL: `raised` is, if not 0 */
    int raised;             /* of unpacked weights: see qir_pack_raised */
    int32_t operand_raised; /* what has been added to operands */
    llb_val sums;           /* of weights less zero point; NULL: operands are centred already */
    qir_dtype sum_type;     /* as they are stored: i32, or i16 where all fit */
    llb_val bias;           /* f32 [columns]; NULL: none */
} qcg_dynamic;

/* Entries of block `block` at section `section` in a table: where they are; as lanes; and, as operands of the
 * dot step, each for all k of a step, what unpacked weights have too much (NULL: nothing). */
llb_val qcg_dynamic_entry(qcg *g, const qcg_gemm *m, llb_val table, qir_dtype type, llb_val block,
                          llb_val section);
llb_val qcg_dynamic_entries(qcg *g, const qcg_gemm *m, llb_val table, qir_dtype type, llb_val block,
                            llb_val section);
llb_val qcg_dynamic_less(qcg *g, const qcg_gemm *m, llb_val block, llb_val section);

/* A product whose weights have been unpacked. */
typedef struct qcg_unpacked {
    qcg_gemm m;
    qcg_dynamic d;
} qcg_unpacked;

/* Unpacks the weights of a column group, tile.vectors blocks from *block on, where m->unpacked says so.  Gives
 * the product to use for it in place of m, which u holds, and its first block. */
const qcg_gemm *qcg_unpack(qcg *g, const qcg_gemm *m, qcg_tile tile, llb_val *block, qcg_unpacked *u);

/* Where all sums fit i16, writes what the tiles multiply them by to `to`, an i32 for each row; d, which is
 * m->dynamic, then reads that. */
void qcg_zero_words(qcg *g, const qcg_gemm *m, qcg_dynamic *d, llb_val to);

/* One tile of a product with `dynamic` set. */
void qcg_dynamic_tile(qcg *g, const qcg_gemm *m, const qcg_tile_at *at);

#endif
