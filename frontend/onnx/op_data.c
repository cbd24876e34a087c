/* Operators that move elements: concat, pad, tile, depth and space. */
#include <inttypes.h>
#include <string.h>

#include "onnx/import.h"

bool onnx_concat(onnx_call *c)
{
    int64_t axis;
    if (!fe_axis(c->fe, onnx_attr_int(c, "axis", 1), c->in[0]->type->rank, false, &axis))
        return false;
    if (c->nin == 1)
        return onnx_set(c, 0, c->in[0]);
    return onnx_set(c, 0,
                    fe_emit(c->fe, QIR_OP_concat, c->in, c->nin,
                            QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)}), NULL));
}

/* Begins of all dimensions, then ends. */
static bool read_pads(onnx_call *c, unsigned rank, int64_t *pads)
{
    const int64_t *given, *axes = NULL;
    size_t n, naxes = rank;
    if (!onnx_int_list(c, "pads", 1, &given, &n))
        return false;
    if (onnx_in(c, 3) && !(axes = fe_const_ints(c->fe, c->in[3], &naxes)))
        return false;
    if (!given || n != 2 * naxes)
        return fe_error(c->fe, "shape", "pads has %zu entries, expected %zu", n, 2 * naxes);
    memset(pads, 0, 2 * rank * sizeof *pads);
    for (size_t i = 0; i < naxes; i++) {
        int64_t axis;
        if (!fe_axis(c->fe, axes ? axes[i] : (int64_t)i, rank, false, &axis))
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
    fe_slice_spec s = fe_whole(t);
    for (unsigned i = 0; i < t->rank; i++) {
        int64_t *begin = &pads[i], *end = &pads[t->rank + i];
        if (*begin < -t->dims[i] || *end < -t->dims[i] ||
            (*begin < 0 ? -*begin : 0) + (*end < 0 ? -*end : 0) > t->dims[i])
            return fe_error(c->fe, "shape", "pads cut more than dimension %u has", i);
        s.starts[i] = *begin < 0 ? -*begin : 0;
        s.ends[i] = *end < 0 ? t->dims[i] + *end : t->dims[i];
        *begin = *begin < 0 ? 0 : *begin;
        *end = *end < 0 ? 0 : *end;
    }
    *x = fe_slice(c->fe, *x, &s);
    return *x != NULL;
}

bool onnx_pad(onnx_call *c)
{
    qir_context *ctx = c->fe->ctx;
    qir_value *x = c->in[0];
    unsigned rank = x->type->rank;
    int64_t pads[2 * QIR_MAX_RANK], any = 0;
    const char *mode = onnx_attr_string(c, "mode", "constant");
    float value = onnx_attr_float(c, "value", 0);
    if (strcmp(mode, "constant") != 0 && strcmp(mode, "reflect") != 0 && strcmp(mode, "edge") != 0)
        return fe_error(c->fe, "attr", "mode '%s' is not supported", mode);
    if (onnx_in(c, 2) && !fe_const_float(c->fe, c->in[2], &value))
        return false;
    if (!read_pads(c, rank, pads) || !cut_negative(c, &x, pads))
        return false;
    for (unsigned i = 0; i < 2 * rank; i++)
        any |= pads[i];
    if (!any)
        return onnx_set(c, 0, x);
    return onnx_set(c, 0,
                    fe_emit1(c->fe, QIR_OP_pad, x,
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
        fe_error(c->fe, "shape", "rank above %d", QIR_MAX_RANK - 1);
        return NULL;
    }
    qir_value *v = fe_reshape(c->fe, x, dims, n);
    dims[axis] = repeat;
    v = fe_expand(c->fe, v, dims, n);
    memmove(dims + axis, dims + axis + 1, (n - axis - 1) * sizeof *dims);
    dims[axis] *= repeat;
    return fe_reshape(c->fe, v, dims, n - 1);
}

bool onnx_tile(onnx_call *c)
{
    qir_value *x = c->in[0];
    unsigned rank = x->type->rank;
    size_t n;
    const int64_t *repeats = fe_const_ints(c->fe, c->in[1], &n);
    if (!repeats)
        return false;
    if (n != rank)
        return fe_error(c->fe, "shape", "%zu repeats for rank %u", n, rank);
    for (unsigned i = 0; x && i < rank; i++) {
        if (repeats[i] < 0 || repeats[i] > QIR_MAX_ELEMENTS)
            return fe_error(c->fe, "shape", "repeat %" PRId64, repeats[i]);
        if (repeats[i] != 1)
            x = tile_axis(c, x, i, repeats[i]);
    }
    return onnx_set(c, 0, x);
}

/* reshape, transpose, reshape: what DepthToSpace and SpaceToDepth are defined as. */
static bool rearrange(onnx_call *c, const int64_t *from, const int64_t *perm, const int64_t *to)
{
    qir_value *v = fe_reshape(c->fe, c->in[0], from, 6);
    v = v ? fe_transpose(c->fe, v, perm) : NULL;
    return onnx_set(c, 0, fe_reshape(c->fe, v, to, 4));
}

static bool block_size(onnx_call *c, int64_t *out)
{
    *out = onnx_attr_int(c, "blocksize", 0);
    if (*out < 1 || *out > 65536)
        return fe_error(c->fe, "attr", "blocksize %" PRId64, *out);
    return c->in[0]->type->rank == 4 || fe_error(c->fe, "shape", "rank must be 4");
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
        return fe_error(c->fe, "shape", "channels are no multiple of blocksize squared");
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
        return fe_error(c->fe, "shape", "height and width are no multiples of blocksize");
    return rearrange(c, (int64_t[]){d[0], d[1], d[2] / b, b, d[3] / b, b}, perm,
                     (int64_t[]){d[0], d[1] * b * b, d[2] / b, d[3] / b});
}
