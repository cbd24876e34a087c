/* Changes: convolutions, linear and recurrent layers read their constant weight, gather its constant
 * table, quantized as they are stored; they dequantize what they read.
 *
 *   linear(x, dequantize(@w), b)   -> linear(x, @w, b)
 *   gather(dequantize(@t), i)      -> gather(@t, i)
 *
 * Requires: a float op that stays one (after lower-qdq).  Leaves: values; an object holds the
 * integers in their bits, not the floats that const-fold would make of them. */
#include "qir/codes.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"

/* Rows are what gather takes: axis 0 of a matrix.  A transposed convolution becomes a convolution,
 * axis 1 of its weight that one's axis 0 (expand-conv-transpose). */
static bool reads(const qir_op *op, const qir_type *t)
{
    qir_code_rows rows;
    if (op->opcode == QIR_OP_conv_transpose)
        return qir_has_codes(t) && !t->quant->group && (t->quant->axis < 0 || t->quant->axis == 1);
    return qir_code_rows_get(t, &rows) &&
           (op->opcode != QIR_OP_gather || (t->rank == 2 && qir_op_int(op, "axis") == 0));
}

/* The constant behind operand `i`, if the op can read it as it is. */
static qir_value *stored(const qir_op *op, uint32_t i)
{
    const qir_op *dequantize = qir_op_feeder(op, i, QIR_OP_dequantize);
    qir_value *c = dequantize ? qir_op_operand(dequantize, 0) : NULL;
    return c && qir_value_const(c) && reads(op, c->type) ? c : NULL;
}

static void fuse(qir_pass *p, qir_op *op, uint32_t i)
{
    qir_value *c = stored(op, i);
    if (!c || !qir_pass_may_transform(p))
        return;
    qir_op *dequantize = qir_value_op(qir_op_operand(op, i));
    qir_op_set_operand(op, i, c);
    qir_erase_dead(dequantize);
    qir_pass_count(p, "fused", 1);
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            if (qir_codes_operand(op->opcode) >= 0)
                fuse(p, op, (uint32_t)qir_codes_operand(op->opcode));
    return true;
}

static const char *const statistics[] = {"fused", NULL};

QIR_PASS(fuse_weight_dequantize, .name = "fuse-weight-dequantize",
         .summary = "Float ops read quantized weights and tables as they are stored.",
         .doc = "Changes: conv, conv_transpose, linear, lstm, gru, rnn and gather of a dequantized "
                "constant take the constant itself: at most 8 bits, parameters per tensor, per axis 0 "
                "or in groups along axis 1 (conv_transpose: per axis 1).\nRequires: integer ops made "
                "(lower-qdq); runs before const-fold dequantizes.\nLeaves: values.",
         .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_PACKED, .statistics = statistics, .run = run)
