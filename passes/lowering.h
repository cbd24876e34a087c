/* From a float op between dequantize and quantize to the operands of its integer form.  One
 * function per quantization rule (qir_qrule_kind); the driver is transforms/lower-qdq.c. */
#ifndef QIR_LOWERING_H
#define QIR_LOWERING_H

#include "qir/ops.h"
#include "qir/support/arena.h"

typedef struct qir_lowering {
    qir_module *module;
    qir_op *op;           /* float */
    const qir_type *type; /* of the integer op's result */
    qir_opcode opcode;    /* of the integer op */
    uint32_t count;       /* of its operands: op->noperands unless it is dynamic */
    qir_value **in;       /* count entries, to be filled */
    qir_arena *arena;     /* until the pass ends */
    const char *why;      /* set when a function returns false without a diagnostic */
} qir_lowering;

/* Fills `in`.  False: the op stays in float, `why` says the reason; or diagnosed (why NULL). */
bool qir_lower_accum_operands(qir_lowering *l);
bool qir_lower_scaled_operands(qir_lowering *l); /* BINARY, FREE, FIXED, LOOKUP */

/* Whether `op` is a linear or conv whose input has been quantized with parameters from run time; its
 * dynamic form: fills opcode, count, type too. */
bool qir_is_dynamic_product(const qir_op *op);
bool qir_lower_dynamic_operands(qir_lowering *l);
/* Its operands as ExecuTorch gives them to XNNPACK, where the module says so.  False: diagnosed. */
bool qir_lower_as_xnnpack(qir_lowering *l);

/* The quantized value behind operand `i`, or NULL. */
qir_value *qir_dequantized(const qir_op *op, uint32_t i);

/* What its integers take: "8 bits", or "8 or 16 bits". */
const char *qir_widths(qir_opcode opcode);

/* Sets `why` from a format; returns false. */
bool qir_stays_float(qir_lowering *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
