/* Reductions, global pools, softmax. */
#include <inttypes.h>

#include "core/compose.h"
#include "onnx/import.h"

static bool set_reduce(onnx_call *c, const int64_t *axes, size_t n, bool keepdims)
{
    qir_context *ctx = c->fe->ctx;
    return onnx_set(c, 0,
                    fe_emit1(c->fe, c->row->opcode, c->in[0],
                             QIR_ATTRS({"axes", qir_attr_ints(ctx, axes, n)},
                                       {"keepdims", qir_attr_bool(ctx, keepdims)})));
}

/* Ascending and not negative; no axes: all, or none with noop_with_empty_axes. */
bool onnx_reduce(onnx_call *c)
{
    unsigned rank = c->in[0]->type->rank;
    const int64_t *given;
    int64_t axes[QIR_MAX_RANK], axis;
    size_t n, out = 0;
    uint32_t set = 0;
    bool keepdims = onnx_attr_int(c, "keepdims", 1);
    bool noop = onnx_attr_int(c, "noop_with_empty_axes", 0);
    if (!onnx_int_list(c, "axes", 1, &given, &n))
        return false;
    if (n == 0 && noop)
        return onnx_set(c, 0, c->in[0]);
    for (size_t i = 0; i < n; i++) {
        if (!fe_axis(c->fe, given[i], rank, false, &axis))
            return false;
        set |= 1u << axis;
    }
    for (unsigned i = 0; i < rank; i++)
        if (n == 0 || set >> i & 1)
            axes[out++] = i;
    if (rank == 0)
        return onnx_set(c, 0, c->in[0]);
    return set_reduce(c, axes, out, keepdims);
}

bool onnx_global_pool(onnx_call *c)
{
    int64_t axes[QIR_MAX_RANK];
    unsigned rank = c->in[0]->type->rank;
    if (rank < 3)
        return fe_error(c->fe, "shape", "rank %u, expected at least 3", rank);
    for (unsigned i = 2; i < rank; i++)
        axes[i - 2] = i;
    return set_reduce(c, axes, rank - 2, true);
}

static qir_value *softmax(onnx_call *c, qir_value *x, int64_t axis)
{
    return fe_emit1(c->fe, c->row->opcode, x, QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)}));
}

/* Before operator set 13 the operand is coerced to two dimensions, split at `axis`. */
static bool softmax_2d(onnx_call *c, int64_t axis)
{
    const qir_type *t = c->in[0]->type;
    int64_t dims[2] = {1, 1};
    if (axis + 1 == t->rank)
        return onnx_set(c, 0, softmax(c, c->in[0], axis));
    for (unsigned i = 0; i < t->rank; i++)
        dims[i >= axis] *= t->dims[i];
    qir_value *v = fe_reshape(c->fe, c->in[0], dims, 2);
    v = v ? softmax(c, v, 1) : NULL;
    return onnx_set(c, 0, fe_reshape(c->fe, v, t->dims, t->rank));
}

bool onnx_softmax(onnx_call *c)
{
    unsigned rank = c->in[0]->type->rank;
    int64_t axis;
    bool coerce = c->opset < 13;
    if (!fe_axis(c->fe, onnx_attr_int(c, "axis", coerce ? 1 : -1), rank, false, &axis))
        return false;
    return coerce ? softmax_2d(c, axis) : onnx_set(c, 0, softmax(c, c->in[0], axis));
}

/* alpha is divided by the size. */
bool onnx_lrn(onnx_call *c)
{
    int64_t size = onnx_attr_int(c, "size", 0);
    float alpha = onnx_attr_float(c, "alpha", 0.0001f) / (float)(size > 0 ? size : 1);
    return onnx_set(c, 0, fe_lrn(c->fe, c->in[0], size, alpha, onnx_attr_float(c, "beta", 0.75f),
                                 onnx_attr_float(c, "bias", 1.0f)));
}
