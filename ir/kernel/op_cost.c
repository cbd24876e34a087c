/* About how long any op takes: kernels by their plans, others by their elements (rates.def). */
#include "kernel/kernel.h"

#include <string.h>

static qir_rate rate_of_elements(const qir_op *op)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    bool tabled = rule->kind == QIR_QR_LOOKUP || rule->kind == QIR_QR_FIXED;
    bool is_float = op->noperands && op->operands[0].value && qir_plan_is_float(op);
    switch (op->opcode) {
    case QIR_OP_quantize:
    case QIR_OP_quantize_affine: return QIR_RATE_quantized;
    case QIR_OP_dequantize:
    case QIR_OP_dequantize_affine: return QIR_RATE_dequantized;
    default: return is_float ? tabled ? QIR_RATE_elementary : QIR_RATE_real
                             : tabled ? QIR_RATE_looked_up : QIR_RATE_combined;
    }
}

void qir_op_count(qir_level level, const qir_op *op, double spent[QIR_NUM_RATES])
{
    if (qir_op_has_kernel(op)) {
        qir_kernel_plan p;
        qir_kernel_plan_get(level, op, &p);
        memcpy(spent, p.spent, sizeof p.spent);
        return;
    }
    memset(spent, 0, QIR_NUM_RATES * sizeof *spent);
    double products = qir_op_products(op);
    if (products > 0.0)
        spent[qir_plan_is_float(op) ? QIR_RATE_gemm_f32 : QIR_RATE_wide] = products;
    for (uint32_t i = 0; i < op->nresults; i++)
        spent[rate_of_elements(op)] += (double)qir_type_elements(op->results[i].type);
}

double qir_op_cycles(qir_level level, const qir_op *op)
{
    double spent[QIR_NUM_RATES];
    qir_op_count(level, op, spent);
    return qir_cycles(level, spent);
}
