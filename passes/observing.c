/* What calibration and the application of profiles ask of `observe` ops. */
#include "observing.h"

#include <math.h>
#include <string.h>

bool qir_observe_choice(const qir_op *op, qir_observer_choice *out)
{
    const qir_attr *kind = qir_op_attr(op, "kind");
    return qir_observer_choose(qir_op_module(op)->ctx, op->loc, kind->u.s, kind->len, out);
}

qir_observer_goal qir_observe_goal(const qir_op *op)
{
    const qir_attr *a = qir_op_attr(op, "dtype");
    qir_dtype t = QIR_i8;
    qir_dtype_from_name(a->u.s, a->len, &t);
    unsigned bits = qir_dtype_bits(t);
    return (qir_observer_goal){{(int32_t)qir_op_int(op, "qmin"), (int32_t)qir_op_int(op, "qmax"),
                                qir_op_bool(op, "symmetric"), qir_op_float(op, "eps")},
                               bits < 16 ? bits : 16};
}

int64_t qir_observe_cells(const qir_op *op)
{
    int64_t axis = qir_op_int(op, "axis");
    return axis < 0 ? 1 : qir_op_operand(op, 0)->type->dims[axis];
}

const float *qir_observe_cell(const qir_op *op, const float *x, int64_t cell, float *buffer,
                              int64_t *n)
{
    const qir_type *t = qir_op_operand(op, 0)->type;
    int64_t axis = qir_op_int(op, "axis"), outer = 1, inner = 1;
    *n = qir_type_elements(t);
    if (axis < 0)
        return x;
    for (int64_t d = 0; d < axis; d++)
        outer *= t->dims[d];
    for (unsigned d = (unsigned)axis + 1; d < t->rank; d++)
        inner *= t->dims[d];
    *n = outer * inner;
    if (outer == 1)
        return x + cell * inner;
    for (int64_t o = 0; o < outer; o++)
        memcpy(buffer + o * inner, x + (o * t->dims[axis] + cell) * inner,
               (size_t)inner * sizeof *x);
    return buffer;
}

const char *qir_observe_name(const qir_op *op)
{
    const qir_value *v = qir_op_operand(op, 0);
    const qir_op *made = qir_value_op(v);
    if (v->name)
        return v->name;
    return made && made->loc ? qir_loc_text(qir_op_module(op)->ctx, made->loc) : "(unnamed)";
}

int64_t qir_first_non_finite(const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return i;
    return -1;
}
