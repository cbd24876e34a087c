/* Operators that cut tensors into parts and replace parts. */
#include <inttypes.h>
#include <string.h>

#include "core/compose.h"
#include "pt2/import.h"

/* --- parts ------------------------------------------------------------------------------------------ */
bool pt2_op_select(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis, index;
    return x && fe_axis(c->fe, pt2_int(c, "dim"), x->type->rank, false, &axis) &&
           fe_axis(c->fe, pt2_int(c, "index"), (unsigned)x->type->dims[axis], false, &index) &&
           pt2_set(c, 0, fe_select(c->fe, x, axis, index));
}

/* The range of slice and slice_scatter. */
static bool read_range(pt2_call *c, const qir_value *x, int64_t *axis, fe_slice_spec *s)
{
    int64_t step = pt2_int(c, "step");
    if (!x || !fe_axis(c->fe, pt2_int(c, "dim"), x->type->rank, false, axis))
        return false;
    if (step < 1)
        return fe_error(c->fe, "arg", "step %" PRId64 " is not above 0", step);
    int64_t end = pt2_has(c, "end") ? pt2_int(c, "end") : INT64_MAX;
    *s = fe_whole(x->type);
    fe_set_range(s, *axis, x->type->dims[*axis], pt2_int(c, "start"), end, step);
    return true;
}

bool pt2_op_slice(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    fe_slice_spec s;
    int64_t axis;
    return read_range(c, x, &axis, &s) && pt2_set(c, 0, fe_slice(c->fe, x, &s));
}

bool pt2_op_narrow(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis, start = pt2_int(c, "start"), length = pt2_int(c, "length");
    if (!x || !fe_axis(c->fe, pt2_int(c, "dim"), x->type->rank, false, &axis))
        return false;
    int64_t dim = x->type->dims[axis];
    start = start < 0 && start >= -dim ? start + dim : start;
    if (start < 0 || length < 0 || start > dim || length > dim - start)
        return fe_error(c->fe, "arg", "range %" PRId64 " + %" PRId64 " of a dimension of %" PRId64,
                        start, length, dim);
    return pt2_set(c, 0, fe_narrow(c->fe, x, axis, start, start + length));
}

/* Part k is sizes[k] long. */
static bool set_parts(pt2_call *c, qir_value *x, int64_t axis, const int64_t *sizes, size_t n)
{
    int64_t from = 0;
    if (n != c->nouts)
        return fe_error(c->fe, "shape", "%zu parts for %u results", n, c->nouts);
    for (unsigned i = 0; i < n; i++) {
        if (sizes[i] < 0 || sizes[i] > x->type->dims[axis] - from)
            return fe_error(c->fe, "shape", "the parts are larger than the tensor");
        if (!pt2_set(c, i, fe_narrow(c->fe, x, axis, from, from + sizes[i])))
            return false;
        from += sizes[i];
    }
    return true;
}

/* Parts of `size`, the last one smaller. */
static bool set_equal_parts(pt2_call *c, qir_value *x, int64_t axis, int64_t size)
{
    int64_t *sizes = QIR_NEW_ARRAY(c->fe->scratch, int64_t, c->nouts), left = x->type->dims[axis];
    for (unsigned i = 0; i < c->nouts; i++) {
        sizes[i] = left < size ? left : size;
        left -= sizes[i];
    }
    return set_parts(c, x, axis, sizes, c->nouts);
}

static bool read_axis(pt2_call *c, const qir_value *x, int64_t *axis)
{
    return x && fe_axis(c->fe, pt2_int(c, "dim"), x->type->rank, false, axis);
}

bool pt2_op_split(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis, size = pt2_int(c, "split_size");
    if (!read_axis(c, x, &axis))
        return false;
    if (size < 0)
        return fe_error(c->fe, "arg", "split_size %" PRId64, size);
    return set_equal_parts(c, x, axis, size);
}

bool pt2_op_chunk(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis, chunks = pt2_int(c, "chunks");
    if (!read_axis(c, x, &axis))
        return false;
    if (chunks < 1)
        return fe_error(c->fe, "arg", "%" PRId64 " chunks", chunks);
    int64_t dim = x->type->dims[axis];
    return set_equal_parts(c, x, axis, dim / chunks + (dim % chunks != 0));
}

bool pt2_op_split_sizes(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis;
    size_t n;
    const int64_t *sizes = pt2_ints_of(c, pt2_at(c, 1), &n);
    return read_axis(c, x, &axis) && set_parts(c, x, axis, sizes, n);
}

bool pt2_op_unbind(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis;
    if (!read_axis(c, x, &axis))
        return false;
    if (x->type->dims[axis] != c->nouts)
        return fe_error(c->fe, "shape", "%" PRId64 " parts for %u results", x->type->dims[axis],
                        c->nouts);
    for (unsigned i = 0; i < c->nouts; i++)
        if (!pt2_set(c, i, fe_select(c->fe, x, axis, i)))
            return false;
    return true;
}

bool pt2_op_glu(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis;
    if (!read_axis(c, x, &axis))
        return false;
    int64_t half = x->type->dims[axis] / 2;
    qir_value *gate = fe_emit1(c->fe, QIR_OP_sigmoid, fe_narrow(c->fe, x, axis, half, 2 * half),
                               QIR_NO_ATTRS);
    return pt2_set(c, 0, fe_emit2(c->fe, QIR_OP_mul, fe_narrow(c->fe, x, axis, 0, half), gate));
}

/* --- replacing a part ---------------------------------------------------------------------------------- */
/* `x` with `v` in place of [begin, end) of `axis`. */
static qir_value *splice(pt2_call *c, qir_value *x, qir_value *v, int64_t axis, int64_t begin,
                         int64_t end)
{
    qir_value *parts[3];
    uint32_t n = 0;
    if (begin > 0)
        parts[n++] = fe_narrow(c->fe, x, axis, 0, begin);
    parts[n++] = v;
    if (end < x->type->dims[axis])
        parts[n++] = fe_narrow(c->fe, x, axis, end, x->type->dims[axis]);
    return n == 1 ? v : fe_concat(c->fe, parts, n, axis);
}

bool pt2_op_select_scatter(pt2_call *c)
{
    qir_value *x = pt2_self(c), *src = pt2_tensor(c, "src");
    int64_t axis, index;
    if (!read_axis(c, x, &axis) || !src ||
        !fe_axis(c->fe, pt2_int(c, "index"), (unsigned)x->type->dims[axis], false, &index))
        return false;
    src = fe_unsqueeze(c->fe, fe_cast(c->fe, src, x->type->dtype), (unsigned)axis);
    return pt2_set(c, 0, src ? splice(c, x, src, axis, index, index + 1) : NULL);
}

bool pt2_op_slice_scatter(pt2_call *c)
{
    qir_value *x = pt2_self(c), *src = pt2_tensor(c, "src");
    fe_slice_spec s;
    int64_t axis, dims[QIR_MAX_RANK];
    if (!src || !read_range(c, x, &axis, &s))
        return false;
    if (s.steps[axis] != 1 && s.starts[axis] + s.steps[axis] < s.ends[axis])
        return fe_error(c->fe, "arg", "a step of %" PRId64 " is not supported", s.steps[axis]);
    if (s.starts[axis] == s.ends[axis])
        return pt2_set(c, 0, x);
    memcpy(dims, x->type->dims, x->type->rank * sizeof *dims);
    int64_t end = s.steps[axis] == 1 ? s.ends[axis] : s.starts[axis] + 1;
    dims[axis] = end - s.starts[axis];
    src = fe_expand(c->fe, fe_cast(c->fe, src, x->type->dtype), dims, x->type->rank);
    return pt2_set(c, 0, src ? splice(c, x, src, axis, s.starts[axis], end) : NULL);
}
