/* Integer products with parameters known: on bytes where they fit the level's dot product, else on i16. */
#include "kernel/kernel.h"

#include "qir/pack.h"

enum { MANY_OUTPUTS = 64 };

/* Do few rows of operands wait for so many bytes of weights to be read from memory? */
static bool waits_for_memory(const qir_kernel_plan *p, int64_t bytes)
{
    enum { FEW_ROWS = 4, CACHE_BYTES = 512 << 10 };
    return p->w.n * p->w.out[0] * p->w.out[1] * p->w.out[2] <= FEW_ROWS && bytes > CACHE_BYTES;
}

/* Products of bytes only: operands stored as the level wants them, weights without zero points. */
static bool fits_i8(const qir_level_info *level, const qir_op *op)
{
    return op->operands[0].value->type->dtype == level->act && qir_plan_weight_is_i8(op);
}

/* Weights of i16 products stored as bytes and widened in registers: for size, and where few rows would wait
 * for them to be read from memory. */
static bool is_narrow(const qir_op *op, const qir_kernel_plan *p, qir_packing narrow)
{
    const qir_type *t = qir_plan_weight(op);
    qir_pack_shape shape;
    if (narrow == QIR_PACKING_none || !qir_pack_shape_get_groups(narrow, t, p->w.groups, &shape))
        return false;
    for (size_t i = 0; i < t->quant->count; i++)
        if (t->quant->zero_point[i] != qir_pack_origin(t))
            return false;
    return qir_op_is_small(op) || waits_for_memory(p, 2 * p->stored);
}

bool qir_plan_products_i8(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    if (qir_op_weight(op) < 0 || qir_plan_is_dynamic(op) || qir_plan_is_float(op) ||
        qir_plan_is_depthwise(op, &p->w))
        return false;
    const qir_level_info *facts = qir_level_get(level);
    p->wide = qir_packing_get(facts->gemm)->elem == QIR_i8 && !fits_i8(facts, op);
    p->packing = p->wide ? facts->wide : facts->gemm;
    qir_packing narrow = qir_packing_with_bits(facts->wide, 8);
    if (qir_packing_get(p->packing)->elem == QIR_i16 && is_narrow(op, p, narrow))
        p->packing = narrow;
    const qir_packing_info *info = qir_packing_get(p->packing);
    p->elem = qir_dtype_bytes(info->elem);
    p->kgroup = info->kgroup * (int64_t)qir_dtype_bits(info->elem) / info->bits;
    p->stored = p->stored * info->bits / 8;
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
    if (waits_for_memory(p, p->stored))
        qir_plan_spend(p, QIR_RATE_read, (double)p->stored);
    return true;
}
