/* Integer products with parameters from run time. */
#include "kernel/kernel.h"

/* Rows of sections that fill whole elements of the weight. */
static void choose_dynamic(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    p->packing = qir_level_dynamic_packing(level, op);
    const qir_packing_info *info = qir_packing_get(p->packing);
    const qir_quant *q = qir_plan_weight(op)->quant;
    p->elem = qir_dtype_bytes(info->elem);
    bool takes_u8 = info->elem == QIR_u8 || (info->elem == QIR_i8 && qir_level_get(level)->act == QIR_u8);
    p->raised = takes_u8 && op->operands[0].value->type->dtype == QIR_i8;
    p->kgroup = info->kgroup * (int64_t)qir_dtype_bits(info->elem) / info->bits;
    p->sections = q->group ? p->w.c / q->group : 1;
    p->centred = p->elem > 1;
}

/* Panels that stay in the second-level cache: each of them reads all of the weights. */
static void plan_rows(const qir_op *op, qir_kernel_plan *p)
{
    enum { PANEL_BYTES = 1 << 20 };
    if (op->opcode == QIR_OP_linear_dynamic)
        p->most_rows = PANEL_BYTES / qir_plan_times(p->w.c, (int64_t)p->elem);
}

/* Of a part of k: at most `most`, so that the last part has nearly as many. */
static int64_t sections_of(const qir_kernel_plan *p, int64_t most)
{
    if (most >= p->sections)
        return p->sections;
    return qir_plan_fitting_blocks(p->sections, most < 1 ? 1 : most);
}

/* Low-bit weights are cut out of their elements once for all rows of a panel, where it has several tiles:
 * those of UNPACKED_COLUMNS, with three tables of their sections, of as many sections as leave the first-level
 * cache room for the rows.  So are zero points of the rows. */
static void plan_unpacked(qir_kernel_plan *p)
{
    enum { UNPACKED_COLUMNS = 64, UNPACKED_BYTES = 24 << 10, SEVERAL_ROWS = 12, ENTRY = 12 };
    if ((size_t)qir_packing_get(p->packing)->bits == 8 * p->elem || p->panel_rows < SEVERAL_ROWS)
        return;
    p->weight_rows = UNPACKED_COLUMNS;
    int64_t section = qir_plan_times(p->k_stride / p->sections, (int64_t)p->elem) + ENTRY;
    p->weight_sections = sections_of(p, UNPACKED_BYTES / UNPACKED_COLUMNS / section);
    p->weight_bytes = qir_plan_buffer(UNPACKED_COLUMNS, (size_t)qir_plan_times(p->weight_sections, section));
    p->zero_bytes = qir_plan_buffer(p->panel_rows, sizeof(int32_t));
    if (p->weight_sections < p->sections)
        p->sum_bytes = qir_plan_buffer((p->panel_rows + QIR_WAITING_ROWS) * UNPACKED_COLUMNS, sizeof(float));
}

bool qir_plan_gemm_dynamic(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    if (qir_op_weight(op) < 0 || !qir_plan_is_dynamic(op))
        return false;
    choose_dynamic(level, op, p);
    plan_rows(op, p);
    qir_plan_panels(p, op);
    plan_unpacked(p);
    qir_plan_spend_all(p, p->elem > 1 ? QIR_RATE_wide : QIR_RATE_gemm);
    return true;
}
