/* Quantized types over the model's plain integers: storage_cast bridges the two at no cost, and
 * disappears between a quantizer and a dequantizer with equal parameters. */
#include "core/fe.h"

bool fe_can_store(fe_builder *fe, qir_dtype t)
{
    return (qir_dtype_is_int(t) && qir_dtype_bits(t) <= 32 && t != QIR_u32) ||
           fe_error(fe, "type", "quantized values of type %s are not supported", qir_dtype_name(t));
}

const qir_type *fe_quant_type(fe_builder *fe, const qir_quant *q, const int64_t *dims,
                              unsigned rank)
{
    const qir_type *t = qir_quant_type(fe->ctx, q, dims, rank, fe->node.loc);
    fe->failed = fe->failed || !t;
    return t;
}

qir_value *fe_recast(fe_builder *fe, qir_value *v, const qir_type *to)
{
    qir_const *k;
    const qir_op *op;
    if (!v || !to || v->type == to)
        return to ? v : NULL;
    if ((k = qir_value_const(v))) {
        const void *data = qir_const_data(k);
        return data ? fe_add_const(fe, fe_const_base(fe, v), to, data, false, k->loc) : NULL;
    }
    op = qir_value_op(v);
    if (op && op->opcode == QIR_OP_storage_cast && op->operands[0].value->type == to)
        return op->operands[0].value;
    return fe_emit(fe, QIR_OP_storage_cast, &v, 1, QIR_NO_ATTRS, to);
}

qir_value *fe_to_quantized(fe_builder *fe, qir_value *v, const qir_quant *q)
{
    return v ? fe_recast(fe, v, fe_quant_type(fe, q, v->type->dims, v->type->rank)) : NULL;
}

qir_value *fe_to_plain(fe_builder *fe, qir_value *v)
{
    return v ? fe_recast(fe, v, fe_tensor_type(fe, v->type->dtype, v->type->dims, v->type->rank))
             : NULL;
}
