/* Quantizers: which ops are quantized, in which role, as tables.
 *
 * annotate-quant interprets a table; nothing else knows opcodes.  The first row of an opcode whose
 * condition holds decides; ops without a row stay in float. */
#ifndef QIR_QUANTIZER_H
#define QIR_QUANTIZER_H

#include "qir/observer.h"
#include "qir/ops.h"

typedef enum qir_quant_role {
    QIR_ROLE_ACCUM,    /* operand 0 and the weight get ranges, the bias none, the result its own */
    QIR_ROLE_FREE,     /* every operand and the result have their own range */
    QIR_ROLE_POOL,     /* operand 0 has a range, the result shares it */
    QIR_ROLE_CONCAT,   /* all operands and the result share one range */
    QIR_ROLE_PROPAGATE /* the result shares its producer's range, if there is one */
} qir_quant_role;

typedef struct qir_quantizer_row {
    qir_opcode opcode;
    qir_quant_role role;
    bool (*applies)(const qir_op *op); /* NULL: always */
} qir_quantizer_row;

typedef struct qir_quantizer {
    const char *name, *doc;
    const char *observer; /* kind of the activations' observers */
    float eps;                     /* smallest scale */
    bool follows; /* FREE and CONCAT ops stay in float where all they take was made by float-only ops */
    const qir_quantizer_row *rows;
    size_t nrows;
} qir_quantizer;

extern const qir_quantizer qir_quantizer_default, qir_quantizer_xnnpack;

/* By name; NULL if there is none. */
const qir_quantizer *qir_quantizer_find(const char *name);

/* The quantizer that annotated `m` (module attribute `quantizer`), else the default one. */
const qir_quantizer *qir_quantizer_of(const qir_module *m);

/* The role of `op`, or NULL when the table leaves it in float. */
const qir_quantizer_row *qir_quantizer_row_of(const qir_quantizer *q, const qir_op *op);

/* Conditions shared by the tables. */
bool qir_pools_whole_image(const qir_op *op); /* mean over all spatial axes of a [N,C,H,W] */
bool qir_is_ungrouped(const qir_op *op);
bool qir_pads_with_zero(const qir_op *op);    /* pad: constant 0, or no constant at all */

#endif
