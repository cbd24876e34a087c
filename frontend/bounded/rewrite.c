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

/* Constants that are nowhere negative and do not move need nothing. */
static bool is_from_start(const bounded *b, const qir_value *index)
{
    qir_const *c = qir_value_const(index);
    const unsigned char *data = c && !qir_map_get(&b->consts, c) ? qir_const_data(c) : NULL;
    size_t size = qir_dtype_bytes(index->type->dtype);
    int64_t n = qir_type_elements(index->type);
    for (int64_t i = 0; data && i < n; i++)
        if (data[(size_t)(i + 1) * size - 1] & 0x80 && qir_dtype_is_signed(index->type->dtype))
            return false;
    return data;
}

static qir_value *as_i64(const bounded *b, qir_builder *at, qir_value *v)
{
    const qir_attr *to = qir_attr_string(b->module->ctx, "i64", 3);
    return v->type->dtype == QIR_i64
               ? v
               : qir_build1(at, QIR_OP_cast, &v, 1, QIR_ATTRS({"to", to}), NULL);
}

bool bounded_wrap_indices(bounded *b, qir_op *op, int64_t k)
{
    const int64_t none = 0;
    qir_builder at = qir_builder_before(op);
    if (is_from_start(b, qir_op_operand(op, 1)))
        return true;
    qir_value *index = as_i64(b, &at, qir_op_operand(op, 1));
    qir_value *real = qir_build1(&at, QIR_OP_mul,
                                 QIR_OPERANDS(b->size, bounded_const(b, QIR_i64, NULL, 0, &k)),
                                 QIR_NO_ATTRS, NULL);
    qir_value *end = qir_build1(&at, QIR_OP_add, QIR_OPERANDS(index, real), QIR_NO_ATTRS, NULL);
    qir_value *negative = qir_build1(
        &at, QIR_OP_less, QIR_OPERANDS(index, bounded_const(b, QIR_i64, NULL, 0, &none)),
        QIR_NO_ATTRS, NULL);
    qir_value *from_start =
        qir_build1(&at, QIR_OP_where, QIR_OPERANDS(negative, end, index), QIR_NO_ATTRS, NULL);
    if (!from_start)
        return false;
    bounded_copy_marks(b, qir_op_operand(op, 1), from_start);
    qir_op_set_operand(op, 1, from_start);
    return true;
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
