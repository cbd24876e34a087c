/* Operators that take parts of a tensor. */
#include <inttypes.h>

#include "tflite/import.h"

/* Size -1: all that is left. */
bool tfl_slice(tfl_call *c)
{
    const qir_type *t = c->in[0]->type;
    const int64_t *begin = tfl_ints(c, 1, t->rank), *size = tfl_ints(c, 2, t->rank);
    fe_slice_spec s = fe_whole(t);
    if (!begin || !size)
        return false;
    for (unsigned i = 0; i < t->rank; i++) {
        int64_t left = t->dims[i] - begin[i], n = size[i] == -1 ? left : size[i];
        if (begin[i] < 0 || left < 0 || n < 0 || n > left)
            return fe_error(c->fe, "shape",
                            "dimension %u of size %" PRId64 ": %" PRId64 " elements from %" PRId64, i,
                            t->dims[i], size[i], begin[i]);
        s.starts[i] = begin[i];
        s.ends[i] = begin[i] + n;
    }
    return tfl_set(c, 0, fe_slice(c->fe, c->in[0], &s));
}

/* --- strided slices --------------------------------------------------------------------------- */

typedef struct range {
    const int64_t *begin, *end, *stride;
    int64_t begin_mask, end_mask, shrink_mask;
} range;

static bool one_element(tfl_call *c, const range *r, unsigned i, int64_t dim, fe_slice_spec *s)
{
    int64_t at = r->begin[i] < 0 ? r->begin[i] + dim : r->begin[i];
    if (at < 0 || at >= dim)
        return fe_error(c->fe, "shape", "index %" PRId64 " of dimension %u of size %" PRId64,
                        r->begin[i], i, dim);
    fe_set_range(s, i, dim, at, at + 1, 1);
    return true;
}

static bool set_range(tfl_call *c, const range *r, unsigned i, int64_t dim, fe_slice_spec *s)
{
    int64_t step = r->stride[i];
    if (r->shrink_mask >> i & 1)
        return one_element(c, r, i, dim, s);
    if (step == 0)
        return fe_error(c->fe, "shape", "the stride of dimension %u is 0", i);
    int64_t begin = r->begin_mask >> i & 1 ? (step > 0 ? 0 : dim - 1) : r->begin[i];
    int64_t end = r->end_mask >> i & 1 ? (step > 0 ? dim : -dim - 1) : r->end[i];
    fe_set_range(s, i, dim, begin, end, step);
    return true;
}

static bool read_range(tfl_call *c, range *r, size_t *n)
{
    r->begin = fe_const_ints(c->fe, c->in[1], n);
    if (!r->begin)
        return false;
    if (*n > c->in[0]->type->rank)
        return fe_error(c->fe, "shape", "%zu ranges for rank %u", *n, c->in[0]->type->rank);
    if (tfl_int(c, "ellipsis_mask") || tfl_int(c, "new_axis_mask") || tfl_int(c, "offset"))
        return fe_error(c->fe, "options", "ellipsis, new axes and offsets are not supported");
    r->end = tfl_ints(c, 2, *n);
    r->stride = tfl_ints(c, 3, *n);
    r->begin_mask = tfl_int(c, "begin_mask");
    r->end_mask = tfl_int(c, "end_mask");
    r->shrink_mask = tfl_int(c, "shrink_axis_mask");
    return r->end && r->stride;
}

bool tfl_strided_slice(tfl_call *c)
{
    const qir_type *t = c->in[0]->type;
    fe_slice_spec s = fe_whole(t);
    int64_t dims[QIR_MAX_RANK];
    unsigned rank = 0;
    size_t n;
    range r = {0};
    if (!read_range(c, &r, &n))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (!set_range(c, &r, i, t->dims[i], &s))
            return false;
    qir_value *y = fe_slice(c->fe, c->in[0], &s);
    for (unsigned i = 0; y && i < t->rank; i++)
        if (i >= n || !(r.shrink_mask >> i & 1))
            dims[rank++] = y->type->dims[i];
    return tfl_set(c, 0, fe_reshape(c->fe, y, dims, rank));
}

/* --- splitting -------------------------------------------------------------------------------- */

/* Result i: `size` elements of `axis` from `*at` on, which then moves on. */
static bool take(tfl_call *c, qir_value *x, unsigned i, int64_t axis, int64_t size, int64_t *at)
{
    fe_slice_spec s = fe_whole(x->type);
    if (size < 0 || size > x->type->dims[axis] - *at)
        return fe_error(c->fe, "shape", "part %u has %" PRId64 " elements of dimension %" PRId64, i,
                        size, axis);
    s.starts[axis] = *at;
    s.ends[axis] = *at += size;
    return tfl_set(c, i, fe_slice(c->fe, x, &s));
}

bool tfl_split(tfl_call *c)
{
    qir_value *x = c->in[1];
    int64_t axis, at = 0;
    if (!tfl_axis_operand(c, 0, x->type->rank, &axis))
        return false;
    if (x->type->dims[axis] % c->node->nout)
        return fe_error(c->fe, "shape", "dimension %" PRId64 " does not split into %u parts", axis,
                        c->node->nout);
    for (unsigned i = 0; i < c->node->nout; i++)
        if (!take(c, x, i, axis, x->type->dims[axis] / c->node->nout, &at))
            return false;
    return true;
}

/* One size may be -1: what the others leave. */
bool tfl_split_v(tfl_call *c)
{
    qir_value *x = c->in[0];
    int64_t axis, at = 0, rest;
    const int64_t *sizes = tfl_ints(c, 1, c->node->nout);
    if (!sizes || !tfl_axis_operand(c, 2, x->type->rank, &axis))
        return false;
    rest = x->type->dims[axis];
    for (unsigned i = 0; i < c->node->nout; i++)
        rest -= sizes[i] < 0 ? 0 : sizes[i];
    for (unsigned i = 0; i < c->node->nout; i++)
        if (!take(c, x, i, axis, sizes[i] == -1 ? rest : sizes[i], &at))
            return false;
    return true;
}

bool tfl_unpack(tfl_call *c)
{
    const qir_type *t = c->in[0]->type;
    int64_t axis, dims[QIR_MAX_RANK];
    unsigned rank = 0;
    if (!fe_axis(c->fe, tfl_int(c, "axis"), t->rank, false, &axis))
        return false;
    if (t->dims[axis] != c->node->nout)
        return fe_error(c->fe, "shape", "%" PRId64 " slices for %u results", t->dims[axis],
                        c->node->nout);
    for (unsigned i = 0; i < t->rank; i++)
        if (i != axis)
            dims[rank++] = t->dims[i];
    for (unsigned i = 0; i < c->node->nout; i++) {
        fe_slice_spec s = fe_whole(t);
        s.starts[axis] = i;
        s.ends[axis] = i + 1;
        if (!tfl_set(c, i, fe_reshape(c->fe, fe_slice(c->fe, c->in[0], &s), dims, rank)))
            return false;
    }
    return true;
}

bool tfl_reverse(tfl_call *c)
{
    const qir_type *t = c->in[0]->type;
    fe_slice_spec s = fe_whole(t);
    size_t n;
    const int64_t *axes = fe_const_ints(c->fe, c->in[1], &n);
    for (size_t i = 0; axes && i < n; i++) {
        int64_t axis;
        if (!fe_axis(c->fe, axes[i], t->rank, false, &axis))
            return false;
        fe_set_range(&s, axis, t->dims[axis], t->dims[axis] - 1, -t->dims[axis] - 1, -1);
    }
    return axes && tfl_set(c, 0, fe_slice(c->fe, c->in[0], &s));
}

/* --- indexed ---------------------------------------------------------------------------------- */

static bool gather(tfl_call *c, qir_value *x, qir_value *indices, int64_t axis)
{
    return tfl_set(c, 0, fe_emit(c->fe, QIR_OP_gather, QIR_OPERANDS(x, indices),
                                 QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)}), NULL));
}

bool tfl_gather(tfl_call *c)
{
    int64_t axis;
    if (tfl_int(c, "batch_dims"))
        return fe_error(c->fe, "options", "batch dimensions are not supported");
    return fe_axis(c->fe, tfl_int(c, "axis"), c->in[0]->type->rank, false, &axis) &&
           gather(c, c->in[0], c->in[1], axis);
}

bool tfl_embedding_lookup(tfl_call *c)
{
    return gather(c, c->in[1], c->in[0], 0);
}
