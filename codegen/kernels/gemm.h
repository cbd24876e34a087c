/* The integer matrix product on register tiles. */
#ifndef QIR_CODEGEN_KERNELS_GEMM_H
#define QIR_CODEGEN_KERNELS_GEMM_H

#include "kernels/epilogue.h"
#include "kernels/window.h"

struct qcg_dynamic; /* kernels/dynamic.h */

typedef struct qcg_gemm {
    const qcg_machine *m;
    llb_val a, w, bias, out; /* w, bias: packed as in weights.h; bias may be NULL (zeros) */
    int64_t rows, n;
    int64_t sections, kblocks;    /* of k with scales of their own; elements of w in each */
    unsigned parts;               /* weights in an element of w (see ir/layouts.def) */
    int64_t a_stride, out_stride; /* bytes from row to row */
    const qcg_epilogue *e;        /* its scale: of column 0 of this product */
    llb_val scale;
    const struct qcg_dynamic *dynamic; /* in place of bias, scale and epilogue; NULL: not */
} qcg_gemm;

/* One register tile of a product. */
typedef struct qcg_tile_at {
    qcg_tile tile;
    unsigned tail;     /* columns of the last vector; 0: whole */
    llb_val a, w, out; /* of its first row and column */
    llb_val block, row;
} qcg_tile_at;

/* out[rows][n] = epilogue(bias + a[rows][k] * w[n][k]). */
void qcg_gemm_emit(qcg *g, const qcg_gemm *m);
/* What tasks can cut that into. */
int64_t qcg_gemm_units(const qcg_gemm *m);

/* The sums of one section in acc, row by row.  start: of the sums; less: of the unpacked weights of
 * each vector (NULL: 0). */
void qcg_gemm_products(qcg *g, const qcg_gemm *m, const qcg_tile_at *t, const llb_val *start,
                       const llb_val *less, llb_val *acc);

/* The kernels of ir/kernels.def. */
#define KERNEL(name, doc) bool qcg_lower_##name(qcg *g, const qir_kernel_plan *p);
#include "kernels.def"
#undef KERNEL

#endif
