/* Slice and Split: ranges of dimensions. */
#include <inttypes.h>

#include "onnx/import.h"

onnx_slice_spec onnx_whole(const qir_type *t)
{
    onnx_slice_spec s = {0};
    for (unsigned i = 0; i < t->rank; i++) {
        s.starts[i] = 0;
        s.ends[i] = t->dims[i];
        s.steps[i] = 1;
    }
    return s;
}

static bool is_whole(const qir_type *t, const onnx_slice_spec *s)
{
    for (unsigned i = 0; i < t->rank; i++)
        if (s->starts[i] != 0 || s->ends[i] != t->dims[i] || s->steps[i] != 1)
            return false;
    return true;
}

qir_value *onnx_emit_slice(onnx_call *c, qir_value *x, const onnx_slice_spec *s)
{
    qir_context *ctx = c->imp->ctx;
    unsigned rank = x->type->rank;
    if (is_whole(x->type, s))
        return x;
    return onnx_emit1(c, QIR_OP_slice, x,
                      QIR_ATTRS({"starts", qir_attr_ints(ctx, s->starts, rank)},
                                {"ends", qir_attr_ints(ctx, s->ends, rank)},
                                {"steps", qir_attr_ints(ctx, s->steps, rank)}));
}

static int64_t clamp_to(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Python's rules for one dimension; an empty range becomes [0, 0). */
static void set_range(onnx_slice_spec *s, int64_t axis, int64_t dim, int64_t start, int64_t end,
                      int64_t step)
{
    start = start < 0 ? start + dim : start;
    end = end < 0 ? end + dim : end;
    start = step > 0 ? clamp_to(start, 0, dim) : clamp_to(start, 0, dim - 1);
    end = step > 0 ? clamp_to(end, 0, dim) : clamp_to(end, -1, dim - 1);
    bool empty = dim == 0 || (step > 0 ? end <= start : end >= start);
    s->starts[axis] = empty ? 0 : start;
    s->ends[axis] = empty ? 0 : end;
    s->steps[axis] = empty ? 1 : step;
}

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
        return onnx_error(c, "onnx.shape", "starts, ends, axes and steps differ in length");
    return true;
}

bool onnx_slice(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    onnx_slice_spec s = onnx_whole(t);
    slice_lists l;
    if (!read_slice(c, &l))
        return false;
    for (size_t i = 0; i < l.n; i++) {
        int64_t axis, step = l.steps ? l.steps[i] : 1;
        if (!onnx_axis(c, l.axes ? l.axes[i] : (int64_t)i, t->rank, false, &axis))
            return false;
        if (step == 0)
            return onnx_error(c, "onnx.shape", "step of axis %" PRId64 " is 0", axis);
        set_range(&s, axis, t->dims[axis], l.starts[i], l.ends[i], step);
    }
    return onnx_set(c, 0, onnx_emit_slice(c, c->in[0], &s));
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
        return onnx_error(c, "onnx.shape", "%zu parts for %u results", n, c->node->nout);
    if (parts != c->node->nout)
        return onnx_error(c, "onnx.attr", "num_outputs differs from the number of results");
    if (!given && c->opset < 18 && dim % parts)
        return onnx_error(c, "onnx.shape", "%" PRId64 " is no multiple of %" PRId64 " parts", dim,
                          parts);
    for (uint32_t i = 0; i < c->node->nout; i++) {
        int64_t size = given ? given[i] : (dim + parts - 1) / parts;
        if (!given && size > left)
            size = left;
        if (size < 0 || size > left)
            return onnx_error(c, "onnx.shape", "parts do not add up to %" PRId64, dim);
        sizes[i] = size;
        left -= size;
    }
    return left == 0 || onnx_error(c, "onnx.shape", "parts do not add up to %" PRId64, dim);
}

bool onnx_split(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    int64_t axis, from = 0;
    int64_t *sizes = QIR_NEW_ARRAY(c->imp->scratch, int64_t, c->node->nout);
    if (!onnx_axis(c, onnx_attr_int(c, "axis", 0), t->rank, false, &axis) ||
        !split_sizes(c, t->dims[axis], sizes))
        return false;
    for (uint32_t i = 0; i < c->node->nout; i++) {
        onnx_slice_spec s = onnx_whole(t);
        s.starts[axis] = sizes[i] ? from : 0;
        s.ends[axis] = s.starts[axis] + sizes[i];
        from += sizes[i];
        if (!onnx_set(c, i, onnx_emit_slice(c, c->in[0], &s)))
            return false;
    }
    return true;
}
