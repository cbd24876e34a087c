/* The integer matrix product on register tiles. */
#ifndef QIR_CODEGEN_KERNELS_GEMM_H
#define QIR_CODEGEN_KERNELS_GEMM_H

#include "epilogue.h"
#include "kernels/window.h"

typedef struct qcg_gemm {
    const qcg_machine *m;
    llb_val a, w, bias, out; /* w, bias: packed as in weights.h; bias may be NULL (zeros) */
    int64_t rows, kblocks, n;
    int64_t a_stride, out_stride; /* bytes from row to row */
    const qcg_epilogue *e;        /* its scale: of column 0 of this product */
    llb_val scale;
} qcg_gemm;

/* out[rows][n] = epilogue(bias + a[rows][k] * w[n][k]). */
void qcg_gemm_emit(qcg *g, const qcg_gemm *m);

bool qcg_lower_gemm_i8(qcg *g, const qir_kernel_plan *p);
bool qcg_lower_gemm_f32(qcg *g, const qir_kernel_plan *p);
bool qcg_lower_depthwise_i8(qcg *g, const qir_kernel_plan *p);
bool qcg_lower_depthwise_f32(qcg *g, const qir_kernel_plan *p);

#endif
