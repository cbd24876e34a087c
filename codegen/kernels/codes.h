/* Constants of few bits, as objects hold them (qir/codes.h): packed integers in registers, and rows
 * of real values. */
#ifndef QIR_CODEGEN_KERNELS_CODES_H
#define QIR_CODEGEN_KERNELS_CODES_H

#include "llb.h"
#include "qir/codes.h"

/* n packed values of type `t` from value `j` on, as i8 lanes.  j: a multiple of n, and a constant
 * where n values do not fill a byte. */
llb_val qcg_codes_load(qcg *g, qir_dtype t, llb_val ptr, llb_val j, unsigned n);

/* Scales as a constant: those that a model stored in bf16 or f16 take two bytes. */
llb_val qcg_stored_scales(qcg *g, const float *scale, size_t n, qir_dtype *type);

typedef struct qcg_codes {
    const qir_type *type;
    qir_code_rows rows;
    llb_val data;
    llb_val scale, zp;    /* [row][params]; zp NULL: all zero */
    qir_dtype scale_type; /* f32, or a shorter float that holds them exactly */
} qcg_codes;

/* Operand i, a constant, its parameters along rows.  False: diagnosed. */
bool qcg_codes_get(qcg *g, unsigned i, qcg_codes *c);

/* Row `row` (i64) dequantized to f32 at `to`, then zeros up to element `stride`. */
void qcg_codes_row(qcg *g, const qcg_codes *c, llb_val row, llb_val to, int64_t stride);

#endif
