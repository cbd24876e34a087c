/* Scratch of the kernels: what qir/kernel_plan.h adds up to, and the row of a softmax. */
#include "qir/kernel_plan.h"
#include "qir/ops.h"

static size_t window_bytes(qir_level l, const qir_op *op)
{
    qir_kernel_plan p;
    qir_kernel_plan_get(l, op, &p);
    return p.band_bytes + p.panel_bytes;
}

/* One row of exponentials. */
static size_t softmax_bytes(qir_level l, const qir_op *op)
{
    const qir_type *t = op->operands[0].value->type;
    (void)l;
    if (!qir_dtype_is_float(t->dtype))
        return 0;
    size_t row = (size_t)t->dims[qir_op_int(op, "axis")] * sizeof(float);
    return (row + 63) / 64 * 64;
}

size_t qir_level_workspace(qir_level l, const qir_op *op)
{
    static const struct {
        qir_opcode opcode;
        size_t (*bytes)(qir_level l, const qir_op *op);
    } rows[] = {
        {QIR_OP_conv, window_bytes},     {QIR_OP_linear, window_bytes},
        {QIR_OP_max_pool, window_bytes}, {QIR_OP_avg_pool, window_bytes},
        {QIR_OP_softmax, softmax_bytes}, {QIR_OP_log_softmax, softmax_bytes},
    };
    if (op->nresults == 0 || qir_type_elements(op->results[0].type) == 0)
        return 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opcode == op->opcode)
            return rows[i].bytes(l, op);
    return 0;
}
