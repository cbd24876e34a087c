/* Ops under a permutation of their dimensions. */
#ifndef QIR_PERMUTE_H
#define QIR_PERMUTE_H

#include "qir/ops.h"

typedef struct permutation {
    int64_t of[QIR_MAX_RANK]; /* dimension i of the transposed tensor is dimension of[i] */
    unsigned rank;
} permutation;

permutation permutation_inverse(const permutation *p);
/* [N, C, spatial] to [N, spatial, C]. */
permutation permutation_to_last(unsigned rank);

/* Does `op` treat all dimensions alike, but for attributes that can be permuted?  `p`: how. */
bool permutes(const qir_op *op, const permutation *p);
/* Attributes of the op that gives the same on operands which `op`'s operands are transposes of by
 * `p`, before its result is transposed. */
const qir_dict *permuted_attrs(const qir_op *op, const permutation *p);

#endif
