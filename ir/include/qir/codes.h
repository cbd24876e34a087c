/* Integers of few bits as objects hold them: several in a byte, lowest bits first.
 *
 * A quantized constant that real values are multiplied with (the weight of linear, conv and
 * recurrent layers, a table of gather) is seen as one row per index of dimension 0.  A row runs over
 * (spatial taps in row order, dimension 1 innermost) and is cut into segments of codes that share
 * scale and zero point; every segment begins at a byte. */
#ifndef QIR_CODES_H
#define QIR_CODES_H

#include "qir/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of n packed values of integer type `t` (at most 8 bits). */
size_t qir_codes_bytes(qir_dtype t, int64_t n);
/* Value i.  put: into memory that was zero. */
void qir_codes_put(qir_dtype t, void *codes, int64_t i, int32_t v);
int32_t qir_codes_get(qir_dtype t, const void *codes, int64_t i);

typedef struct qir_code_rows {
    int64_t rows, k;           /* codes per row: taps * segments * segment */
    int64_t taps, segments;    /* segments of each tap */
    int64_t segment;           /* codes of each */
    int64_t params;            /* scales per row, one per segment of a tap; 0: one for all rows */
    size_t segment_bytes, row_bytes;
} qir_code_rows;

/* The operand (weight, table) that an op with real results may have quantized; -1: none. */
int qir_codes_operand(qir_opcode opcode);

/* A tensor quantized to 8 bits or fewer, whose values are f32 and known. */
bool qir_has_codes(const qir_type *t);

/* False: the type has no codes, or its parameters do not lie along rows: per tensor, per index of
 * dimension 0, or in groups along dimension 1. */
bool qir_code_rows_get(const qir_type *t, qir_code_rows *r);

/* Row-major elements (a byte each) to rows of r->row_bytes bytes. */
void qir_code_rows_pack(const qir_code_rows *r, const qir_type *t, const void *src, void *dst);

#ifdef __cplusplus
}
#endif
#endif
