/* Ops that become others when their size is known at run time only. */
#include <math.h>
#include <string.h>

#include "bounded/bounded.h"
#include "qir/rewrite.h"

/* Elements of the real size that one result of the mean is made of, as f32. */
static qir_value *real_count(bounded *b, qir_builder *at, const qir_op *op)
{
    size_t n;
    const int64_t *axes = qir_op_ints(op, "axes", &n);
    const qir_type *x = qir_op_operand(op, 0)->type;
    int64_t count = 1;
    for (size_t i = 0; i < n; i++)
        count *= x->dims[axes[i]];
    count /= b->max;
    qir_value *factor = bounded_const(b, QIR_i64, NULL, 0, &count);
    qir_value *v = qir_build1(at, QIR_OP_mul, QIR_OPERANDS(b->size, factor), QIR_NO_ATTRS, NULL);
    const qir_attr *to = qir_attr_string(b->module->ctx, "f32", 3);
    return v ? qir_build1(at, QIR_OP_cast, &v, 1, QIR_ATTRS({"to", to}), NULL) : NULL;
}

bool bounded_mean(bounded *b, qir_op *op)
{
    qir_builder at = qir_builder_before(op);
    qir_value *x = qir_op_operand(op, 0);
    qir_op *sum = qir_build_dict(&at, QIR_OP_reduce_sum, &x, 1, op->attrs, (const qir_type *[]){NULL});
    qir_value *count = real_count(b, &at, op);
    if (!sum || !count)
        return false;
    qir_value *v = qir_build1(&at, QIR_OP_div, QIR_OPERANDS(qir_op_result(sum, 0), count),
                              QIR_NO_ATTRS, NULL);
    if (v)
        bounded_replace(b, op, v);
    return v;
}

/* All of dimension `dim`; the others as in `op`. */
static qir_value *whole_slice(bounded *b, qir_builder *at, const qir_op *op, unsigned dim)
{
    qir_context *ctx = b->module->ctx;
    qir_value *x = qir_op_operand(op, 0);
    size_t n;
    int64_t starts[QIR_MAX_RANK], ends[QIR_MAX_RANK];
    memcpy(starts, qir_op_ints(op, "starts", &n), x->type->rank * sizeof *starts);
    memcpy(ends, qir_op_ints(op, "ends", &n), x->type->rank * sizeof *ends);
    starts[dim] = 0, ends[dim] = x->type->dims[dim];
    return qir_build1(at, QIR_OP_slice, &x, 1,
                      QIR_ATTRS({"starts", qir_attr_ints(ctx, starts, x->type->rank)},
                                {"ends", qir_attr_ints(ctx, ends, x->type->rank)},
                                {"steps", qir_op_attr(op, "steps")}),
                      NULL);
}

bool bounded_gather_slice(bounded *b, qir_op *op, unsigned dim, int64_t step)
{
    qir_builder at = qir_builder_before(op);
    size_t n;
    int64_t start = qir_op_ints(op, "starts", &n)[dim], len = op->results[0].type->dims[dim];
    int64_t *index = QIR_NEW_ARRAY(b->arena, int64_t, (size_t)len);
    int64_t *steps = QIR_NEW_ARRAY(b->arena, int64_t, (size_t)len);
    for (int64_t i = 0; i < len; i++)
        index[i] = start + i, steps[i] = step;
    qir_value *x = whole_slice(b, &at, op, dim);
    qir_value *at_index = bounded_affine(b, bounded_const(b, QIR_i64, &len, 1, index), steps);
    if (!x || !at_index)
        return false;
    const qir_attr *axis = qir_attr_int(b->module->ctx, dim);
    qir_value *v = qir_build1(&at, QIR_OP_gather, QIR_OPERANDS(x, at_index),
                              QIR_ATTRS({"axis", axis}), NULL);
    if (v)
        bounded_replace(b, op, v);
    return v;
}

void bounded_replace(bounded *b, qir_op *op, qir_value *v)
{
    bounded_copy_marks(b, &op->results[0], v);
    qir_replace_op(op, v);
}

bool bounded_mask_columns(bounded *b, qir_op *op, int64_t k)
{
    qir_builder at = qir_builder_before(op);
    qir_value *real = bounded_mask(b, k, 1, 0), *mask = qir_op_operand(op, 3);
    float out = -INFINITY;
    if (mask && mask->type->dtype != QIR_i1)
        real = qir_build1(&at, QIR_OP_where,
                          QIR_OPERANDS(real, mask, bounded_const(b, QIR_f32, NULL, 0, &out)),
                          QIR_NO_ATTRS, NULL);
    else if (mask)
        real = qir_build1(&at, QIR_OP_and, QIR_OPERANDS(real, mask), QIR_NO_ATTRS, NULL);
    if (real && op->noperands > 3)
        qir_op_set_operand(op, 3, real);
    else if (real)
        qir_op_add_operand(op, real);
    return real;
}
