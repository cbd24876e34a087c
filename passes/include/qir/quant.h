/* What the quantization passes tell people: which ops became integer and why others did not. */
#ifndef QIR_QUANT_H
#define QIR_QUANT_H

#include "qir/ir.h"
#include "qir/support/strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Attribute of an op that stays in float: the reason, a string. */
#define QIR_ATTR_FLOAT_REASON "quant.float"
/* Attribute of an op that was asked to stay in float although it could be integer. */
#define QIR_ATTR_KEEP_FLOAT "quant.keep"

/* Arithmetic of one op after the quantization passes. */
typedef enum qir_op_arith {
    QIR_ARITH_NONE,    /* no arithmetic of its own: return, views, constants' preparation */
    QIR_ARITH_EDGE,    /* quantize, dequantize, requantize: crosses between the two */
    QIR_ARITH_INTEGER, /* quantized or plain integers in and out */
    QIR_ARITH_FLOAT
} qir_op_arith;
qir_op_arith qir_op_arithmetic(const qir_op *op);

/* Why `op` computes in float: its quant.float attribute, else a general reason.  Borrowed. */
const char *qir_float_reason(const qir_op *op);

typedef struct qir_quant_counts {
    int64_t integer, floating, edges;
} qir_quant_counts;

/* What ExecuTorch's XNNPACK partitioner would do with an op (partition_xnnpack.c). */
typedef enum qir_xnnpack_kind {
    QIR_XNNPACK_NOT, /* left to the portable kernels: `why` */
    QIR_XNNPACK_FLOAT,
    QIR_XNNPACK_STATIC, /* 8 bits, parameters known */
    QIR_XNNPACK_DYNAMIC /* 8 bits, parameters of the operand from run time */
} qir_xnnpack_kind;
qir_xnnpack_kind qir_xnnpack_takes(const qir_op *op, const char **why);

/* One line per op, "conv 'stem': int8; XNNPACK: int8" or "softmax 'prob': float: <why>; XNNPACK: float", then
 * lines of totals. */
qir_quant_counts qir_quant_report(const qir_module *m, qir_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
