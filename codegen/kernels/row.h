/* Rows: values at constant distances from a pointer, folded in a fixed order.  Windows of pools,
 * reduced axes, depthwise taps and matrix products of activations are rows. */
#ifndef QIR_CODEGEN_KERNELS_ROW_H
#define QIR_CODEGEN_KERNELS_ROW_H

#include "llb.h"

typedef struct qcg_row {
    int64_t count;
    const int64_t *offset; /* bytes of each value from the pointer; count entries */
    bool even;             /* offset[j] == j * stride */
    int64_t stride;
    llb_val table; /* the offsets in memory; only when uneven and long */
} qcg_row;

/* offset: arena of g. */
qcg_row qcg_row_make(qcg *g, const int64_t *offset, int64_t count);
qcg_row qcg_row_even(int64_t count, int64_t stride);

/* Value j (an i64) of the row at ptr. */
llb_val qcg_row_at(qcg *g, const qcg_row *r, llb_val ptr, llb_val j);

/* acc = fn(acc, pointer of value j, j) for j ascending. */
typedef llb_val (*qcg_fold_fn)(qcg *g, void *ctx, llb_val acc, llb_val at, llb_val j);
llb_val qcg_row_fold(qcg *g, const qcg_row *r, llb_val ptr, llb_val init, qcg_fold_fn fn,
                     void *ctx);

/* The sum of `count` f32 values, `n` independent rows at once, in the order of qir_sum16. */
typedef llb_val (*qcg_value_fn)(qcg *g, void *ctx, llb_val at, llb_val j);
llb_val qcg_row_sum16(qcg *g, const qcg_row *r, llb_val ptr, unsigned n, qcg_value_fn fn,
                      void *ctx);

/* The largest of `count` floats, `step` bytes apart, the last NaN if there are any; of zeros either.  Writes to the
 * workspace. */
llb_val qcg_row_max(qcg *g, llb_val at, int64_t count, int64_t step);

#endif
