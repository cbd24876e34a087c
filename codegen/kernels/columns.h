/* Planes of columns (qir_columns in qir/kernel_plan.h) as code. */
#ifndef QIR_CODEGEN_KERNELS_COLUMNS_H
#define QIR_CODEGEN_KERNELS_COLUMNS_H

#include "kernels/share.h"
#include "machine.h"
#include "qir/kernel_plan.h"

typedef struct qcg_columns {
    const qir_kernel_plan *plan;
    const qcg_machine *m; /* of columns */
    bool flip;            /* operands are stored signed where products want them unsigned, or the reverse */
    int32_t zp;           /* of the operand, as stored */
    llb_val blank, planes; /* blank: where windows reach above the operand or below */
} qcg_columns;

/* Makes what lies outside of the operand: a row of zero points, and planes full of them. */
void qcg_columns_init(qcg *g, qcg_columns *c, const qir_kernel_plan *plan);

/* What operands are raised by on their way into planes. */
int32_t qcg_columns_raise(const qcg_columns *c);

enum { QCG_MAX_LINES = 16 };
/* The input rows under output row `row`, as many as the cells hold; image: the operand at its plane. */
void qcg_columns_lines(qcg *g, const qcg_columns *c, llb_val image, llb_val row, llb_val *lines);

/* Fills the planes from those: channels from `channel` on (an i64), or all of them where lines are flat. */
void qcg_columns_fill(qcg *g, const qcg_columns *c, const llb_val *lines, llb_val channel);

/* Four rows of zero points: any vector of a column outside of the operand. */
llb_val qcg_columns_padding(qcg *g, const qcg_columns *c);
/* The four vectors of a column `from` bytes behind the begin of the lines, in registers. */
void qcg_columns_stream(qcg *g, const qcg_columns *c, const llb_val *lines, llb_val from, llb_val *out);

/* Vector `i` of four of a cell, `at` bytes from `line`, an address in the first plane; `at` is a multiple
 * of 4. */
llb_val qcg_columns_load(qcg *g, const qcg_columns *c, llb_val line, int64_t cell, unsigned i, int64_t at);

#endif
