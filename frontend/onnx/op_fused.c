/* com.microsoft: products and activations with something joined to them. */
#include <string.h>

#include "core/compose.h"
#include "onnx/import.h"

static qir_value *transposed(onnx_call *c, qir_value *x, bool wanted)
{
    unsigned rank = x->type->rank;
    return wanted && rank >= 2 ? fe_swap_axes(c->fe, x, rank - 2, rank - 1) : x;
}

bool onnx_fused_matmul(onnx_call *c)
{
    float alpha = onnx_attr_float(c, "alpha", 1.0f);
    bool ta = onnx_attr_int(c, "transA", 0), tb = onnx_attr_int(c, "transB", 0);
    if (onnx_attr_int(c, "transBatchA", 0) || onnx_attr_int(c, "transBatchB", 0))
        return fe_error(c->fe, "attr", "transBatchA and transBatchB are not supported");
    qir_value *a = transposed(c, c->in[0], ta), *b = c->in[1], *y;
    if (b->type->rank == 2 && fe_is_weight(b))
        y = a ? fe_linear(c->fe, a, tb ? b : fe_transpose_weight(c->fe, b, (int64_t[]){1, 0}), NULL)
              : NULL;
    else
        y = fe_emit2(c->fe, QIR_OP_matmul, a, transposed(c, b, tb));
    if (y && alpha != 1.0f)
        y = fe_emit2(c->fe, QIR_OP_mul, y, fe_scalar(c->fe, y->type->dtype, (double)alpha));
    return onnx_set(c, 0, y);
}

static bool gelu(onnx_call *c, const char *how)
{
    qir_value *x = c->in[0], *bias = onnx_in(c, 1);
    if (bias)
        x = fe_emit2(c->fe, QIR_OP_add, x, bias);
    return onnx_set(c, 0,
                    fe_emit1(c->fe, QIR_OP_gelu, x,
                             QIR_ATTRS({"approximate", qir_attr_string(c->fe->ctx, how, strlen(how))})));
}

bool onnx_bias_gelu(onnx_call *c)
{
    return gelu(c, "none");
}

bool onnx_fast_gelu(onnx_call *c)
{
    return gelu(c, "tanh");
}

/* x * sigmoid(alpha * x) */
bool onnx_quick_gelu(onnx_call *c)
{
    qir_value *x = c->in[0];
    float alpha = onnx_attr_float(c, "alpha", 1.702f);
    qir_value *scaled = fe_emit2(c->fe, QIR_OP_mul, x, fe_scalar(c->fe, x->type->dtype, (double)alpha));
    return onnx_set(c, 0, fe_emit2(c->fe, QIR_OP_mul, x,
                                   fe_emit1(c->fe, QIR_OP_sigmoid, scaled, QIR_NO_ATTRS)));
}
