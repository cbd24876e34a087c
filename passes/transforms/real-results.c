/* Changes: layers whose results only float ops or callers read give real numbers, not 8 bits.
 * Requires: quantize/dequantize pairs.  Leaves: them, but for those behind such layers.
 * The input's fixed parameters are written as values, as if they came from run time: lower-qdq then
 * makes of the layer an integer op with a real result. */
#include "qir/ops.h"
#include "qir/pass.h"
#include "quant_util.h"

/* --- matching ---------------------------------------------------------------------------------- */
static bool is_layer(const qir_op *op)
{
    const qir_op *x = qir_op_feeder(op, 0, QIR_OP_dequantize);
    const qir_op *w = qir_op_feeder(op, 1, QIR_OP_dequantize);
    return (op->opcode == QIR_OP_linear || op->opcode == QIR_OP_conv) && x && w &&
           qir_type_is_byte_quant(qir_op_operand(x, 0)->type) &&
           qir_value_const(qir_op_operand(w, 0)) && qir_op_operand(w, 0)->type->quant->axis <= 0;
}

static qir_op *only_user(const qir_op *op, qir_opcode opcode)
{
    const qir_value *v = &op->results[0];
    return qir_value_has_one_use(v) && v->uses->user->opcode == opcode ? v->uses->user : NULL;
}

/* Returns, and computes in float whatever its operands are. */
static bool stays_real(const qir_op *op)
{
    if (qir_op_has_trait(op, QIR_TRAIT_TERMINATOR))
        return true;
    if (qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_ACCUM)
        return false;
    for (uint16_t k = 0; k < op->nresults; k++)
        qir_for_each_use(u, &op->results[k])
            if (u->user->opcode == QIR_OP_quantize || u->user->opcode == QIR_OP_quantize_affine)
                return false;
    return op->nresults > 0;
}

/* The dequantize that all who read the result read; NULL: one of them wants integers. */
static qir_op *match(const qir_op *op)
{
    qir_op *q = is_layer(op) ? only_user(op, QIR_OP_quantize) : NULL;
    qir_op *d = q ? only_user(q, QIR_OP_dequantize) : NULL;
    if (!d || !d->results[0].uses)
        return NULL;
    qir_for_each_use(u, &d->results[0])
        if (!stays_real(u->user))
            return NULL;
    return d;
}

/* --- rewriting --------------------------------------------------------------------------------- */
static qir_value *parameter(qir_builder *b, const char *name, qir_dtype dtype, const void *data,
                            unsigned rank)
{
    static const int64_t ones[QIR_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    const qir_type *t = qir_tensor_type(b->module->ctx, dtype, ones, rank, NULL);
    return &qir_const_create(b->module, name, t, data, true, b->loc)->value;
}

static bool rewrite(qir_op *op, qir_op *d)
{
    qir_builder b = qir_builder_before(op);
    qir_context *ctx = b.module->ctx;
    qir_value *x = qir_op_operand(qir_op_feeder(op, 0, QIR_OP_dequantize), 0);
    const qir_type *t = x->type;
    const qir_type *stored = qir_tensor_type(ctx, t->dtype, t->dims, t->rank, NULL);
    qir_value *s = parameter(&b, "scale", QIR_f32, t->quant->scale, t->rank);
    qir_value *z = parameter(&b, "zp", QIR_i32, t->quant->zero_point, t->rank);
    qir_value *i = qir_build1(&b, QIR_OP_storage_cast, QIR_OPERANDS(x), QIR_NO_ATTRS, stored);
    qir_value *y = i ? qir_build1(&b, QIR_OP_dequantize_affine, QIR_OPERANDS(i, s, z),
                                  QIR_ATTRS({"block", qir_attr_ints(ctx, t->dims, t->rank)}), NULL)
                     : NULL;
    if (!y)
        return false;
    qir_op *q = qir_value_op(qir_op_operand(d, 0));
    qir_op_set_operand(op, 0, y);
    qir_replace_op(d, &op->results[0]);
    qir_op_erase(q);
    return true;
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m)
        for (qir_op *op = f->body->first; op; op = op->next) {
            qir_op *d = match(op);
            if (!d || !qir_pass_may_transform(p))
                continue;
            if (!rewrite(op, d))
                return false;
            qir_pass_count(p, "real", 1);
        }
    return true;
}

static const char *const statistics[] = {"real", NULL};

QIR_PASS(real_results, .name = "real-results",
         .summary = "Layers before float ops and outputs give real numbers instead of 8 bits.",
         .doc = "Changes: `dequantize, linear or conv, quantize, dequantize` whose result only float "
                "ops or callers read loses the last two; its sums become real numbers at once, "
                "`y = (float(acc) * s_x) * s_w[c] + b[c]`.\nRequires: quantize/dequantize pairs.\n"
                "Leaves: them. The input's parameters are `dequantize_affine`'s operands, so "
                "lower-qdq makes `linear_dynamic` or `conv_dynamic` of the layer.",
         .requires = QIR_STAGE_QDQ, .excludes = QIR_STAGE_QUANTIZED, .statistics = statistics,
         .run = run)
