/* Conditions of rows that several quantizers use. */
#include <string.h>
#include "qir/ops.h"
#include "qir/quantizer.h"

bool qir_pads_with_zero(const qir_op *op)
{
    return strcmp(qir_op_string(op, "mode"), "constant") != 0 || qir_op_float(op, "value") == 0.0f;
}

static bool reduces_trailing_pair(const qir_op *op)
{
    size_t n;
    const int64_t *axes = qir_op_ints(op, "axes", &n);
    return n == 2 && axes[0] == 2 && axes[1] == 3;
}

static bool covers(const qir_op *op, const qir_type *x)
{
    size_t nkernel, npads;
    const int64_t *kernel = qir_op_ints(op, "kernel", &nkernel);
    const int64_t *pads = qir_op_ints(op, "pads", &npads);
    for (size_t i = 0; i < npads; i++)
        if (pads[i] != 0)
            return false;
    return nkernel == 2 && kernel[0] == x->dims[2] && kernel[1] == x->dims[3];
}

bool qir_pools_whole_image(const qir_op *op)
{
    const qir_type *x = qir_op_operand(op, 0)->type;
    if (x->rank != 4)
        return false;
    return op->opcode == QIR_OP_reduce_mean ? reduces_trailing_pair(op) : covers(op, x);
}

/* PyTorch leaves transposed convolutions with groups in float, whose groups would share scales. */
bool qir_is_ungrouped(const qir_op *op)
{
    return qir_op_int(op, "groups") == 1;
}

static bool is_read_by_annotated(const qir_value *v, const qir_op *but)
{
    if (!v || !qir_value_const(v))
        return false;
    qir_for_each_use(u, v) {
        const qir_qrule *rule = &qir_op_desc_get(u->user->opcode)->qrule;
        if (u->user != but && rule->kind == QIR_QR_ACCUM &&
            qir_dict_get(u->user->attrs, qir_intern_cstr(qir_op_module(but)->ctx, "quant.in")))
            return true;
    }
    return false;
}

bool qir_owns_weight(const qir_op *op)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    return !is_read_by_annotated(qir_op_operand(op, (uint32_t)rule->weight), op) &&
           !is_read_by_annotated(qir_op_operand(op, (uint32_t)rule->bias), op);
}

bool qir_has_source(const qir_op *op, const char *operator_name)
{
    const qir_attr *a =
        qir_dict_get(op->attrs, qir_intern_cstr(qir_op_module(op)->ctx, "quant.source"));
    return a && a->kind == QIR_ATTR_STRING && (!operator_name || !strcmp(a->u.s, operator_name));
}
