/* Sums of a product with constant weights: what they start from, and what becomes of them. */
#ifndef QIR_CODEGEN_KERNELS_SUMS_H
#define QIR_CODEGEN_KERNELS_SUMS_H

#include "kernels/epilogue.h"
#include "kernels/weights.h"

typedef struct qcg_sums {
    llb_val start;  /* i32 per column, each group padded to whole vectors */
    qcg_epilogue e; /* its scale: of column 0; none where the result is i32 */
} qcg_sums;

/* For conv and linear with parameters known, in vectors of `lanes` columns; `floats`: as qir/float_sum.h does
 * where it can, which takes a third vector of constants per column.  False: diagnosed. */
bool qcg_sums_get(qcg *g, const qcg_weights *w, unsigned lanes, bool floats, qcg_sums *s);

/* Columns in an order of their own: the row of the weight that each is, -1: none; what is added to operands
 * before they are multiplied. */
typedef struct qcg_order {
    const int64_t *rows;
    int64_t count;
    int32_t raised;
} qcg_order;
bool qcg_sums_in_order(qcg *g, const qcg_weights *w, const qcg_order *o, bool floats, qcg_sums *s);

#endif
