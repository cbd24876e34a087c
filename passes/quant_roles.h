/* Tables of quantizers, between what runs them (quant_table.c) and what a role writes (quant_roles.c). */
#ifndef QIR_PASSES_QUANT_ROLES_H
#define QIR_PASSES_QUANT_ROLES_H

#include "qir/quantizer.h"

typedef struct qir_table_run {
    qir_annotator *a;
    const qir_quant_table *table;
    const qir_quant_row *row; /* that annotates now */
} qir_table_run;

typedef struct qir_role_row {
    int round;     /* 1 looks at what 0 annotated, 2 runs behind all quantizers, in propagation */
    bool any_type; /* operands other than f32 */
    void (*annotate)(const qir_table_run *r, qir_op *op);
} qir_role_row;
extern const qir_role_row qir_roles[QIR_ROLE_COUNT];

/* Does the row annotate an op together with the relu behind it? */
bool qir_row_takes_relu(const qir_quant_row *row);
/* The row by which `op` takes parameters over from its operand; NULL: none. */
const qir_quant_row *qir_quant_follower_row(const qir_quant_table *t, const qir_op *op);
/* A batch norm that could be folded into `op`, NULL: only quantization-aware training leaves one. */
qir_op *qir_norm_behind(const qir_op *op);
bool qir_is_plain_f32(const qir_value *v); /* or absent */

#endif
