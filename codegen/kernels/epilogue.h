/* What happens to i32 accumulators between the last dot step and memory: a list of steps applied to
 * vectors in registers, then one store of a whole register tile. */
#ifndef QIR_CODEGEN_EPILOGUE_H
#define QIR_CODEGEN_EPILOGUE_H

#include "machine.h"
#include "qir/qmath.h"

typedef enum qcg_step_kind {
    QCG_STEP_SCALE, /* to float, times a constant per column (see qcg_epilogue.scale) */
    QCG_STEP_CLAMP, /* between lo and hi, as floats */
    QCG_STEP_ROUND, /* nearest even, to i32 */
    QCG_STEP_FUSED, /* sums that are floats (qir/float_sum.h): times a constant plus another, per column */
    QCG_STEP_FIXED, /* times a fixed-point constant per column, then between lo and hi as i32 */
} qcg_step_kind;

typedef struct qcg_step {
    qcg_step_kind kind;
    float lo, hi;
} qcg_step;

enum { QCG_MAX_STEPS = 4 };
typedef struct qcg_epilogue {
    qcg_step steps[QCG_MAX_STEPS];
    unsigned nsteps;
    llb_val scale;     /* f32 per column, padded to whole vectors; for QCG_STEP_FIXED the fractions */
    int64_t second;    /* bytes from there to a column's addend or exponent; 0: the addend follows from the scale */
    bool once;         /* fixed-point products are rounded once */
    bool narrow;       /* to bytes: + zp; else i32 as they are */
    bool words;        /* ... or to i16, whose zp is 0 */
    bool is_unsigned;
    int zp;
    int lo, hi; /* bounds of the elements, where they are left to the store */
} qcg_epilogue;

/* The steps of requantization to type `y` under bounds [lo, hi] by `count` factors, all of one
 * arithmetic; largest: a bound of |accumulator * factor| (see qcg_largest_scaled). */
void qcg_epilogue_requantize(qcg *g, qcg_epilogue *e, const qir_factor *factors, int64_t count,
                             const qir_type *y, int32_t lo, int32_t hi, double largest);
/* The same of sums that are floats: `constants` are scales, then addends unless all anchors are 2^23. */
void qcg_epilogue_fused(qcg *g, qcg_epilogue *e, const float *constants, int64_t count, bool at_zero, const qir_type *y,
                        int32_t lo, int32_t hi);

/* Do steps use constants that are computed from others? */
bool qcg_epilogue_derives(const qcg_epilogue *e);
/* Then for `vectors` of columns, whose scales begin at `scale`: computes them once for many tiles, into memory of the
 * function, where *e finds them from then on; returns where the scales are. */
llb_val qcg_epilogue_derive(qcg *g, qcg_epilogue *e, llb_val scale, unsigned vectors, unsigned lanes);

/* One vector of accumulators through the steps; `scale`: where its columns' scales are. */
llb_val qcg_epilogue_apply(qcg *g, const qcg_epilogue *e, llb_val acc, llb_val scale);

/* Bytes of a stored result. */
int64_t qcg_epilogue_elem(const qcg_epilogue *e);

/* Values after the steps to elements of the result: `n` (1, 2, 4) vectors of the level's lanes. */
llb_val qcg_epilogue_narrow(qcg *g, const qcg_epilogue *e, const qcg_machine *m, const llb_val *v,
                           unsigned n);

/* Narrowed elements within the bounds, as the result stores them. */
llb_val qcg_epilogue_bound(qcg *g, const qcg_epilogue *e, llb_val narrowed);

/* Stores a tile v[row * vectors + vector] at out + row * stride; the last vector has `tail` columns
 * (0: whole).  `scale` as above, for the tile's first column. */
typedef struct qcg_tile_store {
    unsigned rows, vectors, tail;
    llb_val out, scale;
    int64_t stride;      /* bytes */
    const llb_val *each; /* where each row goes, in place of out and stride; the last one stored stays */
} qcg_tile_store;
void qcg_epilogue_store(qcg *g, const qcg_epilogue *e, const qcg_machine *m,
                        const qcg_tile_store *t, llb_val *v);

/* Bounds of attributes min and max on the stored values of the op's result. */
void qcg_result_bounds(const qir_op *op, int32_t *lo, int32_t *hi);

#endif
