/* Slice and Split: ranges of dimensions. */
#include <inttypes.h>

#include "onnx/import.h"

typedef struct slice_lists {
    const int64_t *starts, *ends, *axes, *steps;
    size_t n, nends, naxes, nsteps;
} slice_lists;

static bool read_slice(onnx_call *c, slice_lists *l)
{
    *l = (slice_lists){0};
    if (!onnx_int_list(c, "starts", 1, &l->starts, &l->n) ||
        !onnx_int_list(c, "ends", 2, &l->ends, &l->nends) ||
        !onnx_int_list(c, "axes", 3, &l->axes, &l->naxes) ||
        !onnx_int_list(c, "steps", 4, &l->steps, &l->nsteps))
        return false;
    if (!l->starts || !l->ends || l->nends != l->n || (l->axes && l->naxes != l->n) ||
        (l->steps && l->nsteps != l->n))
        return fe_error(c->fe, "shape", "starts, ends, axes and steps differ in length");
    return true;
}

bool onnx_slice(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    fe_slice_spec s = fe_whole(t);
    slice_lists l;
    if (!read_slice(c, &l))
        return false;
    for (size_t i = 0; i < l.n; i++) {
        int64_t axis, step = l.steps ? l.steps[i] : 1;
        if (!fe_axis(c->fe, l.axes ? l.axes[i] : (int64_t)i, t->rank, false, &axis))
            return false;
        if (step == 0)
            return fe_error(c->fe, "shape", "step of axis %" PRId64 " is 0", axis);
        fe_set_range(&s, axis, t->dims[axis], l.starts[i], l.ends[i], step);
    }
    return onnx_set(c, 0, fe_slice(c->fe, c->in[0], &s));
}

/* Sizes of the parts; equal parts are as large as possible, the last may be smaller (18). */
static bool split_sizes(onnx_call *c, int64_t dim, int64_t *sizes)
{
    size_t n;
    const int64_t *given;
    int64_t parts = onnx_attr_int(c, "num_outputs", c->node->nout), left = dim;
    if (!onnx_int_list(c, "split", 1, &given, &n))
        return false;
    if (given && n != c->node->nout)
        return fe_error(c->fe, "shape", "%zu parts for %u results", n, c->node->nout);
    if (parts != c->node->nout)
        return fe_error(c->fe, "attr", "num_outputs differs from the number of results");
    if (!given && c->opset < 18 && dim % parts)
        return fe_error(c->fe, "shape", "%" PRId64 " is no multiple of %" PRId64 " parts", dim,
                        parts);
    for (uint32_t i = 0; i < c->node->nout; i++) {
        int64_t size = given ? given[i] : (dim + parts - 1) / parts;
        if (!given && size > left)
            size = left;
        if (size < 0 || size > left)
            return fe_error(c->fe, "shape", "parts do not add up to %" PRId64, dim);
        sizes[i] = size;
        left -= size;
    }
    return left == 0 || fe_error(c->fe, "shape", "parts do not add up to %" PRId64, dim);
}

bool onnx_split(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    int64_t axis, from = 0;
    int64_t *sizes = QIR_NEW_ARRAY(c->fe->scratch, int64_t, c->node->nout);
    if (!fe_axis(c->fe, onnx_attr_int(c, "axis", 0), t->rank, false, &axis) ||
        !split_sizes(c, t->dims[axis], sizes))
        return false;
    for (uint32_t i = 0; i < c->node->nout; i++) {
        fe_slice_spec s = fe_whole(t);
        s.starts[axis] = sizes[i] ? from : 0;
        s.ends[axis] = s.starts[axis] + sizes[i];
        from += sizes[i];
        if (!onnx_set(c, i, fe_slice(c->fe, c->in[0], &s)))
            return false;
    }
    return true;
}
