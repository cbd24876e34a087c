/* How much work an op is, to decide how many tasks it is worth.  The unit is the time of one f32
 * product in a matrix product at avx2. */
#include "qir/kernel_plan.h"
#include "qir/ops.h"
#include "interface/abi.h"
#include "kernels/share.h"

/* Of other ops bytes are elements of integer ops, of a vector at a time; reals may be those of an exponential. */
enum { PER_CYCLE = 8, PER_BYTE = 2, PER_ELEMENT = 16, BYTE_PRODUCTS = 3 };

static bool takes_bytes(const qir_op *op)
{
    return op->noperands && qir_dtype_bytes(op->operands[0].value->type->dtype) == 1;
}

/* As the cost model says, where it does. */
static double work_of(qir_level level, const qir_op *op)
{
    if (qir_op_has_kernel(op))
        return qir_op_cycles(level, op) * PER_CYCLE;
    double work = qir_op_products(op) / (takes_bytes(op) ? BYTE_PRODUCTS : 1);
    for (uint32_t i = 0; i < op->nresults; i++)
        work += (double)qir_type_elements(op->results[i].type) * (takes_bytes(op) ? PER_BYTE : PER_ELEMENT);
    return work;
}

static unsigned tasks_for(double work, uint32_t grain)
{
    double tasks = grain ? work / (double)grain : 1.0;
    return tasks >= QCG_MOST_TASKS ? QCG_MOST_TASKS : tasks < 1.0 ? 1 : (unsigned)tasks;
}

unsigned qcg_share_tasks(qir_level level, const qir_op *op, uint32_t grain)
{
    return qir_op_has_trait(op, QIR_TRAIT_CALLS) ? 1 : tasks_for(work_of(level, op), grain);
}

unsigned qcg_share_rows_tasks(qir_level level, const qir_rows *r, uint32_t grain)
{
    double work = 0.0;
    for (unsigned i = 0; i < r->nsteps; i++)
        work += work_of(level, r->step[i].op);
    return tasks_for(work, grain);
}
