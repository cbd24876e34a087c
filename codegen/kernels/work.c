/* How much work an op is, to decide how many tasks it is worth.  The unit is the time of one f32
 * product in a matrix product. */
#include "qir/kernel_plan.h"
#include "qir/ops.h"
#include "interface/abi.h"
#include "kernels/share.h"

enum { PER_ELEMENT = 16, BYTE_PRODUCTS = 3 };

static int64_t elements(const qir_value *v)
{
    return v ? qir_type_elements(v->type->kind == QIR_PACKED ? v->type->logical : v->type) : 0;
}

static int64_t last_dim(const qir_op *op, unsigned operand)
{
    const qir_type *t = op->operands[operand].value->type;
    return t->dims[t->rank - 1];
}

/* --- products of each kind of op ---------------------------------------------------------------
 */
static double windows(const qir_op *op)
{
    qir_window w;
    qir_window_get(op, &w);
    return (double)elements(&op->results[0]) * (double)w.taps * (double)(w.c / w.groups);
}

static double matrices(const qir_op *op)
{
    return (double)elements(&op->results[0]) * (double)last_dim(op, 0);
}

/* Scores, then sums of values. */
static double attention(const qir_op *op)
{
    const qir_type *k = op->operands[1].value->type;
    double rows = (double)elements(&op->results[0]) / (double)last_dim(op, 2);
    return rows * (double)k->dims[k->rank - 2] * (double)(last_dim(op, 0) + last_dim(op, 2));
}

/* Sums of gates, from as many cells each. */
static double recurrent(const qir_op *op)
{
    return (double)elements(op->operands[0].value) * (double)last_dim(op, 1);
}

static double products(const qir_op *op)
{
    static const struct {
        qir_opcode opcode;
        double (*count)(const qir_op *op);
    } rows[] = {
        {QIR_OP_conv, windows},         {QIR_OP_linear, windows},
        {QIR_OP_conv_dynamic, windows}, {QIR_OP_linear_dynamic, windows},
        {QIR_OP_max_pool, windows},     {QIR_OP_avg_pool, windows},
        {QIR_OP_matmul, matrices},      {QIR_OP_attention, attention},
        {QIR_OP_lstm, recurrent},       {QIR_OP_gru, recurrent},
        {QIR_OP_rnn, recurrent},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opcode == op->opcode)
            return rows[i].count(op);
    return 0.0;
}

unsigned qcg_share_tasks(const qir_op *op, uint32_t grain)
{
    double work = products(op);
    if (!grain || qir_op_has_trait(op, QIR_TRAIT_CALLS))
        return 1;
    if (op->noperands && qir_dtype_bytes(op->operands[0].value->type->dtype) == 1)
        work /= BYTE_PRODUCTS;
    for (uint32_t i = 0; i < op->nresults; i++)
        work += (double)elements(&op->results[i]) * PER_ELEMENT;
    double tasks = work / (double)grain;
    return tasks >= QCG_MOST_TASKS ? QCG_MOST_TASKS : tasks < 1.0 ? 1 : (unsigned)tasks;
}
