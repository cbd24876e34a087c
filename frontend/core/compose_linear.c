/* Products with matrices that may or may not be constant. */
#include "core/compose.h"

/* A quantized constant that was dequantized and rounded to a half type. */
static bool is_half_weight(const qir_value *w)
{
    const qir_op *op = qir_value_op(w);
    return (w->type->dtype == QIR_f16 || w->type->dtype == QIR_bf16) && op &&
           op->opcode == QIR_OP_cast && fe_is_weight(qir_op_operand(op, 0));
}

/* Computed in f32 and rounded once. */
static qir_value *half_linear(fe_builder *fe, qir_value *x, qir_value *w, qir_value *b)
{
    qir_value *in[] = {fe_cast(fe, x, QIR_f32), fe_cast(fe, w, QIR_f32), b ? fe_cast(fe, b, QIR_f32) : NULL};
    return fe_cast(fe, fe_emit(fe, QIR_OP_linear, in, b ? 3 : 2, QIR_NO_ATTRS, NULL), x->type->dtype);
}

qir_value *fe_linear(fe_builder *fe, qir_value *x, qir_value *w, qir_value *b)
{
    if (!x || !w)
        return NULL;
    if (is_half_weight(w) && (!b || fe_is_weight(b)))
        return half_linear(fe, x, w, b);
    if (fe_is_weight(w) && (!b || fe_is_weight(b)))
        return fe_emit(fe, QIR_OP_linear, (qir_value *[]){x, w, b}, b ? 3 : 2, QIR_NO_ATTRS, NULL);
    qir_value *y = fe_is_weight(w) ? fe_emit2(fe, QIR_OP_linear, x, w)
                                   : fe_emit2(fe, QIR_OP_matmul, x, fe_swap_axes(fe, w, 0, 1));
    return b ? fe_emit2(fe, QIR_OP_add, y, b) : y;
}
