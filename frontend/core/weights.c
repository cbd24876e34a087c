/* Weights: constants, or the dequantization of constants, which stays visible when they are turned. */
#include "core/fe.h"

bool fe_is_weight(const qir_value *v)
{
    const qir_op *op = qir_value_op(v);
    if (!op || (op->opcode != QIR_OP_dequantize && op->opcode != QIR_OP_dequantize_affine))
        return v->kind == QIR_VALUE_CONST;
    for (uint32_t i = 0; i < op->noperands; i++)
        if (qir_op_operand(op, i) && !qir_value_const(qir_op_operand(op, i)))
            return false;
    return true;
}

/* Values, scales and zero points alike. */
static qir_value *transpose_affine(fe_builder *fe, const qir_op *op, const int64_t *perm)
{
    qir_value *x = qir_op_operand(op, 0), *zp = op->noperands > 2 ? qir_op_operand(op, 2) : NULL;
    fe_qparams p;
    size_t rank;
    const int64_t *block = qir_op_ints(op, "block", &rank);
    fe_qparams_init(&p, fe_transpose(fe, qir_op_operand(op, 1), perm),
                    zp ? fe_transpose(fe, zp, perm) : NULL, x->type->dtype);
    for (size_t d = 0; d < rank; d++)
        p.block[d] = block[perm[d]];
    return p.scale && !p.zp == !zp ? fe_dequantize(fe, fe_transpose(fe, x, perm), &p) : NULL;
}

qir_value *fe_transpose_weight(fe_builder *fe, qir_value *w, const int64_t *perm)
{
    const qir_op *op = qir_value_op(w);
    if (!op)
        return fe_transpose(fe, w, perm);
    if (op->opcode == QIR_OP_dequantize_affine)
        return transpose_affine(fe, op, perm);
    qir_value *q = fe_transpose(fe, op->operands[0].value, perm);
    return fe_emit1(fe, QIR_OP_dequantize, q, QIR_NO_ATTRS);
}
