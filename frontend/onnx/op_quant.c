/* QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, and the reading of quantization
 * parameters. Tensors of the model are plain integers; core/affine.c knows what their parameters
 * become.
 *
 * ONNX divides by the scale.  Parameters that are constants make quantized types, whose `quantize`
 * multiplies by the reciprocal as everywhere in QIR: results differ, by one step, where x / scale
 * is a tie for one of the two (about two in a million).  Parameters from run time divide. */
#include <inttypes.h>

#include "onnx/import.h"
#include "qir/support/checked.h"

/* Parameters of the tensor's rank: one per element, or one for all of a dimension. */
static bool shaped_blocks(onnx_call *c, const qir_type *t, const qir_type *given, fe_qparams *p)
{
    for (unsigned d = 0; d < t->rank; d++) {
        if (given->dims[d] != 1 && given->dims[d] != t->dims[d])
            return fe_error(c->fe, "quant.count",
                            "%" PRId64 " scales for dimension %u of size %" PRId64, given->dims[d],
                            d, t->dims[d]);
        p->block[d] = given->dims[d] == 1 ? QIR_MAX_ELEMENTS : 1;
    }
    return true;
}

bool onnx_qparams(onnx_call *c, int scale, unsigned zp, int64_t axis, const qir_type *t,
                  qir_dtype storage, fe_qparams *out)
{
    qir_value *s = scale < 0 ? NULL : c->in[scale], *z = onnx_in(c, zp);
    const qir_value *given = s ? s : z;
    fe_qparams_init(out, s, z, storage);
    out->divide = true;
    if (z && z->type->dtype != storage)
        return fe_error(c->fe, "type", "zero point of type %s for values of type %s",
                        qir_dtype_name(z->type->dtype), qir_dtype_name(storage));
    if (s && z && qir_type_elements(s->type) != qir_type_elements(z->type))
        return fe_error(c->fe, "quant.count", "%" PRId64 " scales but %" PRId64 " zero points",
                        qir_type_elements(s->type), qir_type_elements(z->type));
    if (given && t->rank > 1 && given->type->rank == t->rank)
        return shaped_blocks(c, t, given->type, out);
    return fe_qparams_axis(c->fe, out, t, axis);
}

qir_value *onnx_dequantized(onnx_call *c, unsigned i, unsigned scale, unsigned zp, int64_t axis)
{
    const qir_type *t = c->in[i]->type;
    fe_qparams p;
    return onnx_qparams(c, (int)scale, zp, axis, t, t->dtype, &p)
               ? fe_dequantize(c->fe, c->in[i], &p)
               : NULL;
}

bool onnx_set_quantized(onnx_call *c, qir_value *y, unsigned scale, unsigned zp, unsigned like)
{
    fe_qparams p;
    const qir_value *z = onnx_in(c, zp);
    return y &&
           onnx_qparams(c, (int)scale, zp, -1, y->type, (z ? z : c->in[like])->type->dtype, &p) &&
           onnx_set(c, 0, fe_quantize(c->fe, y, &p));
}

/* block_size: scales have the tensor's rank, one per group of `block` along the axis. */
static bool grouped(onnx_call *c, const qir_type *t, qir_dtype storage, int64_t block,
                    fe_qparams *p)
{
    const qir_type *s = c->in[1]->type;
    int64_t axis;
    if (!fe_axis(c->fe, onnx_attr_int(c, "axis", 1), t->rank, false, &axis))
        return false;
    fe_qparams_init(p, c->in[1], onnx_in(c, 2), storage);
    p->divide = true;
    for (unsigned d = 0; d < t->rank; d++) {
        p->block[d] = d == axis ? block : 1;
        if (block < 1 || s->rank != t->rank || s->dims[d] != qir_ceil_div(t->dims[d], p->block[d]))
            return fe_error(c->fe, "quant.count",
                            "scales do not have one entry per block of %" PRId64, block);
    }
    return !p->zp || p->zp->type->dtype == storage ||
           fe_error(c->fe, "type", "zero point of type %s for values of type %s",
                    qir_dtype_name(p->zp->type->dtype), qir_dtype_name(storage));
}

static bool linear_params(onnx_call *c, const qir_type *t, qir_dtype storage, fe_qparams *p)
{
    int64_t block = onnx_attr_int(c, "block_size", 0), axis = onnx_attr_int(c, "axis", 1);
    return block ? grouped(c, t, storage, block, p) : onnx_qparams(c, 1, 2, axis, t, storage, p);
}

/* Attribute `name` as an element type; `dflt` if absent or 0. */
static bool type_attr(onnx_call *c, const char *name, qir_dtype dflt, qir_dtype *out)
{
    int64_t given = onnx_attr_int(c, name, 0);
    *out = dflt;
    return !given || qir_tensorproto_dtype(given, out) ||
           fe_error(c->fe, "type", "%s %s is not supported", name,
                    qir_tensorproto_type_name(given));
}

/* Stored as the zero point, else as output_dtype says, else in u8. */
bool onnx_quantize_linear(onnx_call *c)
{
    qir_value *x = c->in[0];
    qir_dtype storage, precision;
    fe_qparams p;
    onnx_attr_int(c, "saturate", 1); /* for float8, which is refused */
    if (!type_attr(c, "output_dtype", QIR_u8, &storage) ||
        !type_attr(c, "precision", QIR_f32, &precision)) /* all of them compute in f32 */
        return false;
    if (onnx_in(c, 2))
        storage = c->in[2]->type->dtype;
    if (!qir_dtype_is_float(x->type->dtype))
        x = fe_cast(c->fe, x, QIR_f32);
    return x && linear_params(c, x->type, storage, &p) && onnx_set(c, 0, fe_quantize(c->fe, x, &p));
}

bool onnx_dequantize_linear(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    qir_dtype to;
    fe_qparams p;
    return type_attr(c, "output_dtype", c->in[1]->type->dtype, &to) &&
           linear_params(c, t, t->dtype, &p) &&
           onnx_set(c, 0, fe_cast(c->fe, fe_dequantize(c->fe, c->in[0], &p), to));
}

/* ONNX's scale of nothing but zeros is 1 (eps 0). */
bool onnx_quantize_dynamic(onnx_call *c, qir_value *x, fe_qparams *p, qir_value **out)
{
    qir_context *ctx = c->fe->ctx;
    if (!x)
        return false;
    qir_named_attr *attrs =
        QIR_ATTRS({"block", qir_attr_ints(ctx, x->type->dims, x->type->rank)},
                  {"dtype", qir_attr_string(ctx, "u8", 2)}, {"qmin", qir_attr_int(ctx, 0)},
                  {"qmax", qir_attr_int(ctx, 255)}, {"eps", qir_attr_float(ctx, 0.0f)});
    if (!fe_emit_n(c->fe, QIR_OP_choose_qparams, &x, 1, attrs, out + 1, 2))
        return false;
    fe_qparams_init(p, out[1], out[2], QIR_u8);
    p->divide = true;
    return (out[0] = fe_quantize(c->fe, x, p)) != NULL;
}

bool onnx_dynamic_quantize_linear(onnx_call *c)
{
    fe_builder *fe = c->fe;
    fe_qparams p;
    qir_value *out[3];
    return onnx_quantize_dynamic(c, c->in[0], &p, out) && onnx_set(c, 0, out[0]) &&
           onnx_set(c, 1, fe_reshape(fe, out[1], NULL, 0)) &&
           onnx_set(c, 2, fe_cast(fe, fe_reshape(fe, out[2], NULL, 0), QIR_u8));
}
