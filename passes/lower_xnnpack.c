/* What ExecuTorch does to dynamic products on their way to XNNPACK, where the module has the attribute
 * compat = "xnnpack": an input is quantized row by row (conv: image by image) though the program says
 * per tensor, and scales of groups are rounded to bf16.  What several products then measure anew is one
 * again after cse. */
#include "lowering.h"
#include "qir/builder.h"
#include "qir/qmath.h"
#include "qir/rewrite.h"

/* --- rows ------------------------------------------------------------------------------------- */

/* The block of one row or image of `x`. */
static const qir_attr *row_block(const qir_lowering *l, const qir_type *x)
{
    int64_t block[QIR_MAX_RANK];
    unsigned from = l->opcode == QIR_OP_linear_dynamic ? x->rank - 1 : 1;
    for (unsigned d = 0; d < x->rank; d++)
        block[d] = d < from ? 1 : x->dims[d];
    return qir_attr_ints(l->module->ctx, block, x->rank);
}

static qir_op *again(qir_lowering *l, qir_op *op, qir_value **in, const qir_attr *block)
{
    qir_context *ctx = l->module->ctx;
    qir_builder b = qir_builder_before(l->op);
    const qir_dict *attrs = qir_dict_set(ctx, op->attrs, qir_intern_cstr(ctx, "block"), block);
    const qir_type *types[2] = {NULL, NULL};
    b.loc = op->loc;
    return qir_build_dict(&b, op->opcode, in, op->noperands, attrs, types);
}

static bool quantize_rows(qir_lowering *l)
{
    qir_op *q = qir_value_op(l->in[0]), *choose = qir_value_op(l->in[1]);
    if (!q || !choose || q->opcode != QIR_OP_quantize_affine ||
        choose->opcode != QIR_OP_choose_qparams || qir_op_operand(q, 0) != qir_op_operand(choose, 0))
        return true;
    qir_value *x = qir_op_operand(q, 0);
    const qir_attr *block = row_block(l, x->type);
    qir_op *params = again(l, choose, &x, block);
    if (!params)
        return false;
    l->in[1] = &params->results[0];
    l->in[2] = &params->results[1];
    qir_op *rows = again(l, q, (qir_value *[]){x, l->in[1], l->in[2]}, block);
    l->in[0] = rows ? &rows->results[0] : NULL;
    return rows;
}

/* --- scales ----------------------------------------------------------------------------------- */

static const qir_type *weight_type(const qir_lowering *l)
{
    const qir_type *t = l->in[3]->type;
    return t->kind == QIR_PACKED ? t->logical : t;
}

static bool round_scales(qir_lowering *l)
{
    const qir_op *prepack = qir_value_op(l->in[3]);
    qir_const *w = qir_value_const(prepack ? qir_op_operand(prepack, 0) : l->in[3]);
    qir_quant q = *w->value.type->quant;
    float *scale = QIR_NEW_ARRAY(l->arena, float, q.count);
    for (size_t i = 0; i < q.count; i++)
        scale[i] = qir_bf16_to_f32(qir_f32_to_bf16(q.scale[i]));
    q.scale = scale;
    const qir_type *t = qir_type_with_quant(l->module->ctx, w->value.type, &q, w->loc);
    if (!t)
        return false;
    l->in[3] = &qir_const_create(l->module, w->value.name, t, qir_const_data(w), false,
                                 w->loc)->value;
    return true;
}

bool qir_lower_as_xnnpack(qir_lowering *l)
{
    if (qir_op_compat(l->op) != QIR_COMPAT_XNNPACK)
        return true;
    return quantize_rows(l) && (!weight_type(l)->quant->group || round_scales(l));
}
