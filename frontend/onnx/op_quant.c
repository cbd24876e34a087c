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
    const float *scales = scale < 0 ? NULL : fe_const_floats(c->fe, c->in[scale], &n);
    const int64_t *zps = onnx_in(c, zp) ? fe_const_ints(c->fe, c->in[zp], &nzp) : NULL;
    if ((scale >= 0 && !scales) || (onnx_in(c, zp) && !zps))
        return false;
    if (zps && c->in[zp]->type->dtype != storage)
        return fe_error(c->fe, "type", "zero point of type %s for values of type %s",
                        qir_dtype_name(c->in[zp]->type->dtype), qir_dtype_name(storage));
    if (scale < 0 && zps)
        n = nzp;
    if (zps && nzp != n)
        return fe_error(c->fe, "quant.count", "%zu scales but %zu zero points", n, nzp);
    *out = (qir_quant){.storage = storage, .expressed = QIR_f32, .axis = -1, .count = n};
    if (n != 1 && !fe_axis(c->fe, axis, t->rank, false, &axis))
        return false;
    if (n != 1 && (int64_t)n != t->dims[axis])
        return fe_error(c->fe, "quant.count", "%zu scales for axis %" PRId64 " of size %" PRId64, n,
                        axis, t->dims[axis]);
    out->axis = n == 1 ? -1 : (int32_t)axis;
    out->qmin = (int32_t)qir_dtype_min(storage);
    out->qmax = (int32_t)qir_dtype_max(storage);
    float *s = QIR_NEW_ARRAY(c->fe->scratch, float, n);
    int32_t *z = QIR_NEW_ARRAY(c->fe->scratch, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        s[i] = scales ? scales[i] : 1.0f;
        z[i] = zps ? (int32_t)zps[i] : 0;
    }
    out->scale = s;
    out->zero_point = z;
    return true;
}

static bool no_blocks(onnx_call *c)
{
    return onnx_attr_int(c, "block_size", 0) == 0 ||
           fe_error(c->fe, "attr", "blocked quantization is not supported");
}

/* Storage type: that of the zero point, else output_dtype, else u8. */
static bool storage_type(onnx_call *c, qir_dtype *out)
{
    int64_t given = onnx_attr_int(c, "output_dtype", 0);
    *out = onnx_in(c, 2) ? c->in[2]->type->dtype : QIR_u8;
    if (!onnx_in(c, 2) && given && !qir_tensorproto_dtype(given, out))
        return fe_error(c->fe, "type", "output_dtype %s is not supported",
                        qir_tensorproto_type_name(given));
    return fe_can_store(c->fe, *out);
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
        x = fe_cast(c->fe, x, QIR_f32);
    if (!x || !read_params(c, 1, 2, axis, x->type, storage, &q))
        return false;
    q.expressed = x->type->dtype;
    const qir_type *t = fe_quant_type(c->fe, &q, x->type->dims, x->type->rank);
    qir_value *y = t ? fe_emit_folded(c->fe, QIR_OP_quantize, &x, 1, QIR_NO_ATTRS, t) : NULL;
    return onnx_set(c, 0, fe_to_plain(c->fe, y));
}

bool onnx_dequantize_linear(onnx_call *c)
{
    qir_value *x = c->in[0];
    int64_t axis = onnx_attr_int(c, "axis", 1);
    qir_quant q;
    if (!no_blocks(c) || !fe_can_store(c->fe, x->type->dtype) ||
        !read_params(c, 1, 2, axis, x->type, x->type->dtype, &q))
        return false;
    q.expressed = c->in[1]->type->dtype;
    return onnx_set(
        c, 0, fe_emit1(c->fe, QIR_OP_dequantize, fe_to_quantized(c->fe, x, &q), QIR_NO_ATTRS));
}

/* ONNX divides by the scale where PyTorch multiplies by its reciprocal, and the scale of nothing
 * but zeros is 1 (eps 0). */
bool onnx_dynamic_quantize_linear(onnx_call *c)
{
    fe_builder *fe = c->fe;
    qir_value *x = c->in[0], *range[2], *y;
    qir_named_attr *attrs =
        QIR_ATTRS({"block", qir_attr_ints(fe->ctx, x->type->dims, x->type->rank)},
                  {"dtype", qir_attr_string(fe->ctx, "u8", 2)}, {"qmin", qir_attr_int(fe->ctx, 0)},
                  {"qmax", qir_attr_int(fe->ctx, 255)}, {"eps", qir_attr_float(fe->ctx, 0.0f)});
    if (!fe_emit_n(fe, QIR_OP_choose_qparams, &x, 1, attrs, range, 2))
        return false;
    attrs[4] = (qir_named_attr){"divide", qir_attr_bool(fe->ctx, true)};
    y = fe_emit(fe, QIR_OP_quantize_affine, QIR_OPERANDS(x, range[0], range[1]), attrs, NULL);
    return onnx_set(c, 0, y) && onnx_set(c, 1, fe_reshape(fe, range[0], NULL, 0)) &&
           onnx_set(c, 2, fe_cast(fe, fe_reshape(fe, range[1], NULL, 0), QIR_u8));
}

/* --- integer convolutions and products ----------------------------------------------------------
 */

/* The integer op on quantized x and w; `y` NULL asks for the plain i32 accumulator. */
static qir_value *conv_quantized(onnx_call *c, qir_value *x, qir_value *w, qir_value *bias,
                                 const qir_quant *y)
{
    qir_context *ctx = c->fe->ctx;
    fe_window win;
    int64_t dims[QIR_MAX_RANK];
    if (!x || !w)
        return NULL;
    if (x->type->rank < 3 || w->type->rank != x->type->rank) {
        fe_error(c->fe, "shape", "weight of rank %u for input of rank %u", w->type->rank,
                 x->type->rank);
        return NULL;
    }
    if (!onnx_window_read(c, x->type, w->type->dims + 2, &win))
        return NULL;
    dims[0] = x->type->dims[0];
    dims[1] = w->type->dims[0];
    for (unsigned i = 0; i < win.n; i++)
        dims[i + 2] = fe_window_size(&win, i, x->type->dims[i + 2]);
    const qir_type *t = y ? fe_quant_type(c->fe, y, dims, x->type->rank)
                          : qir_tensor_type(ctx, QIR_i32, dims, x->type->rank, c->fe->b.loc);
    qir_named_attr *attrs = QIR_ATTRS({"strides", fe_unless(c->fe, win.strides, win.n, 1)},
                                      {"pads", fe_unless(c->fe, win.pads, 2 * win.n, 0)},
                                      {"dilations", fe_unless(c->fe, win.dilations, win.n, 1)},
                                      {"groups", qir_attr_int(ctx, onnx_attr_int(c, "group", 1))});
    return t ? fe_emit(c->fe, QIR_OP_conv, (qir_value *[]){x, w, bias}, bias ? 3 : 2, attrs, t)
             : NULL;
}

bool onnx_qlinear_conv(onnx_call *c)
{
    qir_value *x = c->in[0], *w = c->in[3], *bias = onnx_in(c, 8);
    qir_quant qx, qw, qy;
    qir_dtype out = c->in[7] ? c->in[7]->type->dtype : QIR_u8;
    if (!fe_can_store(c->fe, x->type->dtype) || !fe_can_store(c->fe, w->type->dtype) ||
        !fe_can_store(c->fe, out) || !read_params(c, 1, 2, 1, x->type, x->type->dtype, &qx) ||
        !read_params(c, 4, 5, 0, w->type, w->type->dtype, &qw) ||
        !read_params(c, 6, 7, 1, x->type, out, &qy))
        return false;
    qir_value *y = conv_quantized(c, fe_to_quantized(c->fe, x, &qx), fe_to_quantized(c->fe, w, &qw),
                                  bias, &qy);
    return onnx_set(c, 0, fe_to_plain(c->fe, y));
}

bool onnx_conv_integer(onnx_call *c)
{
    qir_value *x = c->in[0], *w = c->in[1];
    qir_quant qx, qw;
    if (!fe_can_store(c->fe, x->type->dtype) || !fe_can_store(c->fe, w->type->dtype) ||
        !read_params(c, -1, 2, 1, x->type, x->type->dtype, &qx) ||
        !read_params(c, -1, 3, 0, w->type, w->type->dtype, &qw))
        return false;
    return onnx_set(c, 0,
                    conv_quantized(c, fe_to_quantized(c->fe, x, &qx),
                                   fe_to_quantized(c->fe, w, &qw), NULL, NULL));
}

static bool matmul_dims(onnx_call *c, const qir_type *a, const qir_type *b, int64_t *dims,
                        unsigned *rank)
{
    if (a->rank < 2 || b->rank < 2)
        return fe_error(c->fe, "shape", "operands must have rank 2 or more");
    if (!fe_broadcast_dims(c->fe, a->dims, a->rank - 2, b->dims, b->rank - 2, dims, rank))
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
    const qir_type *t = y ? fe_quant_type(c->fe, y, dims, rank)
                          : qir_tensor_type(c->fe->ctx, QIR_i32, dims, rank, c->fe->b.loc);
    bool linear = b->type->rank == 2 && b->kind == QIR_VALUE_CONST;
    if (linear)
        b = fe_transpose(c->fe, b, swap);
    if (!t || !b)
        return NULL;
    return fe_emit(c->fe, linear ? QIR_OP_linear : QIR_OP_matmul, QIR_OPERANDS(a, b), QIR_NO_ATTRS,
                   t);
}

bool onnx_qlinear_matmul(onnx_call *c)
{
    qir_value *a = c->in[0], *b = c->in[3];
    qir_quant qa, qb, qy;
    qir_dtype out = c->in[7] ? c->in[7]->type->dtype : QIR_u8;
    if (!fe_can_store(c->fe, a->type->dtype) || !fe_can_store(c->fe, b->type->dtype) ||
        !fe_can_store(c->fe, out) || !read_params(c, 1, 2, -2, a->type, a->type->dtype, &qa) ||
        !read_params(c, 4, 5, -1, b->type, b->type->dtype, &qb) ||
        !read_params(c, 6, 7, -1, a->type, out, &qy))
        return false;
    qir_value *y =
        matmul_quantized(c, fe_to_quantized(c->fe, a, &qa), fe_to_quantized(c->fe, b, &qb), &qy);
    return onnx_set(c, 0, fe_to_plain(c->fe, y));
}

bool onnx_matmul_integer(onnx_call *c)
{
    qir_value *a = c->in[0], *b = c->in[1];
    qir_quant qa, qb;
    if (!fe_can_store(c->fe, a->type->dtype) || !fe_can_store(c->fe, b->type->dtype) ||
        !read_params(c, -1, 2, -2, a->type, a->type->dtype, &qa) ||
        !read_params(c, -1, 3, -1, b->type, b->type->dtype, &qb))
        return false;
    return onnx_set(
        c, 0,
        matmul_quantized(c, fe_to_quantized(c->fe, a, &qa), fe_to_quantized(c->fe, b, &qb), NULL));
}
