/* How much work an op is, to decide how many tasks it is worth.  The unit is the time of one f32
 * product in a matrix product at avx2. */
#include "qir/kernel_plan.h"
#include "qir/layout.h"
#include "qir/ops.h"
#include "interface/abi.h"
#include "kernels/share.h"

/* Of other ops bytes are elements of integer ops, of a vector at a time; reals may be those of an exponential. */
enum { PER_CYCLE = 8, PER_BYTE = 2, PER_ELEMENT = 16, BYTE_PRODUCTS = 3 };

/* An op that reads what tasks have made is worth more of them: one alone would fetch the others' parts from their caches. */
enum { NEAR = 2, FAR = 4 };

static bool takes_bytes(const qir_op *op)
{
    return op->noperands && qir_dtype_bytes(op->operands[0].value->type->dtype) == 1;
}

/* Elements of what the op reads, if it reads more than it makes, else of its results. */
static double elements_of(const qir_op *op)
{
    static const qir_opcode reductions[] = {QIR_OP_reduce_mean, QIR_OP_reduce_sum, QIR_OP_reduce_max, QIR_OP_reduce_min};
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++)
        if (op->opcode == reductions[i])
            return (double)qir_type_elements(qir_op_operand(op, 0)->type);
    double n = 0.0;
    for (uint32_t i = 0; i < op->nresults; i++)
        n += (double)qir_type_elements(op->results[i].type);
    return n;
}

/* As the cost model says, where it does. */
static double work_of(qir_level level, const qir_op *op)
{
    if (qir_op_has_kernel(op))
        return qir_op_cycles(level, op) * PER_CYCLE;
    bool bytes = takes_bytes(op);
    return qir_op_products(op) / (bytes ? BYTE_PRODUCTS : 1) + elements_of(op) * (bytes ? PER_BYTE : PER_ELEMENT);
}

static unsigned tasks_for(double work, uint32_t grain)
{
    double tasks = grain ? work / (double)grain : 1.0;
    return tasks >= QCG_MOST_TASKS ? QCG_MOST_TASKS : tasks < 1.0 ? 1 : (unsigned)tasks;
}

/* Was an operand made by tasks? */
static bool reads_shares(qir_level level, const qir_op *op, uint32_t grain)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *v = qir_op_operand(op, i);
        const qir_op *from = v ? qir_value_op(qir_value_root(v)) : NULL;
        if (from && !qir_op_has_trait(from, QIR_TRAIT_CALLS) && tasks_for(work_of(level, from), grain) > 1)
            return true;
    }
    return false;
}

unsigned qcg_share_tasks(qir_level level, const qir_op *op, uint32_t grain)
{
    if (qir_op_has_trait(op, QIR_TRAIT_CALLS))
        return 1;
    double work = work_of(level, op);
    unsigned tasks = tasks_for(work, grain);
    return tasks == 1 && reads_shares(level, op, grain) ? tasks_for(work, grain / NEAR) : tasks;
}

/* Of the products that have no weight operand 1 stands for it.  Bytes that another thread has just made take several
 * times as long as weights. */
bool qcg_shares_columns(const qir_op *op)
{
    int weight = qir_op_weight(op);
    uint32_t second = weight < 0 ? 1 : (uint32_t)weight;
    if (!qir_op_products(op) || op->noperands <= second)
        return false;
    int64_t x = qir_type_elements(qir_op_operand(op, 0)->type), y = qir_type_elements(op->results[0].type);
    int64_t w = qir_type_elements(qir_op_operand(op, second)->type);
    return w >= x + y && w >= FAR * x;
}

unsigned qcg_share_rows_tasks(qir_level level, const qir_rows *r, uint32_t grain)
{
    double work = 0.0;
    for (unsigned i = 0; i < r->nsteps; i++)
        work += work_of(level, r->step[i].op);
    return tasks_for(work, grain);
}
