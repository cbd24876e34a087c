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
    llb_val scaled_base;    /* `fused`: minus the base times these scales, f32; NULL: to be computed */
    llb_val weight_zero;    /* i8, subtracted from the unpacked weights; NULL: `raised` is, if not 0 */
    int raised;             /* of unpacked weights: see qir_pack_raised */
    int32_t operand_raised; /* what has been added to operands */
    llb_val sums;           /* of weights less zero point; NULL: they are counted, or operands are centred already */
    bool counted;           /* where the weights are read */
    qir_dtype sum_type;     /* as they are stored: i32, or i16 where all fit */
    llb_val bias;           /* f32 [columns]; NULL: none */
    llb_val partial;        /* room for the floats of a column group, which wait for other sections; NULL: they do not */
    llb_val count;          /* sections at hand, where they do */
} qcg_dynamic;

/* Entries of block `block` at section `section` in a table: where they are; as lanes; and, as operands of the
 * dot step, each for all k of a step, what unpacked weights have too much (NULL: nothing). */
llb_val qcg_dynamic_entry(qcg *g, const qcg_gemm *m, llb_val table, qir_dtype type, llb_val block,
                          llb_val section);
llb_val qcg_dynamic_entries(qcg *g, const qcg_gemm *m, llb_val table, qir_dtype type, llb_val block,
                            llb_val section);
llb_val qcg_dynamic_less(qcg *g, const qcg_gemm *m, llb_val block, llb_val section);

/* A product with weights that have been unpacked: of a column group, `m->unpacked_sections` of its sections at
 * most. */
typedef struct qcg_unpacked {
    qcg_gemm m;
    qcg_dynamic d;
} qcg_unpacked;

/* Unpacks weights of tile.vectors blocks from `block` on, which are block 0 of the product in u then: sections from
 * `first` on. */
void qcg_unpack(qcg *g, const qcg_gemm *m, qcg_tile tile, llb_val block, llb_val first, qcg_unpacked *u);

/* Floats of a column group that wait for their sections: 0. */
void qcg_dynamic_clear(qcg *g, const qcg_gemm *m, qcg_tile tile);

/* Where all sums fit i16, writes what the tiles multiply them by to `to`, an i32 for each row; d, which is
 * m->dynamic, then reads that. */
void qcg_zero_words(qcg *g, const qcg_gemm *m, qcg_dynamic *d, llb_val to);

/* Adds -zero point * sums, of the weights of each vector, to the sums of a tile: what operands that keep their zero
 * point add too much. */
void qcg_correct(qcg *g, const qcg_gemm *m, const qcg_tile_at *at, const llb_val *sums, llb_val *v);

/* What `scaled_base` has of scales. */
llb_val qcg_scaled_base(qcg *g, llb_val scale);

/* One tile of a product with `dynamic` set; of floats that wait: adds the sections at hand. */
void qcg_dynamic_tile(qcg *g, const qcg_gemm *m, const qcg_tile_at *at);
/* Results of floats that have waited. */
void qcg_dynamic_results(qcg *g, const qcg_gemm *m, const qcg_tile_at *at);

#endif
