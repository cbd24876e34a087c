/* Reductions, global pools, softmax. */
#include <inttypes.h>
#include <string.h>

#include "core/compose.h"
#include "onnx/import.h"

static bool set_reduce(onnx_call *c, const int64_t *axes, size_t n, bool keepdims)
{
    return onnx_set(c, 0, fe_reduce(c->fe, c->row->opcode, c->in[0], axes, n, keepdims));
}

/* What is done to the elements before, and to the result after, a sum. */
static const struct {
    const char *op;
    qir_opcode before, after; /* mul: squares */
} around[] = {
    {"ReduceL1", QIR_OP_abs, QIR_OP_none},
    {"ReduceL2", QIR_OP_mul, QIR_OP_sqrt},
    {"ReduceLogSum", QIR_OP_none, QIR_OP_log},
    {"ReduceSumSquare", QIR_OP_mul, QIR_OP_none},
};

/* Reductions other than the sums of the table, too; without axes to reduce, what is done to single
 * elements stays. */
static bool reduce_over(onnx_call *c, const int64_t *axes, size_t n, bool keepdims)
{
    qir_value *x = c->in[0];
    qir_opcode after = QIR_OP_none;
    if (!strcmp(c->row->op, "ReduceLogSumExp"))
        return onnx_set(c, 0, n ? fe_log_sum_exp(c->fe, x, axes, n, keepdims) : x);
    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        if (strcmp(c->row->op, around[i].op) != 0)
            continue;
        after = around[i].after;
        if (around[i].before == QIR_OP_mul)
            x = fe_emit2(c->fe, QIR_OP_mul, x, x);
        else if (around[i].before != QIR_OP_none)
            x = fe_emit1(c->fe, around[i].before, x, QIR_NO_ATTRS);
    }
    if (n)
        x = fe_reduce(c->fe, c->row->opcode, x, axes, n, keepdims);
    return onnx_set(c, 0, after == QIR_OP_none ? x : fe_emit1(c->fe, after, x, QIR_NO_ATTRS));
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
        return reduce_over(c, NULL, 0, keepdims);
    for (size_t i = 0; i < n; i++) {
        if (!fe_axis(c->fe, given[i], rank, false, &axis))
            return false;
        set |= 1u << axis;
    }
    for (unsigned i = 0; i < rank; i++)
        if (n == 0 || set >> i & 1)
            axes[out++] = i;
    return reduce_over(c, axes, rank ? out : 0, keepdims);
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
