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

/* Elements that the windows of a pool read. */
static double pooled(const qir_op *op)
{
    qir_window w;
    if (!qir_op_has_kernel(op) || qir_op_weight(op) >= 0)
        return 0.0;
    qir_window_get(op, &w);
    return (double)elements(&op->results[0]) * (double)w.taps;
}

unsigned qcg_share_tasks(const qir_op *op, uint32_t grain)
{
    double work = qir_op_products(op) + pooled(op);
    if (!grain || qir_op_has_trait(op, QIR_TRAIT_CALLS))
        return 1;
    if (op->noperands && qir_dtype_bytes(op->operands[0].value->type->dtype) == 1)
        work /= BYTE_PRODUCTS;
    for (uint32_t i = 0; i < op->nresults; i++)
        work += (double)elements(&op->results[i]) * PER_ELEMENT;
    double tasks = work / (double)grain;
    return tasks >= QCG_MOST_TASKS ? QCG_MOST_TASKS : tasks < 1.0 ? 1 : (unsigned)tasks;
}
