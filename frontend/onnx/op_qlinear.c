/* QLinearConv, QLinearMatMul, ConvInteger, MatMulInteger.  Parameters that integer arithmetic takes
 * (constant, per tensor; per output channel for the weight) make the integer op at once; others go
 * through dequantize, the float op and quantize.
 *
 * The Integer ops take a zero point of the left operand from run time, too: with P the product
 * without zero points, P(x - z) = P(x) - z * P(1), where P(1) is a constant of the weight. */
#include "core/compose.h"
#include "onnx/import.h"

static const int64_t swap[] = {1, 0};

/* The integer op on quantized x and w; `y` NULL asks for the plain i32 accumulator. */
typedef qir_value *(*product_fn)(onnx_call *c, qir_value *x, qir_value *w, qir_value *bias,
                                 const qir_quant *y);

static const qir_type *result_type(onnx_call *c, const qir_quant *y, const int64_t *dims,
                                   unsigned rank)
{
    return y ? fe_quant_type(c->fe, y, dims, rank) : fe_tensor_type(c->fe, QIR_i32, dims, rank);
}

static qir_value *conv_product(onnx_call *c, qir_value *x, qir_value *w, qir_value *bias,
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
    const qir_type *t = result_type(c, y, dims, x->type->rank);
    qir_named_attr *attrs = QIR_ATTRS({"strides", fe_unless(c->fe, win.strides, win.n, 1)},
                                      {"pads", fe_unless(c->fe, win.pads, 2 * win.n, 0)},
                                      {"dilations", fe_unless(c->fe, win.dilations, win.n, 1)},
                                      {"groups", qir_attr_int(ctx, onnx_attr_int(c, "group", 1))});
    return t ? fe_emit(c->fe, QIR_OP_conv, (qir_value *[]){x, w, bias}, bias ? 3 : 2, attrs, t)
             : NULL;
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
static qir_value *matmul_product(onnx_call *c, qir_value *a, qir_value *b, qir_value *bias,
                                 const qir_quant *y)
{
    int64_t dims[QIR_MAX_RANK];
    unsigned rank;
    (void)bias;
    if (!a || !b || !matmul_dims(c, a->type, b->type, dims, &rank))
        return NULL;
    const qir_type *t = result_type(c, y, dims, rank);
    bool linear = b->type->rank == 2 && b->kind == QIR_VALUE_CONST;
    if (linear)
        b = fe_transpose(c->fe, b, swap);
    return t && b ? fe_emit(c->fe, linear ? QIR_OP_linear : QIR_OP_matmul, QIR_OPERANDS(a, b),
                            QIR_NO_ATTRS, t)
                  : NULL;
}

/* --- quantized results --------------------------------------------------------------------------
 */

typedef struct product {
    qir_value *x, *w;
    fe_qparams px, pw;
    qir_quant qx, qw;
    bool x_fits, w_fits; /* qx, qw are valid and what integer arithmetic takes */
    unsigned w_axis;
} product;

static void classify(onnx_call *c, product *p)
{
    p->x_fits = fe_qparams_type(c->fe, &p->px, p->x->type, QIR_f32, &p->qx) && p->qx.axis < 0;
    p->w_fits = fe_qparams_type(c->fe, &p->pw, p->w->type, QIR_f32, &p->qw) && !p->qw.group &&
                (p->qw.axis < 0 || p->qw.axis == (int32_t)p->w_axis);
}

/* Operands 0 to 5: x, scale, zero point, w, scale, zero point. */
static bool read_product(onnx_call *c, int64_t x_axis, int64_t w_axis, product *p)
{
    *p = (product){.x = c->in[0], .w = c->in[3]};
    p->w_axis = (unsigned)(w_axis < 0 ? w_axis + (int64_t)p->w->type->rank : w_axis);
    if (!fe_can_store(c->fe, p->x->type->dtype) || !fe_can_store(c->fe, p->w->type->dtype) ||
        !onnx_qparams(c, 1, 2, x_axis, p->x->type, p->x->type->dtype, &p->px) ||
        !onnx_qparams(c, 4, 5, w_axis, p->w->type, p->w->type->dtype, &p->pw))
        return false;
    classify(c, p);
    return true;
}

/* Integer arithmetic, if it takes the parameters of the result, too: operands 6 and 7. */
static bool set_integer(onnx_call *c, product *p, product_fn fn, qir_value *bias, bool *done)
{
    fe_qparams py;
    qir_quant qy;
    *done = p->x_fits && p->w_fits && qir_type_elements(c->in[6]->type) == 1;
    if (!*done)
        return true;
    qir_dtype out = onnx_in(c, 7) ? c->in[7]->type->dtype : p->x->type->dtype;
    if (!onnx_qparams(c, 6, 7, -1, p->x->type, out, &py) || !fe_can_store(c->fe, out))
        return false;
    *done = fe_qparams_type(c->fe, &py, p->x->type, QIR_f32, &qy);
    return !*done ||
           onnx_set(c, 0,
                    fe_to_plain(c->fe, fn(c, fe_to_quantized(c->fe, p->x, &p->qx),
                                          fe_to_quantized(c->fe, p->w, &p->qw), bias, &qy)));
}

bool onnx_qlinear_conv(onnx_call *c)
{
    fe_builder *fe = c->fe;
    qir_value *bias = onnx_in(c, 8);
    product p;
    bool done;
    if (!read_product(c, 1, 0, &p) || !set_integer(c, &p, conv_product, bias, &done))
        return false;
    if (done)
        return true;
    if (bias) { /* its scale is that of the products */
        fe_qparams pb;
        fe_qparams_init(&pb, fe_emit2(fe, QIR_OP_mul, c->in[1], c->in[4]), NULL, QIR_i32);
        if (!pb.scale || !fe_qparams_axis(fe, &pb, bias->type, 0))
            return false;
        bias = fe_dequantize(fe, bias, &pb);
    }
    qir_value *in[] = {fe_dequantize(fe, p.x, &p.px), fe_dequantize(fe, p.w, &p.pw), bias};
    return onnx_set_quantized(c, onnx_translate(c, onnx_conv, c->opset, in, bias ? 3 : 2), 6, 7, 0);
}

bool onnx_qlinear_matmul(onnx_call *c)
{
    product p;
    bool done;
    if (!read_product(c, -2, -1, &p) || !set_integer(c, &p, matmul_product, NULL, &done))
        return false;
    if (done)
        return true;
    qir_value *in[] = {fe_dequantize(c->fe, p.x, &p.px), fe_dequantize(c->fe, p.w, &p.pw)};
    return onnx_set_quantized(c, onnx_translate(c, onnx_matmul, c->opset, in, 2), 6, 7, 0);
}

/* --- i32 accumulators ---------------------------------------------------------------------------
 */

/* x - z in i32; z broadcasts to x. */
static qir_value *without_zero_point(onnx_call *c, qir_value *x, qir_value *z)
{
    x = fe_cast(c->fe, x, QIR_i32);
    return z ? fe_emit2(c->fe, QIR_OP_sub, x, fe_cast(c->fe, z, QIR_i32)) : x;
}

/* A zero point per row: [M] as [M, 1]. */
static qir_value *as_column(onnx_call *c, qir_value *z)
{
    return z && z->type->rank == 1 ? fe_reshape(c->fe, z, (int64_t[]){z->type->dims[0], 1}, 2) : z;
}

/* Ones for one sample of a convolution's input, or one row of a matrix. */
static qir_value *ones(onnx_call *c, const qir_type *x, bool conv)
{
    static const unsigned char one = 1;
    int64_t dims[QIR_MAX_RANK];
    unsigned rank = conv ? x->rank : 2;
    for (unsigned d = 1; d < rank; d++)
        dims[d] = x->dims[x->rank - rank + d];
    dims[0] = 1;
    return fe_splat(c->fe, QIR_u8, dims, rank, &one);
}

/* P(x): the product without a zero point of x. */
static qir_value *plain_product(onnx_call *c, const product *p, product_fn fn, qir_value *x)
{
    fe_qparams plain;
    qir_quant q;
    if (!x)
        return NULL;
    fe_qparams_init(&plain, NULL, NULL, x->type->dtype);
    if (!fe_qparams_type(c->fe, &plain, x->type, QIR_f32, &q))
        return NULL;
    return fn(c, fe_to_quantized(c->fe, x, &q), fe_to_quantized(c->fe, p->w, &p->qw), NULL, NULL);
}

/* P(x) - z * P(1). */
static qir_value *corrected(onnx_call *c, const product *p, product_fn fn, qir_value *z)
{
    qir_value *y = plain_product(c, p, fn, p->x);
    qir_value *of_ones = plain_product(c, p, fn, ones(c, p->x->type, fn == conv_product));
    if (z->type->rank == 1 && qir_type_elements(z->type) == 1)
        z = fe_reshape(c->fe, z, NULL, 0);
    z = fe_cast(c->fe, as_column(c, z), QIR_i32);
    return fe_emit2(c->fe, QIR_OP_sub, y, fe_emit2(c->fe, QIR_OP_mul, z, of_ones));
}

/* Operands x, w, zero point of x, zero point of w. */
static bool read_integers(onnx_call *c, int64_t w_axis, product *p)
{
    *p = (product){.x = c->in[0], .w = c->in[1]};
    p->w_axis = (unsigned)(w_axis < 0 ? w_axis + (int64_t)p->w->type->rank : w_axis);
    if (!fe_can_store(c->fe, p->x->type->dtype) || !fe_can_store(c->fe, p->w->type->dtype) ||
        !onnx_qparams(c, -1, 2, -2, p->x->type, p->x->type->dtype, &p->px) ||
        !onnx_qparams(c, -1, 3, w_axis, p->w->type, p->w->type->dtype, &p->pw))
        return false;
    classify(c, p);
    return true;
}

static qir_value *integer_product(onnx_call *c, product *p, product_fn fn)
{
    if (p->x_fits && p->w_fits)
        return fn(c, fe_to_quantized(c->fe, p->x, &p->qx), fe_to_quantized(c->fe, p->w, &p->qw),
                  NULL, NULL);
    return p->w_fits && qir_value_const(p->w) ? corrected(c, p, fn, p->px.zp) : NULL;
}

bool onnx_conv_integer(onnx_call *c)
{
    product p;
    if (!read_integers(c, 0, &p))
        return false;
    qir_value *y = integer_product(c, &p, conv_product);
    return y ? onnx_set(c, 0, y)
             : fe_error(c->fe, "const", "the weight and its zero point must be constants");
}

bool onnx_matmul_integer(onnx_call *c)
{
    product p;
    if (!read_integers(c, -1, &p))
        return false;
    qir_value *y = integer_product(c, &p, matmul_product);
    if (!y && !c->fe->failed)
        y = fe_emit2(c->fe, QIR_OP_matmul, without_zero_point(c, p.x, as_column(c, onnx_in(c, 2))),
                     without_zero_point(c, p.w, onnx_in(c, 3)));
    return onnx_set(c, 0, y);
}
