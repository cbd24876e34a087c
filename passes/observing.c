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

/* A tensor as [outer][axis][inner]; a cell is one channel, or a group of them, of one of `parts` equal
 * parts of the outer dimensions: groups are per index of dimension 0. */
typedef struct grid {
    int64_t outer, channels, inner, group, parts;
} grid;

static grid grid_of(const qir_op *op)
{
    const qir_type *t = qir_op_operand(op, 0)->type;
    int64_t axis = qir_op_int(op, "axis"), group = qir_op_int(op, "group");
    grid g = {1, t->dims[axis], 1, group ? group : 1, group && axis > 0 ? t->dims[0] : 1};
    for (int64_t d = 0; d < axis; d++)
        g.outer *= t->dims[d];
    for (unsigned d = (unsigned)axis + 1; d < t->rank; d++)
        g.inner *= t->dims[d];
    return g;
}

int64_t qir_observe_cells(const qir_op *op)
{
    if (qir_op_int(op, "axis") < 0)
        return 1;
    grid g = grid_of(op);
    return g.parts * (g.channels / g.group);
}

const float *qir_observe_cell(const qir_op *op, const float *x, int64_t cell, float *buffer,
                              int64_t *n)
{
    *n = qir_type_elements(qir_op_operand(op, 0)->type);
    if (qir_op_int(op, "axis") < 0)
        return x;
    grid g = grid_of(op);
    int64_t rows = g.parts ? g.outer / g.parts : 0, run = g.group * g.inner;
    int64_t part = cell / (g.channels / g.group), first = cell % (g.channels / g.group) * g.group;
    const float *from = x + (part * rows * g.channels + first) * g.inner;
    *n = rows * run;
    if (rows == 1)
        return from;
    for (int64_t r = 0; r < rows; r++)
        memcpy(buffer + r * run, from + r * g.channels * g.inner, (size_t)run * sizeof *x);
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
