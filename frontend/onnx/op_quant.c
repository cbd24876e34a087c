/* Quantized operators.  Tensors of the model are plain integers; storage_cast bridges to quantized
 * types at no cost, and disappears between a quantizer and a dequantizer with equal parameters. */
#include <inttypes.h>

#include "onnx/import.h"

/* Parameters from operands `scale` and `zp` (zp may be absent: 0) for a tensor of type `t` stored
 * as `storage`.  One scale means per tensor, whatever `axis` says.  scale < 0: all scales are 1. */
static bool read_params(onnx_call *c, int scale, unsigned zp, int64_t axis, const qir_type *t,
                        qir_dtype storage, qir_quant *out)
{
    size_t n = 1, nzp = 1;
    const float *scales = scale < 0 ? NULL : onnx_const_floats(c, c->in[scale], &n);
    const int64_t *zps = onnx_in(c, zp) ? onnx_const_ints(c, c->in[zp], &nzp) : NULL;
    if ((scale >= 0 && !scales) || (onnx_in(c, zp) && !zps))
        return false;
    if (zps && c->in[zp]->type->dtype != storage)
        return onnx_error(c, "onnx.type", "zero point of type %s for values of type %s",
                          qir_dtype_name(c->in[zp]->type->dtype), qir_dtype_name(storage));
    if (scale < 0 && zps)
        n = nzp;
    if (zps && nzp != n)
        return onnx_error(c, "quant.count", "%zu scales but %zu zero points", n, nzp);
    *out = (qir_quant){.storage = storage, .expressed = QIR_f32, .axis = -1, .count = n};
    if (n != 1 && !onnx_axis(c, axis, t->rank, false, &axis))
        return false;
    if (n != 1 && (int64_t)n != t->dims[axis])
        return onnx_error(c, "quant.count", "%zu scales for axis %" PRId64 " of size %" PRId64, n,
                          axis, t->dims[axis]);
    out->axis = n == 1 ? -1 : (int32_t)axis;
    out->qmin = (int32_t)qir_dtype_min(storage);
    out->qmax = (int32_t)qir_dtype_max(storage);
    float *s = QIR_NEW_ARRAY(c->imp->scratch, float, n);
    int32_t *z = QIR_NEW_ARRAY(c->imp->scratch, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        s[i] = scales ? scales[i] : 1.0f;
        z[i] = zps ? (int32_t)zps[i] : 0;
    }
    out->scale = s;
    out->zero_point = z;
    return true;
}

static bool can_store(onnx_call *c, qir_dtype t)
{
    return (qir_dtype_is_int(t) && qir_dtype_bits(t) <= 32 && t != QIR_u32) ||
           onnx_error(c, "onnx.type", "quantized values of type %s are not supported",
                      qir_dtype_name(t));
}

static const qir_type *quantized(onnx_call *c, const qir_quant *q, const int64_t *dims,
                                 unsigned rank)
{
    const qir_type *t = qir_quant_type(c->imp->ctx, q, dims, rank,
                                       qir_pb_loc(&c->imp->model.file, c->node->offset));
    if (!t)
        c->imp->model.file.failed = true;
    return t;
}

/* The same bytes with another element type: constants get a second name, a cast back is undone. */
static qir_value *recast(onnx_call *c, qir_value *v, const qir_type *to)
{
    qir_const *k;
    const qir_op *op;
    if (!v || !to || v->type == to)
        return to ? v : NULL;
    if ((k = qir_value_const(v))) {
        const void *data = qir_const_data(k);
        return data ? onnx_add_const(c->imp, onnx_const_base(c->imp, v), to, data, false, k->loc)
                    : NULL;
    }
    op = qir_value_op(v);
    if (op && op->opcode == QIR_OP_storage_cast && op->operands[0].value->type == to)
        return op->operands[0].value;
    return onnx_emit(c, QIR_OP_storage_cast, &v, 1, QIR_NO_ATTRS, to);
}

static qir_value *to_quantized(onnx_call *c, qir_value *v, const qir_quant *q)
{
    return recast(c, v, quantized(c, q, v->type->dims, v->type->rank));
}

static qir_value *to_plain(onnx_call *c, qir_value *v)
{
    if (!v)
        return NULL;
    return recast(
        c, v,
        qir_tensor_type(c->imp->ctx, v->type->dtype, v->type->dims, v->type->rank, c->imp->b.loc));
}

static bool no_blocks(onnx_call *c)
{
    return onnx_attr_int(c, "block_size", 0) == 0 ||
           onnx_error(c, "onnx.attr", "blocked quantization is not supported");
}

/* Storage type: that of the zero point, else output_dtype, else u8. */
static bool storage_type(onnx_call *c, qir_dtype *out)
{
    int64_t given = onnx_attr_int(c, "output_dtype", 0);
    *out = onnx_in(c, 2) ? c->in[2]->type->dtype : QIR_u8;
    if (!onnx_in(c, 2) && given && !qir_tensorproto_dtype(given, out))
        return onnx_error(c, "onnx.type", "output_dtype %s is not supported",
                          qir_tensorproto_type_name(given));
    return can_store(c, *out);
}

bool onnx_quantize_linear(onnx_call *c)
{
    qir_value *x = c->in[0];
    int64_t axis = onnx_attr_int(c, "axis", 1);
    qir_dtype storage;
    qir_quant q;
    onnx_attr_int(c, "saturate", 1); /* for float8, which is refused */
    if (!no_blocks(c) || !storage_type(c, &storage))
        return false;
    if (!qir_dtype_is_float(x->type->dtype))
        x = onnx_cast(c, x, QIR_f32);
    if (!x || !read_params(c, 1, 2, axis, x->type, storage, &q))
        return false;
    q.expressed = x->type->dtype;
    const qir_type *t = quantized(c, &q, x->type->dims, x->type->rank);
    qir_value *y = t ? onnx_emit_folded(c, QIR_OP_quantize, &x, 1, QIR_NO_ATTRS, t) : NULL;
    return onnx_set(c, 0, to_plain(c, y));
}

bool onnx_dequantize_linear(onnx_call *c)
{
    qir_value *x = c->in[0];
    int64_t axis = onnx_attr_int(c, "axis", 1);
    qir_quant q;
    if (!no_blocks(c) || !can_store(c, x->type->dtype) ||
        !read_params(c, 1, 2, axis, x->type, x->type->dtype, &q))
        return false;
    q.expressed = c->in[1]->type->dtype;
    return onnx_set(c, 0, onnx_emit1(c, QIR_OP_dequantize, to_quantized(c, x, &q), QIR_NO_ATTRS));
}

/* ONNX divides by the scale where PyTorch multiplies by its reciprocal, and the scale of nothing but
 * zeros is 1 (eps 0). */
bool onnx_dynamic_quantize_linear(onnx_call *c)
{
    qir_context *ctx = c->imp->ctx;
    qir_value *x = c->in[0], *y;
    qir_named_attr *attrs = QIR_ATTRS(
        {"block", qir_attr_ints(ctx, x->type->dims, x->type->rank)},
        {"dtype", qir_attr_string(ctx, "u8", 2)}, {"qmin", qir_attr_int(ctx, 0)},
        {"qmax", qir_attr_int(ctx, 255)}, {"eps", qir_attr_float(ctx, 0.0f)});
    qir_op *range = qir_build(&c->imp->b, QIR_OP_choose_qparams, &x, 1, attrs, NULL);
    if (!range)
        return false;
    attrs[4] = (qir_named_attr){"divide", qir_attr_bool(ctx, true)};
    y = onnx_emit(c, QIR_OP_quantize_affine,
                  QIR_OPERANDS(x, qir_op_result(range, 0), qir_op_result(range, 1)), attrs, NULL);
    return onnx_set(c, 0, y) &&
           onnx_set(c, 1, onnx_reshape(c, qir_op_result(range, 0), NULL, 0)) &&
           onnx_set(c, 2, onnx_cast(c, onnx_reshape(c, qir_op_result(range, 1), NULL, 0), QIR_u8));
}

/* --- integer convolutions and products ----------------------------------------------------------
 */

/* The integer op on quantized x and w; `y` NULL asks for the plain i32 accumulator. */
static qir_value *conv_quantized(onnx_call *c, qir_value *x, qir_value *w, qir_value *bias,
                                 const qir_quant *y)
{
    qir_context *ctx = c->imp->ctx;
    onnx_window win;
    int64_t dims[QIR_MAX_RANK];
    if (!x || !w)
        return NULL;
    if (x->type->rank < 3 || w->type->rank != x->type->rank) {
        onnx_error(c, "onnx.shape", "weight of rank %u for input of rank %u", w->type->rank,
                   x->type->rank);
        return NULL;
    }
    if (!onnx_window_read(c, x->type, w->type->dims + 2, &win))
        return NULL;
    dims[0] = x->type->dims[0];
    dims[1] = w->type->dims[0];
    for (unsigned i = 0; i < win.n; i++)
        dims[i + 2] = onnx_window_size(&win, i, x->type->dims[i + 2]);
    const qir_type *t = y ? quantized(c, y, dims, x->type->rank)
                          : qir_tensor_type(ctx, QIR_i32, dims, x->type->rank, c->imp->b.loc);
    qir_named_attr *attrs = QIR_ATTRS({"strides", onnx_unless(c, win.strides, win.n, 1)},
                                      {"pads", onnx_unless(c, win.pads, 2 * win.n, 0)},
                                      {"dilations", onnx_unless(c, win.dilations, win.n, 1)},
                                      {"groups", qir_attr_int(ctx, onnx_attr_int(c, "group", 1))});
    return t ? onnx_emit(c, QIR_OP_conv, (qir_value *[]){x, w, bias}, bias ? 3 : 2, attrs, t)
             : NULL;
}

bool onnx_qlinear_conv(onnx_call *c)
{
    qir_value *x = c->in[0], *w = c->in[3], *bias = onnx_in(c, 8);
    qir_quant qx, qw, qy;
    qir_dtype out = c->in[7] ? c->in[7]->type->dtype : QIR_u8;
    if (!can_store(c, x->type->dtype) || !can_store(c, w->type->dtype) || !can_store(c, out) ||
        !read_params(c, 1, 2, 1, x->type, x->type->dtype, &qx) ||
        !read_params(c, 4, 5, 0, w->type, w->type->dtype, &qw) ||
        !read_params(c, 6, 7, 1, x->type, out, &qy))
        return false;
    qir_value *y = conv_quantized(c, to_quantized(c, x, &qx), to_quantized(c, w, &qw), bias, &qy);
    return onnx_set(c, 0, to_plain(c, y));
}

bool onnx_conv_integer(onnx_call *c)
{
    qir_value *x = c->in[0], *w = c->in[1];
    qir_quant qx, qw;
    if (!can_store(c, x->type->dtype) || !can_store(c, w->type->dtype) ||
        !read_params(c, -1, 2, 1, x->type, x->type->dtype, &qx) ||
        !read_params(c, -1, 3, 0, w->type, w->type->dtype, &qw))
        return false;
    return onnx_set(
        c, 0, conv_quantized(c, to_quantized(c, x, &qx), to_quantized(c, w, &qw), NULL, NULL));
}

static bool matmul_dims(onnx_call *c, const qir_type *a, const qir_type *b, int64_t *dims,
                        unsigned *rank)
{
    if (a->rank < 2 || b->rank < 2)
        return onnx_error(c, "onnx.shape", "operands must have rank 2 or more");
    if (!onnx_broadcast_dims(c, a->dims, a->rank - 2, b->dims, b->rank - 2, dims, rank))
        return false;
    dims[(*rank)++] = a->dims[a->rank - 2];
    dims[(*rank)++] = b->dims[b->rank - 1];
    return true;
}

/* A constant matrix on the right makes it a linear, as in float. */
static qir_value *matmul_quantized(onnx_call *c, qir_value *a, qir_value *b, const qir_quant *y)
{
    static const int64_t swap[] = {1, 0};
    int64_t dims[QIR_MAX_RANK];
    unsigned rank;
    if (!a || !b || !matmul_dims(c, a->type, b->type, dims, &rank))
        return NULL;
    const qir_type *t = y ? quantized(c, y, dims, rank)
                          : qir_tensor_type(c->imp->ctx, QIR_i32, dims, rank, c->imp->b.loc);
    bool linear = b->type->rank == 2 && b->kind == QIR_VALUE_CONST;
    if (linear)
        b = onnx_transpose(c, b, swap);
    if (!t || !b)
        return NULL;
    return onnx_emit(c, linear ? QIR_OP_linear : QIR_OP_matmul, QIR_OPERANDS(a, b), QIR_NO_ATTRS,
                     t);
}

bool onnx_qlinear_matmul(onnx_call *c)
{
    qir_value *a = c->in[0], *b = c->in[3];
    qir_quant qa, qb, qy;
    qir_dtype out = c->in[7] ? c->in[7]->type->dtype : QIR_u8;
    if (!can_store(c, a->type->dtype) || !can_store(c, b->type->dtype) || !can_store(c, out) ||
        !read_params(c, 1, 2, -2, a->type, a->type->dtype, &qa) ||
        !read_params(c, 4, 5, -1, b->type, b->type->dtype, &qb) ||
        !read_params(c, 6, 7, -1, a->type, out, &qy))
        return false;
    qir_value *y = matmul_quantized(c, to_quantized(c, a, &qa), to_quantized(c, b, &qb), &qy);
    return onnx_set(c, 0, to_plain(c, y));
}

bool onnx_matmul_integer(onnx_call *c)
{
    qir_value *a = c->in[0], *b = c->in[1];
    qir_quant qa, qb;
    if (!can_store(c, a->type->dtype) || !can_store(c, b->type->dtype) ||
        !read_params(c, -1, 2, -2, a->type, a->type->dtype, &qa) ||
        !read_params(c, -1, 3, -1, b->type, b->type->dtype, &qb))
        return false;
    return onnx_set(c, 0,
                    matmul_quantized(c, to_quantized(c, a, &qa), to_quantized(c, b, &qb), NULL));
}
