/* Reductions and softmax. */
#include <math.h>
#include <string.h>

#include "pt2/import.h"

/* Ascending axes; none given means all. */
typedef struct axes {
    int64_t list[QIR_MAX_RANK];
    unsigned n;
    int64_t count; /* elements that become one */
} axes;

static bool read_axes(pt2_call *c, const qir_value *x, axes *a)
{
    uint32_t set = 0;
    if (!x || (pt2_knows(c, "dim") && !pt2_axis_set(c, "dim", x->type->rank, &set)))
        return false;
    *a = (axes){.count = 1};
    for (unsigned i = 0; i < x->type->rank; i++)
        if (!set || set >> i & 1) {
            a->list[a->n++] = i;
            a->count *= x->type->dims[i];
        }
    return true;
}

static bool keeps(const pt2_call *c)
{
    return pt2_knows(c, "keepdim") && pt2_bool(c, "keepdim");
}

static qir_value *reduce(pt2_call *c, qir_opcode opcode, qir_value *x, const axes *a, bool keep)
{
    if (!x || !a->n)
        return x; /* of rank 0 */
    return fe_emit1(c->fe, opcode, x,
                    QIR_ATTRS({"axes", qir_attr_ints(c->fe->ctx, a->list, a->n)},
                              {"keepdims", qir_attr_bool(c->fe->ctx, keep)}));
}

static bool set_reduced(pt2_call *c, qir_opcode opcode, qir_value *x)
{
    axes a;
    return read_axes(c, x, &a) && pt2_set(c, 0, reduce(c, opcode, x, &a, keeps(c)));
}

bool pt2_op_reduce(pt2_call *c)
{
    return set_reduced(c, c->row->opcode, pt2_self(c));
}

/* Sums of integers are i64. */
bool pt2_op_reduce_typed(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    qir_dtype type;
    if (!x)
        return false;
    qir_dtype natural = qir_dtype_is_float(x->type->dtype) ? x->type->dtype : QIR_i64;
    return pt2_type(c, "dtype", natural, &type) &&
           set_reduced(c, c->row->opcode, fe_cast(c->fe, x, type));
}

/* Through integers: the largest of truth values is "any". */
bool pt2_op_reduce_bool(pt2_call *c)
{
    qir_value *x = fe_cast(c->fe, fe_cast(c->fe, pt2_self(c), QIR_i1), QIR_u8);
    axes a;
    if (!read_axes(c, x, &a))
        return false;
    qir_value *y = reduce(c, c->row->opcode, x, &a, keeps(c));
    return pt2_set(c, 0, fe_cast(c->fe, y, QIR_i1));
}

/* --- positions --------------------------------------------------------------------------------------- */
static const qir_attr *integer(pt2_call *c, int64_t v)
{
    return qir_attr_int(c->fe->ctx, v);
}

static qir_value *position(pt2_call *c, qir_value *x, int64_t axis, bool keep)
{
    return fe_emit1(c->fe, c->row->opcode, x,
                    QIR_ATTRS({"axis", integer(c, axis)},
                              {"keepdims", qir_attr_bool(c->fe->ctx, keep)}));
}

/* A tensor of rank 0 has one element along its only axis. */
static qir_value *with_axis(pt2_call *c, qir_value *x, int64_t *axis)
{
    if (!x || !pt2_axis(c, "dim", x->type->rank, axis))
        return NULL;
    return x->type->rank ? x : fe_reshape(c->fe, x, (int64_t[]){1}, 1);
}

/* Without an axis, of all elements in a row. */
bool pt2_op_argmax(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    bool keep = keeps(c);
    int64_t axis, ones[QIR_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    if (x && pt2_has(c, "dim")) {
        qir_value *v = with_axis(c, x, &axis);
        return v && pt2_set(c, 0, position(c, v, axis, keep && x->type->rank));
    }
    x = x ? fe_reshape(c->fe, x, (int64_t[]){qir_type_elements(x->type)}, 1) : NULL;
    qir_value *y = x ? position(c, x, 0, false) : NULL;
    return pt2_set(c, 0, fe_reshape(c->fe, y, ones, keep ? pt2_self(c)->type->rank : 0));
}

/* The extreme values and where they are. */
bool pt2_op_max_dim(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    bool keep = keeps(c) && x && x->type->rank;
    int64_t axis;
    x = with_axis(c, x, &axis);
    const axes a = {.list = {axis}, .n = 1};
    qir_opcode opcode = c->row->opcode == QIR_OP_arg_max ? QIR_OP_reduce_max : QIR_OP_reduce_min;
    return x && (!pt2_wanted(c, 0) || pt2_set(c, 0, reduce(c, opcode, x, &a, keep))) &&
           (!pt2_wanted(c, 1) || pt2_set(c, 1, position(c, x, axis, keep)));
}

static bool set_top(pt2_call *c, qir_value *x, int64_t axis, int64_t k, bool largest)
{
    qir_value *out[2];
    return fe_emit_n(c->fe, QIR_OP_top_k, &x, 1,
                     QIR_ATTRS({"axis", integer(c, axis)}, {"k", integer(c, k)},
                               {"largest", qir_attr_bool(c->fe->ctx, largest)}),
                     out, 2) &&
           pt2_set(c, 0, out[0]) && pt2_set(c, 1, out[1]);
}

bool pt2_op_topk(pt2_call *c)
{
    int64_t axis;
    qir_value *x = with_axis(c, pt2_self(c), &axis);
    return x && set_top(c, x, axis, pt2_int(c, "k"), pt2_bool(c, "largest"));
}

bool pt2_op_sort(pt2_call *c)
{
    int64_t axis;
    qir_value *x = with_axis(c, pt2_self(c), &axis);
    return x && set_top(c, x, axis, x->type->dims[axis], pt2_bool(c, "descending"));
}

bool pt2_op_cumsum(pt2_call *c)
{
    int64_t axis;
    qir_value *x = with_axis(c, pt2_self(c), &axis);
    qir_dtype type;
    if (!x || !pt2_type(c, "dtype", qir_dtype_is_float(x->type->dtype) ? x->type->dtype : QIR_i64, &type))
        return false;
    return pt2_set(c, 0, fe_emit1(c->fe, QIR_OP_cumsum, fe_cast(c->fe, x, type),
                                  QIR_ATTRS({"axis", integer(c, axis)})));
}

/* --- variance and norms ------------------------------------------------------------------------------ */
/* mean((x - mean(x))^2) * n / (n - correction) */
static qir_value *variance(pt2_call *c)
{
    fe_builder *fe = c->fe;
    qir_value *x = pt2_floats(c, pt2_self(c));
    axes a;
    if (!read_axes(c, x, &a))
        return NULL;
    double correction = pt2_knows(c, "unbiased")   ? pt2_bool(c, "unbiased")
                        : pt2_has(c, "correction") ? pt2_float(c, "correction")
                                                   : 1;
    qir_value *d = fe_emit2(fe, QIR_OP_sub, x, reduce(c, QIR_OP_reduce_mean, x, &a, true));
    qir_value *y = reduce(c, QIR_OP_reduce_mean, fe_emit2(fe, QIR_OP_mul, d, d), &a,
                          keeps(c));
    double n = (double)a.count;
    if (correction == 0)
        return y;
    return fe_emit2(fe, QIR_OP_mul, y, fe_scalar(fe, x->type->dtype, n / (n - correction)));
}

bool pt2_op_var(pt2_call *c)
{
    return pt2_set(c, 0, variance(c));
}

bool pt2_op_std(pt2_call *c)
{
    return pt2_set(c, 0, fe_emit1(c->fe, QIR_OP_sqrt, variance(c), QIR_NO_ATTRS));
}

bool pt2_op_vector_norm(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    double order = pt2_float(c, "ord");
    axes a;
    qir_dtype type;
    if (!x || !pt2_type(c, "dtype", x->type->dtype, &type) || !read_axes(c, x, &a))
        return false;
    bool keep = keeps(c), two = order == 2;
    x = fe_cast(c->fe, x, type);
    qir_value *y = two ? fe_emit2(c->fe, QIR_OP_mul, x, x)
                       : fe_emit1(c->fe, QIR_OP_abs, x, QIR_NO_ATTRS);
    if (!two && order != 1 && !isinf(order))
        return fe_error(c->fe, "arg", "norms of order 1, 2 and infinity are supported");
    qir_opcode opcode = two || order == 1 ? QIR_OP_reduce_sum
                        : order > 0       ? QIR_OP_reduce_max
                                          : QIR_OP_reduce_min;
    y = reduce(c, opcode, y, &a, keep);
    return pt2_set(c, 0, two ? fe_emit1(c->fe, QIR_OP_sqrt, y, QIR_NO_ATTRS) : y);
}

/* max + log(sum(exp(x - max))) */
bool pt2_op_logsumexp(pt2_call *c)
{
    fe_builder *fe = c->fe;
    qir_value *x = pt2_floats(c, pt2_self(c));
    bool keep = keeps(c);
    axes a;
    if (!read_axes(c, x, &a))
        return false;
    qir_value *top = reduce(c, QIR_OP_reduce_max, x, &a, true);
    qir_value *e = fe_emit1(fe, QIR_OP_exp, fe_emit2(fe, QIR_OP_sub, x, top), QIR_NO_ATTRS);
    qir_value *y = fe_emit1(fe, QIR_OP_log, reduce(c, QIR_OP_reduce_sum, e, &a, keep), QIR_NO_ATTRS);
    return pt2_set(c, 0, fe_emit2(fe, QIR_OP_add, y, keep ? top : reduce(c, QIR_OP_reduce_max, x, &a, false)));
}

/* --- softmax ----------------------------------------------------------------------------------------- */
static bool set_softmax(pt2_call *c, qir_value *x)
{
    int64_t axis;
    if (!x || !pt2_axis(c, "dim", x->type->rank, &axis))
        return false;
    qir_value *y = fe_emit1(c->fe, c->row->opcode, x,
                            QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)}));
    return pt2_set(c, 0, y);
}

bool pt2_op_softmax(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    return set_softmax(c, pt2_bool(c, "half_to_float") ? fe_cast(c->fe, x, QIR_f32) : x);
}

bool pt2_op_softmax_typed(pt2_call *c)
{
    qir_value *x = pt2_floats(c, pt2_self(c));
    qir_dtype type;
    return x && pt2_type(c, "dtype", x->type->dtype, &type) && set_softmax(c, fe_cast(c->fe, x, type));
}
