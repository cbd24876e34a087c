/* Operands of linear_dynamic and conv_dynamic.
 *
 *   dequantize_affine(x, scale, zp) -> linear or conv with a quantized constant weight
 *
 * Programs in bf16 or f16 round both to that type in between; the integer product does not.
 * The input's parameters serve the whole tensor, or each row (conv: image); a weight has them per
 * tensor, per output channel or, for linear, in groups along a row.  Sums are bounded in ir/accumulator.c,
 * group by group. */
#include "lowering.h"
#include "prepack.h"
#include "qir/builder.h"
#include "quant_util.h"

enum { OPERANDS = 5 };

static const struct {
    qir_opcode real, dynamic;
} forms[] = {{QIR_OP_linear, QIR_OP_linear_dynamic}, {QIR_OP_conv, QIR_OP_conv_dynamic}};

static qir_opcode dynamic_form(const qir_op *op)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i].real == op->opcode)
            return forms[i].dynamic;
    return QIR_NUM_OPS;
}

/* The op that defines operand `i`, before roundings to half types and back, if it has that opcode. */
static qir_op *feeder(const qir_op *op, uint32_t i, qir_opcode opcode)
{
    qir_value *v = qir_op_operand(op, i);
    qir_op *def = v ? qir_value_op(v) : NULL;
    while (def && def->opcode == QIR_OP_cast && qir_type_is_float(qir_op_operand(def, 0)->type))
        def = qir_value_op(qir_op_operand(def, 0));
    return def && def->opcode == opcode ? def : NULL;
}

bool qir_is_dynamic_product(const qir_op *op)
{
    return dynamic_form(op) != QIR_NUM_OPS && feeder(op, 0, QIR_OP_dequantize_affine);
}

/* --- input ------------------------------------------------------------------------------------ */

/* One element, or one per index of the dimensions before the last (conv: of the first). */
static bool is_rowwise(const qir_lowering *l, const qir_type *x, const qir_type *t)
{
    unsigned from = l->opcode == QIR_OP_linear_dynamic ? x->rank - 1 : 1;
    bool ok = true;
    for (unsigned d = 0; d < t->rank; d++)
        ok = ok && t->dims[d] == (d < from ? x->dims[d] : 1);
    return ok || qir_type_elements(t) == 1;
}

/* As i32: what a cast narrowed, or cast now; zeros where there are none. */
static qir_value *zero_points(qir_lowering *l, const qir_op *dq)
{
    qir_context *ctx = l->module->ctx;
    qir_value *z = qir_op_operand(dq, 2);
    const qir_type *s = qir_op_operand(dq, 1)->type;
    const qir_type *t = qir_tensor_type(ctx, QIR_i32, s->dims, s->rank, NULL);
    if (!z) {
        void *none = QIR_NEW_ARRAY(l->module->arena, int32_t, (size_t)qir_type_elements(t));
        return &qir_const_create(l->module, "zp", t, none, false, dq->loc)->value;
    }
    qir_op *cast = qir_value_op(z);
    if (cast && cast->opcode == QIR_OP_cast && qir_op_operand(cast, 0)->type == t)
        return qir_op_operand(cast, 0);
    if (z->type == t || !qir_dtype_is_int(z->type->dtype))
        return z->type == t ? z : NULL;
    qir_builder b = qir_builder_before(l->op);
    return qir_build1(&b, QIR_OP_cast, &z, 1, QIR_ATTRS({"to", qir_attr_string(ctx, "i32", 3)}), t);
}

static bool take_input(qir_lowering *l)
{
    const qir_op *dq = feeder(l->op, 0, QIR_OP_dequantize_affine);
    const qir_type *x = qir_op_operand(dq, 0)->type, *s = qir_op_operand(dq, 1)->type;
    if (x->dtype != QIR_i8 && x->dtype != QIR_u8)
        return qir_stays_float(l, "its input is quantized to %s at run time, not to 8 bits",
                               qir_dtype_name(x->dtype));
    if (s->dtype != QIR_f32)
        return qir_stays_float(l, "its input's scales are %s, not f32", qir_dtype_name(s->dtype));
    if (!is_rowwise(l, x, s))
        return qir_stays_float(l, "its input's parameters are neither per tensor nor per %s",
                               l->opcode == QIR_OP_linear_dynamic ? "row" : "image");
    l->in[0] = qir_op_operand(dq, 0);
    l->in[1] = qir_op_operand(dq, 1);
    l->in[2] = zero_points(l, dq);
    return l->in[2] || qir_stays_float(l, "its input's zero points are no integers");
}

/* --- weight and bias -------------------------------------------------------------------------- */

static bool weight_type_fits(qir_lowering *l, const qir_type *w)
{
    const qir_quant *q = w->quant;
    bool linear = l->opcode == QIR_OP_linear_dynamic;
    if (!qir_dtype_is_int(w->dtype) || qir_dtype_bits(w->dtype) > 8)
        return qir_stays_float(l, "its weight has more than 8 bits");
    return (q->group ? linear && q->axis == 1 : q->axis <= 0) ||
           qir_stays_float(l, "its weight is quantized along axis %d%s, expected %s", q->axis,
                           q->group ? " in groups" : "",
                           linear ? "axis 0, or groups along axis 1" : "axis 0");
}

static bool take_weight(qir_lowering *l)
{
    const qir_op *dq = feeder(l->op, 1, QIR_OP_dequantize);
    qir_value *w = dq ? qir_op_operand(dq, 0) : NULL;
    qir_op *prepack = qir_prepack_behind(w);
    w = prepack ? qir_op_operand(prepack, 0) : w;
    qir_const *c = w ? qir_value_const(w) : NULL;
    if (!c)
        return qir_stays_float(l, "its weight is not a quantized constant");
    if (!weight_type_fits(l, w->type))
        return false;
    l->in[3] = prepack ? &prepack->results[0] : w;
    return true;
}

static bool take_bias(qir_lowering *l)
{
    qir_value *b = qir_op_operand(l->op, 2), *q = qir_dequantized(l->op, 2);
    l->count = b ? OPERANDS : OPERANDS - 1;
    l->in[4] = b;
    if (b && !qir_value_const(q ? q : b))
        return qir_stays_float(l, "its bias is not a constant");
    return true;
}

bool qir_lower_dynamic_operands(qir_lowering *l)
{
    l->opcode = dynamic_form(l->op);
    l->type = l->op->results[0].type;
    l->in = QIR_NEW_ARRAY(l->arena, qir_value *, OPERANDS);
    if (l->type->dtype != QIR_f32)
        return qir_stays_float(l, "its result is %s, not f32", qir_dtype_name(l->type->dtype));
    return take_weight(l) && take_bias(l) && take_input(l);
}
