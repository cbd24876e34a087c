/* Quantized operators of com.microsoft: dequantize, the float operator, quantize, so that the same
 * passes serve them and models with QuantizeLinear. */
#include "core/compose.h"
#include "onnx/import.h"

enum { SOFTMAX_OPSET = 13, LATEST = 13 };

static const int64_t swap[] = {1, 0};

/* A, scale, zero point, B, scale, zero point, scale and zero point of the result. */
bool onnx_qlinear_binary(onnx_call *c)
{
    qir_value *a = onnx_dequantized(c, 0, 1, 2, -1), *b = onnx_dequantized(c, 3, 4, 5, -1);
    return onnx_set_quantized(c, fe_emit2(c->fe, c->row->opcode, a, b), 6, 7, 0);
}

/* X, scale, zero point, scale and zero point of the result; then what `fn` makes of X. */
static bool unary(onnx_call *c, onnx_fn fn, int64_t opset)
{
    qir_value *x = onnx_dequantized(c, 0, 1, 2, -1);
    return x && onnx_set_quantized(c, onnx_translate(c, fn, opset, &x, 1), 3, 4, 0);
}

bool onnx_qlinear_unary(onnx_call *c)
{
    return unary(c, onnx_direct, LATEST);
}

bool onnx_qlinear_softmax(onnx_call *c)
{
    return unary(c, onnx_softmax, onnx_attr_int(c, "opset", SOFTMAX_OPSET));
}

bool onnx_qlinear_reduce_mean(onnx_call *c)
{
    return unary(c, onnx_reduce, LATEST);
}

/* --- pools: [N, spatial, C] with channels_last ---------------------------------------------- */

/* Moves the axis after the batch to the end, or the last one there. */
static qir_value *move_channels(onnx_call *c, qir_value *x, bool to_end)
{
    int64_t perm[QIR_MAX_RANK];
    if (!x)
        return NULL;
    unsigned rank = x->type->rank;
    for (unsigned d = 0; d < rank; d++)
        perm[d] = d == 0 ? 0 : to_end ? (d + 1 < rank ? d + 1 : 1) : (d == 1 ? rank - 1 : d - 1);
    return fe_transpose(c->fe, x, perm);
}

static bool pool(onnx_call *c, onnx_fn fn)
{
    bool last = onnx_attr_int(c, "channels_last", 0);
    qir_value *x = onnx_dequantized(c, 0, 1, 2, -1);
    if (last)
        x = move_channels(c, x, false);
    qir_value *y = x ? onnx_translate(c, fn, LATEST, &x, 1) : NULL;
    return onnx_set_quantized(c, last ? move_channels(c, y, true) : y, 3, 4, 0);
}

bool onnx_qlinear_avg_pool(onnx_call *c)
{
    return pool(c, onnx_avg_pool);
}

bool onnx_qlinear_global_pool(onnx_call *c)
{
    return pool(c, onnx_global_pool);
}

/* --- several operands ----------------------------------------------------------------------- */

/* Scale and zero point of the result; then X, scale, zero point of each operand. */
bool onnx_qlinear_concat(onnx_call *c)
{
    unsigned n = (c->nin - 2) / 3;
    if (n == 0 || c->nin != 3 * n + 2)
        return fe_error(c->fe, "operands", "%u operands, expected two and three for each tensor",
                        c->nin);
    qir_value **xs = QIR_NEW_ARRAY(c->fe->scratch, qir_value *, n);
    for (unsigned i = 0; i < n; i++)
        if (!(xs[i] = onnx_dequantized(c, 3 * i + 2, 3 * i + 3, 3 * i + 4, -1)))
            return false;
    return onnx_set_quantized(c, onnx_translate(c, onnx_concat, LATEST, xs, n), 0, 1, 2);
}

/* condition, X, scale, zero point, Y, scale, zero point, scale and zero point of the result. */
bool onnx_qlinear_where(onnx_call *c)
{
    qir_value *x = onnx_dequantized(c, 1, 2, 3, -1), *y = onnx_dequantized(c, 4, 5, 6, -1);
    if (!x || !y)
        return false;
    return onnx_set_quantized(
        c, fe_emit(c->fe, QIR_OP_where, QIR_OPERANDS(c->in[0], x, y), QIR_NO_ATTRS, NULL), 7, 8, 1);
}

/* --- products ------------------------------------------------------------------------------- */

/* A times B [K, N], plus `bias` [N] or NULL. */
static qir_value *product(onnx_call *c, qir_value *a, qir_value *b, qir_value *bias)
{
    if (!a || !b)
        return NULL;
    if (b->type->rank == 2 && fe_is_weight(b))
        return fe_linear(c->fe, a, fe_transpose_weight(c->fe, b, swap), bias);
    qir_value *y = fe_emit2(c->fe, QIR_OP_matmul, a, b);
    return bias ? fe_emit2(c->fe, QIR_OP_add, y, bias) : y;
}

/* A, scale, zero point, B, scale, zero point, C, scale and zero point of the result, which is float
 * without them.  C is i32 with scale alpha * a_scale * b_scale. */
bool onnx_qgemm(onnx_call *c)
{
    bool trans_b = onnx_attr_int(c, "transB", 0);
    float alpha = onnx_attr_float(c, "alpha", 1.0f);
    qir_value *in[] = {onnx_dequantized(c, 0, 1, 2, -1),
                       onnx_dequantized(c, 3, 4, 5, trans_b ? 0 : 1), onnx_in(c, 6)};
    if (in[2]) {
        fe_qparams p;
        qir_value *scale = fe_emit2(c->fe, QIR_OP_mul, c->in[1], c->in[4]);
        if (alpha != 1.0f)
            scale = fe_emit2(c->fe, QIR_OP_mul, scale, fe_scalar(c->fe, QIR_f32, (double)alpha));
        fe_qparams_init(&p, scale, NULL, QIR_i32);
        if (!scale || !fe_qparams_axis(c->fe, &p, in[2]->type, -1) ||
            !(in[2] = fe_dequantize(c->fe, in[2], &p)))
            return false;
    }
    qir_value *y = onnx_translate(c, onnx_gemm, LATEST, in, in[2] ? 3 : 2);
    return onnx_in(c, 7) ? onnx_set_quantized(c, y, 7, 8, 0) : onnx_set(c, 0, y);
}

/* x quantized with parameters from its own range, and back. */
static qir_value *dynamic(onnx_call *c, qir_value *x)
{
    fe_qparams p;
    qir_value *out[3];
    return onnx_quantize_dynamic(c, x, &p, out) ? fe_dequantize(c->fe, out[0], &p) : NULL;
}

/* A, B, scale, zero point, bias. */
bool onnx_dynamic_quantize_matmul(onnx_call *c)
{
    return onnx_set(
        c, 0, product(c, dynamic(c, c->in[0]), onnx_dequantized(c, 1, 2, 3, -1), onnx_in(c, 4)));
}

/* A, B, scales of A and B, zero points of A and B, bias. */
bool onnx_matmul_integer_to_float(onnx_call *c)
{
    return onnx_set(c, 0,
                    product(c, onnx_dequantized(c, 0, 2, 4, -2), onnx_dequantized(c, 1, 3, 5, -1),
                            onnx_in(c, 6)));
}

/* --- layers --------------------------------------------------------------------------------- */

/* Weight i [directions, inputs, 4 * cells] as ONNX's LSTM has it; a scale for each direction, or
 * for each of its columns. */
static qir_value *lstm_weight(onnx_call *c, unsigned i, unsigned scale)
{
    const qir_type *t = c->in[i]->type;
    fe_qparams p;
    if (t->rank != 3)
        return fe_error(c->fe, "shape", "weight of rank %u, expected 3", t->rank), NULL;
    fe_qparams_init(&p, c->in[scale], c->in[scale + 1], t->dtype);
    p.block[0] = 1;
    if (qir_type_elements(p.scale->type) != t->dims[0])
        p.block[2] = 1;
    return fe_transpose_weight(c->fe, fe_dequantize(c->fe, c->in[i], &p), (int64_t[]){0, 2, 1});
}

/* Operands of LSTM, then scale and zero point of W and R.  The input is quantized as a whole; the
 * state, which ONNX Runtime quantizes before every step, stays real. */
bool onnx_dynamic_quantize_lstm(onnx_call *c)
{
    onnx_call inner = *c;
    qir_value *in[8] = {dynamic(c, c->in[0]), lstm_weight(c, 1, 8), lstm_weight(c, 2, 10)};
    for (unsigned i = 3; i < 8; i++)
        in[i] = c->in[i];
    inner.in = in;
    inner.nin = 8;
    return !c->fe->failed && onnx_lstm(&inner);
}

/* input [B, S, I], weight [I, 3 * H], bias, scales of input and weight, mask, their zero points. */
bool onnx_qattention(onnx_call *c)
{
    qir_value *x = onnx_dequantized(c, 0, 3, 6, -1), *w = onnx_dequantized(c, 1, 4, 7, -1), *in[5];
    if (onnx_in(c, 8) || onnx_out_used(c, 1) || onnx_attr_int(c, "past_present_share_buffer", 0) ||
        onnx_attr_int(c, "do_rotary", 0))
        return fe_error(c->fe, "attr", "past, present and rotary embedding are not supported");
    qir_value *all = product(c, x, w, c->in[2]);
    if (!all || all->type->rank != 3 || all->type->dims[2] % 3)
        return fe_error(c->fe, "shape",
                        "expected an input [batch, steps, size] and a weight [size, 3 * n]");
    int64_t n = all->type->dims[2] / 3;
    for (int64_t i = 0; i < 3; i++)
        in[i] = fe_narrow(c->fe, all, 2, i * n, (i + 1) * n);
    in[3] = NULL;
    in[4] = onnx_in(c, 5);
    return onnx_set(c, 0, onnx_translate(c, onnx_multi_head_attention, LATEST, in, 5));
}
