/* Changes: quantized weights of conv and linear pass through prepack and unpack, one pair per op:
 *
 *   conv(x, dequantize(@w), b)   ->   p = prepack(@w);  u = unpack(p);  conv(x, dequantize(u), b)
 *
 * Requires: quantize/dequantize pairs (insert-qdq).  Leaves: every value; lower-qdq makes the integer op read
 * p itself, prepack-weights a constant of it. */
#include "prepack.h"
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"

/* The quantized constant behind the weight of `op`, or NULL. */
static qir_value *match(const qir_op *op)
{
    int i = qir_op_weight(op);
    const qir_op *dq = i >= 0 ? qir_op_feeder(op, (uint32_t)i, QIR_OP_dequantize) : NULL;
    qir_value *w = dq ? qir_op_operand(dq, 0) : NULL;
    return w && qir_value_const(w) ? w : NULL;
}

/* Kernels whose operands are 8 bits wide want signed ones; weights of few bits wait for their kernel. */
static qir_packing packing_of(qir_level level, const qir_op *op, const qir_type *w)
{
    const qir_op *dq = qir_op_feeder(op, 0, QIR_OP_dequantize_affine);
    qir_packing p = qir_level_weight_packing(level, w, qir_groups_of(op));
    bool fits = !dq || (qir_dtype_bits(w->dtype) == 8 && (qir_packing_get(p)->elem != QIR_i8 ||
                                                         qir_op_operand(dq, 0)->type->dtype == QIR_i8));
    return fits ? p : QIR_PACKING_none;
}

static bool rewrite(qir_op *op, qir_value *w, qir_packing packing)
{
    qir_builder b = qir_builder_before(op);
    uint32_t i = (uint32_t)qir_op_weight(op);
    qir_op *dequantize = qir_value_op(qir_op_operand(op, i));
    qir_op *pack = qir_build_prepack(op, w, packing);
    qir_value *u = pack ? qir_build1(&b, QIR_OP_unpack, QIR_OPERANDS(&pack->results[0]),
                                     QIR_ATTRS({"groups", qir_op_attr(pack, "groups")}), NULL)
                        : NULL;
    qir_value *d = u ? qir_build1(&b, QIR_OP_dequantize, QIR_OPERANDS(u), QIR_NO_ATTRS, NULL) : NULL;
    if (!d)
        return false;
    qir_keep_kernel(op, w->type);
    qir_op_set_operand(op, i, d);
    qir_erase_dead(dequantize);
    return true;
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_level level;
    if (!qir_prepack_level(p, m, &level))
        return false;
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            qir_value *w = match(op);
            qir_packing packing = w ? packing_of(level, op, w->type) : QIR_PACKING_none;
            if (packing == QIR_PACKING_none || !qir_pass_may_transform(p))
                continue;
            if (!rewrite(op, w, packing))
                return false;
            qir_pass_count(p, "packed", 1);
        }
    return true;
}

static const qir_pass_option options[] = {QIR_PREPACK_LEVEL_OPTION, {NULL, QIR_OPT_BOOL, NULL, NULL}};
static const char *const statistics[] = {"packed", NULL};

QIR_PASS(insert_prepack_unpack, .name = "insert-prepack-unpack", .alias = "InsertPrepackUnpack",
         .summary = "Routes quantized weights of float ops through prepack and unpack.",
         .doc = "One pair per op, as TorchScript has it, before lower-qdq.  qcc itself packs last, when the "
                "weights are final: register-prepack-params.  Weights whose level has no packing stay, and so do those "
                "of conv_transpose, which becomes convs first (expand-conv-transpose).",
         .requires = QIR_STAGE_QDQ, .options = options, .statistics = statistics, .run = run)
