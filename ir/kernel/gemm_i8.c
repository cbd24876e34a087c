/* Integer products with parameters known: on bytes where they fit the level's dot product, else on i16. */
#include "kernel/kernel.h"

enum { MANY_OUTPUTS = 64 };

/* Products of bytes only: operands stored as the level wants them, weights without zero points. */
static bool fits_i8(const qir_level_info *level, const qir_op *op)
{
    return op->operands[0].value->type->dtype == level->act && qir_plan_weight_is_i8(op);
}

bool qir_plan_products_i8(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    if (qir_op_weight(op) < 0 || qir_plan_is_dynamic(op) || qir_plan_is_float(op) ||
        qir_plan_is_depthwise(op, &p->w))
        return false;
    const qir_level_info *facts = qir_level_get(level);
    p->wide = qir_packing_get(facts->gemm)->elem == QIR_i8 && !fits_i8(facts, op);
    const qir_packing_info *info = qir_packing_get(p->wide ? facts->wide : facts->gemm);
    p->elem = qir_dtype_bytes(info->elem);
    p->kgroup = info->kgroup;
    /* Products of two rows at a time (smmla): many outputs pay for pairing them once. */
    p->pairs = info->kgroup == 8 && p->w.o / p->w.groups >= MANY_OUTPUTS;
    return true;
}

bool qir_plan_gemm_i8(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    if (!qir_plan_products_i8(level, op, p))
        return false;
    qir_plan_panels(p, op);
    qir_plan_spend_all(p, p->wide ? QIR_RATE_wide : QIR_RATE_gemm);
    return true;
}
