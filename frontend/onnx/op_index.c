/* Operators that read or write at indices, and those that find them. */
#include <inttypes.h>
#include <string.h>

#include "onnx/import.h"

/* Attribute `axis` of operand 0 as a QIR attribute; NULL: diagnosed. */
static const qir_attr *axis_attr(onnx_call *c, int64_t dflt)
{
    int64_t axis;
    if (!fe_axis(c->fe, onnx_attr_int(c, "axis", dflt), c->in[0]->type->rank, false, &axis))
        return NULL;
    return qir_attr_int(c->fe->ctx, axis);
}

static const qir_attr *flag(onnx_call *c, const char *name, int64_t dflt)
{
    return qir_attr_bool(c->fe->ctx, onnx_attr_int(c, name, dflt) != 0);
}

bool onnx_gather(onnx_call *c)
{
    const qir_attr *axis = axis_attr(c, 0);
    return axis && onnx_set(c, 0, fe_emit(c->fe, c->row->opcode, c->in, 2,
                                          QIR_ATTRS({"axis", axis}), NULL));
}

static bool reduction(onnx_call *c, const qir_attr **out)
{
    const char *how = onnx_attr_string(c, "reduction", "none");
    *out = qir_attr_string(c->fe->ctx, how, strlen(how));
    return !c->fe->failed;
}

bool onnx_scatter_elements(onnx_call *c)
{
    const qir_attr *how, *axis = axis_attr(c, 0);
    return axis && reduction(c, &how) &&
           onnx_set(c, 0, fe_emit(c->fe, QIR_OP_scatter_elements, c->in, 3,
                                  QIR_ATTRS({"axis", axis}, {"reduction", how}), NULL));
}

bool onnx_scatter_nd(onnx_call *c)
{
    const qir_attr *how;
    return reduction(c, &how) &&
           onnx_set(c, 0, fe_emit(c->fe, QIR_OP_scatter_nd, c->in, 3,
                                  QIR_ATTRS({"reduction", how}), NULL));
}

/* The positions of a constant condition become indices; without an axis the operand is flat. */
bool onnx_compress(onnx_call *c)
{
    qir_value *x = c->in[0];
    size_t n, kept = 0;
    const int64_t *condition = fe_const_ints(c->fe, c->in[1], &n);
    if (!condition)
        return false;
    int64_t axis = onnx_attr_int(c, "axis", INT64_MIN), all = qir_type_elements(x->type);
    if (axis == INT64_MIN)
        x = fe_reshape(c->fe, x, &all, 1), axis = 0;
    if (!x || !fe_axis(c->fe, axis, x->type->rank, false, &axis))
        return false;
    int64_t *indices = QIR_NEW_ARRAY(c->fe->scratch, int64_t, n + 1);
    for (size_t i = 0; i < n; i++)
        if (condition[i])
            indices[kept++] = (int64_t)i;
    qir_value *at = fe_const(c->fe, QIR_i64, (int64_t[]){(int64_t)kept}, 1, indices);
    return at && onnx_set(c, 0, fe_emit(c->fe, QIR_OP_gather, QIR_OPERANDS(x, at),
                                        QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)}), NULL));
}

/* --- order ------------------------------------------------------------------------------------ */
bool onnx_arg(onnx_call *c)
{
    const qir_attr *axis = axis_attr(c, 0);
    return axis && onnx_set(c, 0, fe_emit1(c->fe, c->row->opcode, c->in[0],
                                           QIR_ATTRS({"axis", axis},
                                                     {"keepdims", flag(c, "keepdims", 1)},
                                                     {"select_last",
                                                      flag(c, "select_last_index", 0)})));
}

bool onnx_cumsum(onnx_call *c)
{
    int64_t axis;
    if (!fe_const_int(c->fe, c->in[1], &axis) ||
        !fe_axis(c->fe, axis, c->in[0]->type->rank, false, &axis))
        return false;
    return onnx_set(c, 0, fe_emit1(c->fe, QIR_OP_cumsum, c->in[0],
                                   QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)},
                                             {"exclusive", flag(c, "exclusive", 0)},
                                             {"reverse", flag(c, "reverse", 0)})));
}

/* Sorted or not: the order of the result is free then, and ours is sorted. */
bool onnx_top_k(onnx_call *c)
{
    const qir_attr *axis = axis_attr(c, -1);
    int64_t k = onnx_attr_int(c, "k", -1);
    qir_value *out[2];
    if (!axis || (onnx_in(c, 1) && !fe_const_int(c->fe, c->in[1], &k)))
        return false;
    onnx_attr_int(c, "sorted", 1);
    return fe_emit_n(c->fe, QIR_OP_top_k, c->in, 1,
                     QIR_ATTRS({"axis", axis}, {"k", qir_attr_int(c->fe->ctx, k)},
                               {"largest", flag(c, "largest", 1)}),
                     out, 2) &&
           onnx_set(c, 0, out[0]) && onnx_set(c, 1, out[1]);
}

/* --- MaxUnpool -------------------------------------------------------------------------------- */

/* What the pooling that is undone had as its operand. */
static bool unpooled_dims(onnx_call *c, int64_t *dims)
{
    const qir_type *t = c->in[0]->type;
    fe_window w;
    size_t n;
    const int64_t *kernel = onnx_attr_ints(c, "kernel_shape", &n);
    if (!kernel || t->rank < 3 || n != t->rank - 2)
        return fe_error(c->fe, "shape", "kernel_shape must have one entry per spatial axis");
    if (!onnx_window_read(c, t, kernel, &w))
        return false;
    for (unsigned i = 0; i < t->rank; i++)
        dims[i] = i < 2 ? t->dims[i]
                        : (t->dims[i] - 1) * w.strides[i - 2] - w.pads[i - 2] -
                              w.pads[w.n + i - 2] + w.kernel[i - 2];
    return true;
}

/* Indices count in the inferred shape; a larger one is padded at its end. */
static qir_value *pad_to(onnx_call *c, qir_value *x, const int64_t *dims)
{
    int64_t pads[2 * QIR_MAX_RANK] = {0};
    bool any = false;
    unsigned rank = x ? x->type->rank : 0;
    for (unsigned i = 0; i < rank; i++) {
        pads[rank + i] = dims[i] - x->type->dims[i];
        any = any || pads[rank + i];
    }
    if (!x || !any)
        return x;
    return fe_emit1(c->fe, QIR_OP_pad, x,
                    QIR_ATTRS({"pads", qir_attr_ints(c->fe->ctx, pads, 2 * rank)}));
}

bool onnx_max_unpool(onnx_call *c)
{
    fe_builder *fe = c->fe;
    const qir_type *t = c->in[0]->type;
    int64_t dims[QIR_MAX_RANK], total = 1, given = qir_type_elements(t), zero = 0;
    size_t n = t->rank;
    if (!unpooled_dims(c, dims))
        return false;
    const int64_t *wanted = onnx_in(c, 2) ? fe_const_ints(fe, c->in[2], &n) : dims;
    if (!wanted)
        return false;
    if (n != t->rank)
        return fe_error(fe, "shape", "output_shape has %zu entries, expected %u", n, t->rank);
    for (unsigned i = 0; i < t->rank; i++) {
        if (dims[i] < 1 || dims[i] > INT32_MAX || total > QIR_MAX_ELEMENTS / dims[i])
            return fe_error(fe, "shape", "dimension %u of the result would be %" PRId64, i, dims[i]);
        total *= dims[i];
    }
    qir_value *flat = fe_splat(fe, t->dtype, &total, 1, &zero);
    qir_value *at = fe_reshape(fe, c->in[1], &given, 1), *x = fe_reshape(fe, c->in[0], &given, 1);
    if (!flat || !at || !x)
        return false;
    flat = fe_emit(fe, QIR_OP_scatter_elements, QIR_OPERANDS(flat, at, x), QIR_NO_ATTRS, NULL);
    return onnx_set(c, 0, pad_to(c, fe_reshape(fe, flat, dims, t->rank), wanted));
}
