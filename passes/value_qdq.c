/* quantize(op(dequantize(x))) where only op(dequantize(x)) stood. */
#include "value_qdq.h"
#include "bounds.h"
#include "qir/pass.h"
#include "qir/qmath.h"

typedef enum source { NOTHING, OPERAND, RULE } source;

static const struct {
    qir_opcode opcode;
    source parameters;
} rows[] = {
    {QIR_OP_avg_pool, OPERAND}, {QIR_OP_reduce_mean, OPERAND}, {QIR_OP_resize, OPERAND},
    {QIR_OP_clamp, OPERAND},    {QIR_OP_leaky_relu, OPERAND},  {QIR_OP_sigmoid, RULE},
    {QIR_OP_hard_sigmoid, RULE}, {QIR_OP_tanh, RULE},
};

static source source_of(const qir_op *op)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].opcode == op->opcode)
            return rows[i].parameters;
    return NOTHING;
}

static bool is_quantized_behind(const qir_op *op)
{
    qir_for_each_use(u, &op->results[0])
        if (u->user->opcode == QIR_OP_quantize)
            return true;
    return false;
}

/* The operand's codes, or NULL where nothing is to be done. */
static const qir_value *match(const qir_op *op)
{
    const qir_op *dq = source_of(op) != NOTHING ? qir_op_feeder(op, 0, QIR_OP_dequantize) : NULL;
    const qir_value *x = dq ? qir_op_operand(dq, 0) : NULL;
    return x && qir_type_is_byte_quant(x->type) && op->results[0].uses && !is_quantized_behind(op) ? x : NULL;
}

/* The rule of an op is for i8; u8 has the same steps, 128 codes up. */
static const qir_type *type_of(const qir_op *op, const qir_quant *x)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    qir_quant q = *x;
    float scale = rule->scale;
    int32_t zp = rule->zero_point + (qir_dtype_is_signed(x->storage) ? 0 : 128);
    if (source_of(op) == RULE) {
        q.scale = &scale;
        q.zero_point = &zp;
        q.qmin = (int32_t)qir_dtype_min(x->storage);
        q.qmax = (int32_t)qir_dtype_max(x->storage);
    }
    return qir_type_with_quant(qir_op_module(op)->ctx, op->results[0].type, &q, op->loc);
}

static void snap_bound(qir_op *op, const char *name, const qir_quant *q, int32_t code)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    qir_op_set_attr(op, qir_intern_cstr(ctx, name),
                    qir_attr_float(ctx, qir_dequantize_value(code, q->scale[0], q->zero_point[0])));
}

/* Bounds that leave codes out become the codes next to them; the others bound nothing. */
static void snap_bounds(qir_op *op, const qir_quant *q)
{
    qir_bounds b = qir_bounds_of(op);
    int32_t lo, hi;
    qir_quant_bounds(q, b.min, b.max, &lo, &hi);
    if (lo > q->qmin)
        snap_bound(op, "min", q, lo);
    if (hi < q->qmax)
        snap_bound(op, "max", q, hi);
}

bool qir_quantize_result(qir_rewriter *rw, qir_op *op, void *pass)
{
    const qir_value *x = match(op);
    const qir_type *t = x && qir_pass_may_transform(pass) ? type_of(op, x->type->quant) : NULL;
    if (!t)
        return false;
    qir_builder b = qir_rewriter_builder(rw, op->next);
    qir_value *y = &op->results[0];
    qir_value *q = qir_build1(&b, QIR_OP_quantize, QIR_OPERANDS(y), QIR_NO_ATTRS, t);
    qir_value *d = q ? qir_build1(&b, QIR_OP_dequantize, QIR_OPERANDS(q), QIR_NO_ATTRS, NULL) : NULL;
    if (!d)
        return false;
    qir_for_each_use(u, y)
        qir_rewriter_touch(rw, u->user);
    qir_value_replace_all(y, d);
    qir_op_set_operand(qir_value_op(q), 0, y);
    if (op->opcode == QIR_OP_clamp)
        snap_bounds(op, t->quant);
    qir_pass_count(pass, "quantized", 1);
    return true;
}

static const qir_attr *real_bound(const qir_op *op, const qir_quant *q, float code, bool cuts)
{
    return cuts ? qir_attr_float(qir_op_module(op)->ctx, qir_dequantize_value((int32_t)code, q->scale[0],
                                                                              q->zero_point[0]))
                : NULL;
}

bool qir_clamp_quantized(qir_rewriter *rw, qir_op *cast, void *pass)
{
    const qir_type *t = cast->results[0].type;
    qir_op *clamp = cast->opcode == QIR_OP_storage_cast ? qir_op_feeder(cast, 0, QIR_OP_clamp) : NULL;
    qir_op *inner = clamp ? qir_op_feeder(clamp, 0, QIR_OP_storage_cast) : NULL;
    if (!inner || qir_op_operand(inner, 0)->type != t || !qir_type_is_byte_quant(t) ||
        !qir_pass_may_transform(pass))
        return false;
    qir_bounds b = qir_bounds_of(clamp);
    qir_builder at = qir_rewriter_builder(rw, cast);
    qir_value *x = qir_op_operand(inner, 0);
    qir_value *y = qir_build1(&at, QIR_OP_clamp, QIR_OPERANDS(x),
                              QIR_ATTRS({"min", real_bound(clamp, t->quant, b.min, b.min > (float)t->quant->qmin)},
                                        {"max", real_bound(clamp, t->quant, b.max, b.max < (float)t->quant->qmax)}),
                              NULL);
    if (!y)
        return false;
    qir_rewriter_replace(rw, cast, y);
    qir_pass_count(pass, "moved", 1);
    return true;
}
