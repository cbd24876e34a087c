/* Loop nests over the blocks of a tensor that share something, and over the elements of each.
 *
 * A block need not divide its dimension: every dimension is cut into the whole blocks and the rest,
 * and each combination of these parts, a region, gets a nest of its own. */
#ifndef QIR_CODEGEN_KERNELS_BLOCKS_H
#define QIR_CODEGEN_KERNELS_BLOCKS_H

#include "kernels/nest.h"

/* Blocks first .. first + count - 1 of a dimension, `size` elements each. */
typedef struct qcg_part {
    int64_t first, count, size;
} qcg_part;

typedef struct qcg_blocks {
    const qir_type *x;
    int64_t block[QIR_MAX_RANK];
    qcg_part parts[QIR_MAX_RANK]; /* of the region */
} qcg_blocks;

/* Calls fn for each region. */
typedef void (*qcg_region_fn)(qcg *g, const qcg_blocks *b, void *ctx);
void qcg_blocks_each(qcg *g, qcg_blocks *b, qcg_region_fn fn, void *ctx);

/* A nest over the region.  Axis 2d runs over the blocks of dimension d; axis 2d + 1 over the
 * elements of one, if `inside`. */
qcg_nest qcg_blocks_nest(const qcg_blocks *b, bool inside);

/* The next pointer of the nest: a tensor like x, or (`params`) one with an element per block.
 * Strides are in elements of `dtype`. */
void qcg_blocks_pointer(qcg *g, const qcg_blocks *b, qcg_nest *n, qir_dtype dtype,
                        const int64_t *strides, llb_val ptr, bool params);

#endif
