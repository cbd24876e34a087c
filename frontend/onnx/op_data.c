/* Operators that move elements: concat, split, slice, pad, gather, tile, depth and space. */
#include <inttypes.h>
#include <string.h>

#include "onnx/import.h"

bool onnx_concat(onnx_call *c)
{
    int64_t axis;
    if (!onnx_axis(c, onnx_attr_int(c, "axis", 1), c->in[0]->type->rank, false, &axis))
        return false;
    if (c->nin == 1)
        return onnx_set(c, 0, c->in[0]);
    return onnx_set(c, 0,
                    onnx_emit(c, QIR_OP_concat, c->in, c->nin,
                              QIR_ATTRS({"axis", qir_attr_int(c->imp->ctx, axis)}), NULL));
}

typedef struct slice_spec {
    int64_t starts[QIR_MAX_RANK], ends[QIR_MAX_RANK], steps[QIR_MAX_RANK];
} slice_spec;

static slice_spec whole(const qir_type *t)
{
    slice_spec s = {0};
    for (unsigned i = 0; i < t->rank; i++) {
        s.starts[i] = 0;
        s.ends[i] = t->dims[i];
        s.steps[i] = 1;
    }
    return s;
}

static bool is_whole(const qir_type *t, const slice_spec *s)
{
    for (unsigned i = 0; i < t->rank; i++)
        if (s->starts[i] != 0 || s->ends[i] != t->dims[i] || s->steps[i] != 1)
            return false;
    return true;
}

static qir_value *emit_slice(onnx_call *c, qir_value *x, const slice_spec *s)
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
static void set_range(slice_spec *s, int64_t axis, int64_t dim, int64_t start, int64_t end,
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
    slice_spec s = whole(t);
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
    return onnx_set(c, 0, emit_slice(c, c->in[0], &s));
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
        slice_spec s = whole(t);
        s.starts[axis] = sizes[i] ? from : 0;
        s.ends[axis] = s.starts[axis] + sizes[i];
        from += sizes[i];
        if (!onnx_set(c, i, emit_slice(c, c->in[0], &s)))
            return false;
    }
    return true;
}

bool onnx_gather(onnx_call *c)
{
    int64_t axis;
    if (!onnx_axis(c, onnx_attr_int(c, "axis", 0), c->in[0]->type->rank, false, &axis))
        return false;
    return onnx_set(c, 0,
                    onnx_emit(c, QIR_OP_gather, c->in, 2,
                              QIR_ATTRS({"axis", qir_attr_int(c->imp->ctx, axis)}), NULL));
}

/* Begins of all dimensions, then ends. */
static bool read_pads(onnx_call *c, unsigned rank, int64_t *pads)
{
    const int64_t *given, *axes = NULL;
    size_t n, naxes = rank;
    if (!onnx_int_list(c, "pads", 1, &given, &n))
        return false;
    if (onnx_in(c, 3) && !(axes = onnx_const_ints(c, c->in[3], &naxes)))
        return false;
    if (!given || n != 2 * naxes)
        return onnx_error(c, "onnx.shape", "pads has %zu entries, expected %zu", n, 2 * naxes);
    memset(pads, 0, 2 * rank * sizeof *pads);
    for (size_t i = 0; i < naxes; i++) {
        int64_t axis;
        if (!onnx_axis(c, axes ? axes[i] : (int64_t)i, rank, false, &axis))
            return false;
        pads[axis] = given[i];
        pads[rank + axis] = given[naxes + i];
    }
    return true;
}

/* Negative pads cut: those become a slice, and their entries 0. */
static bool cut_negative(onnx_call *c, qir_value **x, int64_t *pads)
{
    const qir_type *t = (*x)->type;
    slice_spec s = whole(t);
    for (unsigned i = 0; i < t->rank; i++) {
        int64_t *begin = &pads[i], *end = &pads[t->rank + i];
        if (*begin < -t->dims[i] || *end < -t->dims[i] ||
            (*begin < 0 ? -*begin : 0) + (*end < 0 ? -*end : 0) > t->dims[i])
            return onnx_error(c, "onnx.shape", "pads cut more than dimension %u has", i);
        s.starts[i] = *begin < 0 ? -*begin : 0;
        s.ends[i] = *end < 0 ? t->dims[i] + *end : t->dims[i];
        *begin = *begin < 0 ? 0 : *begin;
        *end = *end < 0 ? 0 : *end;
    }
    *x = emit_slice(c, *x, &s);
    return *x != NULL;
}

bool onnx_pad(onnx_call *c)
{
    qir_context *ctx = c->imp->ctx;
    qir_value *x = c->in[0];
    unsigned rank = x->type->rank;
    int64_t pads[2 * QIR_MAX_RANK], any = 0;
    const char *mode = onnx_attr_string(c, "mode", "constant");
    float value = onnx_attr_float(c, "value", 0);
    if (strcmp(mode, "constant") != 0 && strcmp(mode, "reflect") != 0 && strcmp(mode, "edge") != 0)
        return onnx_error(c, "onnx.attr", "mode '%s' is not supported", mode);
    if (onnx_in(c, 2) && !onnx_const_float(c, c->in[2], &value))
        return false;
    if (!read_pads(c, rank, pads) || !cut_negative(c, &x, pads))
        return false;
    for (unsigned i = 0; i < 2 * rank; i++)
        any |= pads[i];
    if (!any)
        return onnx_set(c, 0, x);
    return onnx_set(c, 0,
                    onnx_emit1(c, QIR_OP_pad, x,
                               QIR_ATTRS({"pads", qir_attr_ints(ctx, pads, 2 * rank)},
                                         {"mode", qir_attr_string(ctx, mode, strlen(mode))},
                                         {"value", qir_attr_float(ctx, value)})));
}

/* Repeats dimension `axis` of `x`: insert a dimension before it, expand, join the two. */
static qir_value *tile_axis(onnx_call *c, qir_value *x, unsigned axis, int64_t repeat)
{
    const qir_type *t = x->type;
    int64_t dims[QIR_MAX_RANK + 1];
    unsigned n = 0;
    for (unsigned i = 0; i < t->rank; i++) {
        if (i == axis)
            dims[n++] = 1;
        dims[n++] = t->dims[i];
    }
    if (n > QIR_MAX_RANK) {
        onnx_error(c, "onnx.shape", "rank above %d", QIR_MAX_RANK - 1);
        return NULL;
    }
    qir_value *v = onnx_reshape(c, x, dims, n);
    dims[axis] = repeat;
    v = onnx_expand(c, v, dims, n);
    memmove(dims + axis, dims + axis + 1, (n - axis - 1) * sizeof *dims);
    dims[axis] *= repeat;
    return onnx_reshape(c, v, dims, n - 1);
}

bool onnx_tile(onnx_call *c)
{
    qir_value *x = c->in[0];
    unsigned rank = x->type->rank;
    size_t n;
    const int64_t *repeats = onnx_const_ints(c, c->in[1], &n);
    if (!repeats)
        return false;
    if (n != rank)
        return onnx_error(c, "onnx.shape", "%zu repeats for rank %u", n, rank);
    for (unsigned i = 0; x && i < rank; i++) {
        if (repeats[i] < 0 || repeats[i] > QIR_MAX_ELEMENTS)
            return onnx_error(c, "onnx.shape", "repeat %" PRId64, repeats[i]);
        if (repeats[i] != 1)
            x = tile_axis(c, x, i, repeats[i]);
    }
    return onnx_set(c, 0, x);
}

/* reshape, transpose, reshape: what DepthToSpace and SpaceToDepth are defined as. */
static bool rearrange(onnx_call *c, const int64_t *from, const int64_t *perm, const int64_t *to)
{
    qir_value *v = onnx_reshape(c, c->in[0], from, 6);
    v = v ? onnx_transpose(c, v, perm) : NULL;
    return onnx_set(c, 0, onnx_reshape(c, v, to, 4));
}

static bool block_size(onnx_call *c, int64_t *out)
{
    *out = onnx_attr_int(c, "blocksize", 0);
    if (*out < 1 || *out > 65536)
        return onnx_error(c, "onnx.attr", "blocksize %" PRId64, *out);
    return c->in[0]->type->rank == 4 || onnx_error(c, "onnx.shape", "rank must be 4");
}

bool onnx_depth_to_space(onnx_call *c)
{
    static const int64_t dcr[] = {0, 3, 4, 1, 5, 2}, crd[] = {0, 1, 4, 2, 5, 3};
    const int64_t *d = c->in[0]->type->dims;
    const char *mode = onnx_attr_string(c, "mode", "DCR");
    bool is_dcr = strcmp(mode, "DCR") == 0;
    int64_t b;
    if (!block_size(c, &b))
        return false;
    if (d[1] % (b * b))
        return onnx_error(c, "onnx.shape", "channels are no multiple of blocksize squared");
    int64_t depth = d[1] / (b * b);
    return rearrange(c,
                     is_dcr ? (int64_t[]){d[0], b, b, depth, d[2], d[3]}
                            : (int64_t[]){d[0], depth, b, b, d[2], d[3]},
                     is_dcr ? dcr : crd, (int64_t[]){d[0], depth, d[2] * b, d[3] * b});
}

bool onnx_space_to_depth(onnx_call *c)
{
    static const int64_t perm[] = {0, 3, 5, 1, 2, 4};
    const int64_t *d = c->in[0]->type->dims;
    int64_t b;
    if (!block_size(c, &b))
        return false;
    if (d[2] % b || d[3] % b)
        return onnx_error(c, "onnx.shape", "height and width are no multiples of blocksize");
    return rearrange(c, (int64_t[]){d[0], d[1], d[2] / b, b, d[3] / b, b}, perm,
                     (int64_t[]){d[0], d[1] * b * b, d[2] / b, d[3] / b});
}
