/* Operators that join, turn and pad tensors. */
#include <inttypes.h>
#include <string.h>

#include "core/compose.h"
#include "pt2/import.h"

/* --- joins ------------------------------------------------------------------------------------------- */
/* The tensors of a list in their common type; those of shape [0] are dropped as cat drops them.  NULL:
 * diagnosed, or none is left. */
static qir_value **read_list(pt2_call *c, bool drop_empty, uint32_t *n)
{
    const pt2_arg *list = pt2_at(c, 0);
    const pt2_arg **args = QIR_NEW_ARRAY(c->fe->scratch, const pt2_arg *, list->n);
    qir_value **xs = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, list->n);
    qir_dtype type;
    *n = 0;
    if (!list->n)
        return fe_error(c->fe, "arg", "joins no tensors"), NULL;
    for (size_t i = 0; i < list->n; i++)
        args[i] = &list->items[i];
    if (!pt2_common_type(c, args, (unsigned)list->n, &type))
        return NULL;
    for (size_t i = 0; i < list->n; i++) {
        qir_value *v = pt2_as(c, args[i], type);
        if (!v)
            return NULL;
        bool empty = v->type->rank == 1 && v->type->dims[0] == 0;
        if (!empty || !drop_empty || (*n == 0 && i + 1 == list->n))
            xs[(*n)++] = v;
    }
    return xs;
}

static bool set_joined(pt2_call *c, qir_value *const *xs, uint32_t n, int64_t dim)
{
    int64_t axis;
    return fe_axis(c->fe, dim, xs[0]->type->rank, false, &axis) &&
           pt2_set(c, 0, n == 1 ? xs[0] : fe_concat(c->fe, xs, n, axis));
}

bool pt2_op_cat(pt2_call *c)
{
    uint32_t n;
    qir_value **xs = read_list(c, true, &n);
    return xs && set_joined(c, xs, n, pt2_int(c, "dim"));
}

bool pt2_op_hstack(pt2_call *c)
{
    uint32_t n;
    qir_value **xs = read_list(c, false, &n);
    return xs && set_joined(c, xs, n, xs[0]->type->rank == 1 ? 0 : 1);
}

bool pt2_op_stack(pt2_call *c)
{
    uint32_t n;
    int64_t axis;
    qir_value **xs = read_list(c, false, &n);
    if (!xs || !fe_axis(c->fe, pt2_int(c, "dim"), xs[0]->type->rank + 1, false, &axis))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!(xs[i] = fe_unsqueeze(c->fe, xs[i], (unsigned)axis)))
            return false;
    return set_joined(c, xs, n, axis);
}

/* The end comes before the begin. */
static qir_value *rotate(pt2_call *c, qir_value *x, int64_t axis, int64_t shift)
{
    int64_t n = x ? x->type->dims[axis] : 0;
    shift = n ? (shift % n + n) % n : 0;
    if (!shift)
        return x;
    qir_value *end = fe_narrow(c->fe, x, axis, n - shift, n);
    qir_value *begin = fe_narrow(c->fe, x, axis, 0, n - shift);
    return end && begin ? fe_concat(c->fe, (qir_value *[]){end, begin}, 2, axis) : NULL;
}

bool pt2_op_roll(pt2_call *c)
{
    qir_value *x = pt2_self(c), *v = x;
    size_t n, m;
    const int64_t *shifts = pt2_ints(c, "shifts", &n), *dims = pt2_ints(c, "dims", &m);
    if (!x)
        return false;
    if (m == 0 && n == 1) { /* of all elements in a row */
        v = rotate(c, fe_reshape(c->fe, x, (int64_t[]){qir_type_elements(x->type)}, 1), 0, shifts[0]);
        return pt2_set(c, 0, fe_reshape(c->fe, v, x->type->dims, x->type->rank));
    }
    if (n != m)
        return fe_error(c->fe, "arg", "shifts and dims differ in length");
    for (size_t i = 0; i < n; i++) {
        int64_t axis;
        if (!fe_axis(c->fe, dims[i], x->type->rank, false, &axis))
            return false;
        v = rotate(c, v, axis, shifts[i]);
    }
    return pt2_set(c, 0, v);
}

bool pt2_op_flip(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    uint32_t set;
    if (!x || !pt2_axis_set(c, "dims", x->type->rank, &set))
        return false;
    fe_slice_spec s = fe_whole(x->type);
    for (unsigned i = 0; i < x->type->rank; i++)
        if (set >> i & 1)
            fe_set_range(&s, i, x->type->dims[i], INT64_MAX, INT64_MIN, -1);
    return pt2_set(c, 0, fe_slice(c->fe, x, &s));
}

/* --- padding --------------------------------------------------------------------------------------- */
/* torch pads from the last dimension on: begin and end of each.  Negative pads cut. */
static bool set_padded(pt2_call *c, const char *mode, double value)
{
    fe_builder *fe = c->fe;
    qir_value *x = pt2_self(c);
    int64_t pads[2 * QIR_MAX_RANK] = {0};
    size_t n;
    const int64_t *given = pt2_ints_of(c, pt2_at(c, 1), &n);
    if (!x)
        return false;
    unsigned rank = x->type->rank;
    if (n % 2 || n / 2 > rank)
        return fe_error(fe, "arg", "%zu pads for rank %u", n, rank);
    fe_slice_spec cut = fe_whole(x->type);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        size_t axis = rank - 1 - i / 2;
        int64_t dim = x->type->dims[axis];
        if (given[i] < -dim || given[i] > QIR_MAX_ELEMENTS)
            return fe_error(fe, "arg", "pad %" PRId64 " of a dimension of %" PRId64, given[i], dim);
        if (given[i] < 0 && i % 2 == 0)
            cut.starts[axis] = -given[i];
        else if (given[i] < 0)
            cut.ends[axis] = dim + given[i];
        else
            pads[axis + (i % 2) * rank] = given[i], any = any || given[i];
        if (cut.starts[axis] > cut.ends[axis])
            return fe_error(fe, "arg", "pads cut more than dimension %zu has", axis);
    }
    x = fe_slice(fe, x, &cut);
    qir_named_attr *attrs = QIR_ATTRS({"pads", qir_attr_ints(fe->ctx, pads, 2 * (size_t)rank)},
                                      {"mode", qir_attr_string(fe->ctx, mode, strlen(mode))},
                                      {"value", qir_attr_float(fe->ctx, (float)value)});
    return pt2_set(c, 0, any ? fe_emit1(fe, QIR_OP_pad, x, attrs) : x);
}

bool pt2_op_pad_constant(pt2_call *c)
{
    return set_padded(c, "constant", pt2_float(c, "value"));
}

bool pt2_op_pad_reflect(pt2_call *c)
{
    return set_padded(c, "reflect", 0);
}

bool pt2_op_pad_edge(pt2_call *c)
{
    return set_padded(c, "edge", 0);
}

bool pt2_op_pad(pt2_call *c)
{
    const char *mode = pt2_string(c, "mode");
    if (strcmp(mode, "replicate") == 0)
        return set_padded(c, "edge", 0);
    if (strcmp(mode, "constant") != 0 && strcmp(mode, "reflect") != 0)
        return fe_error(c->fe, "arg", "mode '%s' is not supported", mode);
    return set_padded(c, mode, pt2_has(c, "value") ? pt2_float(c, "value") : 0);
}
