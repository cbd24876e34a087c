/* Scratch of the kernels: what qir/kernel_plan.h adds up to, and rows of softmax, attention and recurrence. */
#include "qir/kernel_plan.h"
#include "qir/ops.h"

static size_t window_bytes(qir_level l, const qir_op *op)
{
    qir_kernel_plan p;
    qir_kernel_plan_get(l, op, &p);
    return qir_kernel_plan_bytes(&p);
}

static size_t floats(int64_t n)
{
    return ((size_t)n * sizeof(float) + 63) / 64 * 64;
}

/* One row of exponentials. */
static size_t softmax_bytes(qir_level l, const qir_op *op)
{
    const qir_type *t = op->operands[0].value->type;
    (void)l;
    if (!qir_dtype_is_float(t->dtype))
        return 0;
    return floats(t->dims[qir_op_int(op, "axis")]);
}

/* One row of scores. */
static size_t attention_bytes(qir_level l, const qir_op *op)
{
    const qir_type *k = op->operands[1].value->type;
    (void)l;
    return floats(k->dims[k->rank - 2]);
}

/* A product for each row of r, a state, and four rows of a quantized r. */
static size_t recurrent_bytes(qir_level l, const qir_op *op)
{
    const qir_type *r = op->operands[1].value->type;
    (void)l;
    return floats(r->dims[0] + r->dims[1]) + (r->quant ? floats(4 * r->dims[1]) : 0);
}

size_t qir_level_workspace(qir_level l, const qir_op *op)
{
    static const struct {
        qir_opcode opcode;
        size_t (*bytes)(qir_level l, const qir_op *op);
    } rows[] = {
        {QIR_OP_softmax, softmax_bytes}, {QIR_OP_log_softmax, softmax_bytes},
        {QIR_OP_attention, attention_bytes}, {QIR_OP_lstm, recurrent_bytes},
        {QIR_OP_gru, recurrent_bytes},   {QIR_OP_rnn, recurrent_bytes},
    };
    if (op->nresults == 0 || qir_type_elements(op->results[0].type) == 0)
        return 0;
    if (qir_op_has_kernel(op))
        return window_bytes(l, op);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opcode == op->opcode)
            return rows[i].bytes(l, op);
    return 0;
}
