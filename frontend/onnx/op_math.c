/* Elementwise operators that become several ops, comparisons, bits. */
#include <math.h>
#include <string.h>

#include "core/compose.h"
#include "onnx/import.h"

#define COMPOSED(name)                                                                             \
    bool onnx_##name(onnx_call *c)                                                                 \
    {                                                                                              \
        return onnx_set(c, 0, fe_##name(c->fe, c->in[0]));                                         \
    }
COMPOSED(tan)
COMPOSED(asin)
COMPOSED(acos)
COMPOSED(sinh)
COMPOSED(cosh)
COMPOSED(asinh)
COMPOSED(acosh)
COMPOSED(atanh)
COMPOSED(is_nan)

static qir_value *number(onnx_call *c, double v)
{
    return fe_scalar(c->fe, c->in[0]->type->dtype, v);
}

bool onnx_is_inf(onnx_call *c)
{
    bool positive = onnx_attr_int(c, "detect_positive", 1);
    bool negative = onnx_attr_int(c, "detect_negative", 1);
    return onnx_set(c, 0, fe_is_inf(c->fe, c->in[0], positive, negative));
}

bool onnx_celu(onnx_call *c)
{
    qir_value *alpha = number(c, (double)onnx_attr_float(c, "alpha", 1.0f));
    qir_value *y = fe_emit2(c->fe, QIR_OP_div, c->in[0], alpha);
    y = fe_emit1(c->fe, QIR_OP_elu, y, QIR_NO_ATTRS);
    return onnx_set(c, 0, fe_emit2(c->fe, QIR_OP_mul, y, alpha));
}

bool onnx_thresholded_relu(onnx_call *c)
{
    qir_value *alpha = number(c, (double)onnx_attr_float(c, "alpha", 1.0f));
    qir_value *above = fe_emit2(c->fe, QIR_OP_less, alpha, c->in[0]);
    return onnx_set(c, 0, fe_where(c->fe, above, c->in[0], number(c, 0)));
}

/* Between -lambd and lambd 0, outside moved towards 0 by bias. */
bool onnx_shrink(onnx_call *c)
{
    qir_value *x = c->in[0];
    double lambd = (double)onnx_attr_float(c, "lambd", 0.5f);
    qir_value *bias = number(c, (double)onnx_attr_float(c, "bias", 0.0f));
    qir_value *below = fe_emit2(c->fe, QIR_OP_less, x, number(c, -lambd));
    qir_value *above = fe_emit2(c->fe, QIR_OP_less, number(c, lambd), x);
    qir_value *y = fe_where(c->fe, above, fe_emit2(c->fe, QIR_OP_sub, x, bias), number(c, 0));
    return onnx_set(c, 0, fe_where(c->fe, below, fe_emit2(c->fe, QIR_OP_add, x, bias), y));
}

/* x * sigmoid(alpha * x) */
bool onnx_swish(onnx_call *c)
{
    float alpha = onnx_attr_float(c, "alpha", 1.0f);
    qir_value *x = c->in[0];
    if (alpha == 1.0f)
        return onnx_set(c, 0, fe_emit1(c->fe, QIR_OP_silu, x, QIR_NO_ATTRS));
    qir_value *scaled = fe_emit2(c->fe, QIR_OP_mul, x, number(c, (double)alpha));
    return onnx_set(c, 0, fe_emit2(c->fe, QIR_OP_mul, x,
                                   fe_emit1(c->fe, QIR_OP_sigmoid, scaled, QIR_NO_ATTRS)));
}

/* --- comparisons and bits ------------------------------------------------------------------------- */

/* Greater is less with its operands swapped. */
bool onnx_swapped(onnx_call *c)
{
    qir_value *t = c->in[0];
    c->in[0] = c->in[1];
    c->in[1] = t;
    return onnx_direct(c);
}

bool onnx_bit_shift(onnx_call *c)
{
    const char *direction = onnx_attr_string(c, "direction", "");
    bool left = !strcmp(direction, "LEFT");
    if (!left && strcmp(direction, "RIGHT") != 0)
        return fe_error(c->fe, "attr", "direction is '%s', expected LEFT or RIGHT", direction);
    return onnx_set(c, 0, fe_emit2(c->fe, left ? QIR_OP_shift_left : QIR_OP_shift_right, c->in[0],
                                   c->in[1]));
}

bool onnx_mod(onnx_call *c)
{
    bool truncated = onnx_attr_int(c, "fmod", 0);
    return onnx_set(c, 0, fe_emit(c->fe, QIR_OP_mod, c->in, 2,
                                  QIR_ATTRS({"truncated", qir_attr_bool(c->fe->ctx, truncated)}),
                                  NULL));
}
