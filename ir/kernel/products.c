/* How many multiply-adds an op is. */
#include "kernel/kernel.h"

static int64_t elements(const qir_type *t)
{
    return qir_type_elements(t->kind == QIR_PACKED ? t->logical : t);
}

static int64_t last_dim(const qir_op *op, unsigned operand)
{
    const qir_type *t = op->operands[operand].value->type;
    return t->dims[t->rank - 1];
}

static double windows(const qir_op *op)
{
    qir_window w;
    qir_window_get(op, &w);
    return (double)elements(op->results[0].type) * (double)w.taps * (double)(w.c / w.groups);
}

static double matrices(const qir_op *op)
{
    return (double)elements(op->results[0].type) * (double)last_dim(op, 0);
}

/* Scores, then sums of values. */
static double attention(const qir_op *op)
{
    const qir_type *k = op->operands[1].value->type;
    double rows = (double)elements(op->results[0].type) / (double)last_dim(op, 2);
    return rows * (double)k->dims[k->rank - 2] * (double)(last_dim(op, 0) + last_dim(op, 2));
}

/* Sums of gates, from as many cells each. */
static double recurrent(const qir_op *op)
{
    return (double)elements(op->operands[0].value->type) * (double)last_dim(op, 1);
}

double qir_op_products(const qir_op *op)
{
    static const struct {
        qir_opcode opcode;
        double (*count)(const qir_op *op);
    } rows[] = {
        {QIR_OP_conv, windows},         {QIR_OP_linear, windows},
        {QIR_OP_conv_dynamic, windows}, {QIR_OP_linear_dynamic, windows},
        {QIR_OP_matmul, matrices},      {QIR_OP_attention, attention},
        {QIR_OP_lstm, recurrent},       {QIR_OP_gru, recurrent},
        {QIR_OP_rnn, recurrent},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opcode == op->opcode)
            return rows[i].count(op);
    return 0.0;
}
