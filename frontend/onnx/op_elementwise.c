/* Elementwise operators. */
#include <math.h>
#include <string.h>

#include "onnx/import.h"

/* Attributes of the QIR op that the node gives under the same name. */
static const qir_dict *same_attrs(onnx_call *c, const qir_op_desc *desc)
{
    qir_context *ctx = c->fe->ctx;
    const qir_dict *dict = NULL;
    for (unsigned i = 0; i < desc->nattrs; i++) {
        const qir_attr_desc *d = &desc->attrs[i];
        const onnx_attr *a = NULL;
        const char *word;
        if (d->kind == QIR_ATTR_FLOAT && (a = onnx_attr_find(c, d->name, ONNX_ATTR_FLOAT)))
            dict = qir_dict_set(ctx, dict, d->name, qir_attr_float(ctx, a->f));
        if (d->kind == QIR_ATTR_INT && (a = onnx_attr_find(c, d->name, ONNX_ATTR_INT)))
            dict = qir_dict_set(ctx, dict, d->name, qir_attr_int(ctx, a->i));
        if (d->kind == QIR_ATTR_STRING && (word = onnx_attr_string(c, d->name, NULL)))
            dict = qir_dict_set(ctx, dict, d->name, qir_attr_string(ctx, word, strlen(word)));
    }
    return dict;
}

bool onnx_direct(onnx_call *c)
{
    qir_named_attr attrs[8] = {{NULL, NULL}};
    const qir_dict *dict = same_attrs(c, qir_op_desc_get(c->row->opcode));
    for (size_t i = 0; dict && i < dict->len && i < 7; i++)
        attrs[i] = (qir_named_attr){dict->entries[i].name, dict->entries[i].value};
    return onnx_set(c, 0, fe_emit(c->fe, c->row->opcode, c->in, c->nin, attrs, NULL));
}

/* Before operator set 7, `axis` said where the dimensions of b start in a. */
static qir_value *legacy_broadcast(onnx_call *c, qir_value *a, qir_value *b)
{
    int64_t dims[QIR_MAX_RANK], axis = onnx_attr_int(c, "axis", -1);
    bool broadcast = onnx_attr_int(c, "broadcast", 0);
    unsigned ra = a->type->rank, rb = b->type->rank;
    if (!broadcast || axis == -1 || rb == 0)
        return b;
    if (axis < 0 || axis + rb > ra) {
        fe_error(c->fe, "axis", "broadcast axis %lld does not fit", (long long)axis);
        return NULL;
    }
    for (unsigned i = 0; i < ra - axis; i++)
        dims[i] = i < rb ? b->type->dims[i] : 1;
    return fe_reshape(c->fe, b, dims, ra - (unsigned)axis);
}

bool onnx_binary(onnx_call *c)
{
    qir_value *b = c->opset < 7 ? legacy_broadcast(c, c->in[0], c->in[1]) : c->in[1];
    return onnx_set(c, 0, fe_emit2(c->fe, c->row->opcode, c->in[0], b));
}

bool onnx_variadic(onnx_call *c)
{
    qir_value *v = c->in[0];
    for (unsigned i = 1; i < c->nin; i++)
        v = fe_emit2(c->fe, c->row->opcode, v, c->in[i]);
    return onnx_set(c, 0, v);
}

bool onnx_mean(onnx_call *c)
{
    qir_value *sum = c->in[0];
    for (unsigned i = 1; i < c->nin; i++)
        sum = fe_emit2(c->fe, QIR_OP_add, sum, c->in[i]);
    if (!sum || c->nin == 1)
        return onnx_set(c, 0, sum);
    return onnx_set(
        c, 0, fe_emit2(c->fe, QIR_OP_div, sum, fe_scalar(c->fe, sum->type->dtype, (double)c->nin)));
}

/* The result has the type of the base.  An integer base with a float exponent is computed in
 * float. */
bool onnx_pow(onnx_call *c)
{
    qir_value *x = c->in[0], *y = c->in[1];
    qir_dtype tx = x->type->dtype, ty = y->type->dtype;
    if (c->opset < 7)
        y = legacy_broadcast(c, x, y);
    if (tx == ty)
        return onnx_set(c, 0, fe_emit2(c->fe, QIR_OP_pow, x, y));
    qir_dtype common = qir_dtype_is_float(ty) ? ty : tx;
    qir_value *r =
        fe_emit2(c->fe, QIR_OP_pow, fe_cast(c->fe, x, common), fe_cast(c->fe, y, common));
    return onnx_set(c, 0, fe_cast(c->fe, r, tx));
}

/* A slope of C values before operator set 7 belongs to axis 1. */
bool onnx_prelu(onnx_call *c)
{
    qir_value *x = c->in[0], *slope = c->in[1];
    int64_t dims[QIR_MAX_RANK];
    unsigned rank = x->type->rank;
    if (c->opset < 7 && slope->type->rank == 1 && slope->type->dims[0] > 1 && rank > 1) {
        for (unsigned i = 0; i + 1 < rank; i++)
            dims[i] = i == 0 ? slope->type->dims[0] : 1;
        slope = fe_reshape(c->fe, slope, dims, rank - 1);
    }
    return onnx_set(c, 0, fe_emit2(c->fe, QIR_OP_prelu, x, slope));
}

bool onnx_selu(onnx_call *c)
{
    qir_context *ctx = c->fe->ctx;
    float alpha = onnx_attr_float(c, "alpha", 1.6732632f);
    float gamma = onnx_attr_float(c, "gamma", 1.050701f);
    qir_value *x = c->in[0];
    qir_value *y = fe_emit1(c->fe, QIR_OP_elu, x, QIR_ATTRS({"alpha", qir_attr_float(ctx, alpha)}));
    return onnx_set(
        c, 0, fe_emit2(c->fe, QIR_OP_mul, y, fe_scalar(c->fe, x->type->dtype, (double)gamma)));
}

static bool is_small_const(const qir_value *v)
{
    return !v || (v->kind == QIR_VALUE_CONST && qir_type_elements(v->type) == 1);
}

/* clamp takes its bounds as f32: exact for floats and for integers of up to 16 bits. */
static bool bounds_fit(const qir_type *t)
{
    return t->dtype == QIR_f32 || t->dtype == QIR_f16 || t->dtype == QIR_bf16 ||
           (!qir_dtype_is_float(t->dtype) && qir_dtype_bits(t->dtype) <= 16);
}

static qir_value *clamp(onnx_call *c, qir_value *x, float min, float max)
{
    qir_context *ctx = c->fe->ctx;
    if (min == -INFINITY && max == INFINITY)
        return x;
    return fe_emit1(c->fe, QIR_OP_clamp, x,
                    QIR_ATTRS({"min", min > -INFINITY ? qir_attr_float(ctx, min) : NULL},
                              {"max", max < INFINITY ? qir_attr_float(ctx, max) : NULL}));
}

static qir_value *clip_dynamic(onnx_call *c, qir_value *lo, qir_value *hi)
{
    qir_value *v = c->in[0];
    if (lo)
        v = fe_emit2(c->fe, QIR_OP_maximum, v, lo);
    return hi ? fe_emit2(c->fe, QIR_OP_minimum, v, hi) : v;
}

bool onnx_clip(onnx_call *c)
{
    qir_value *lo = onnx_in(c, 1), *hi = onnx_in(c, 2);
    float min = -INFINITY, max = INFINITY;
    if (c->opset < 11) {
        min = onnx_attr_float(c, "min", min);
        max = onnx_attr_float(c, "max", max);
        /* Exporters write the largest finite float for "no bound". */
        min = min <= -3.402823e38f ? -INFINITY : min;
        max = max >= 3.402823e38f ? INFINITY : max;
        return onnx_set(c, 0, clamp(c, c->in[0], min, max));
    }
    if (!is_small_const(lo) || !is_small_const(hi) || !bounds_fit(c->in[0]->type))
        return onnx_set(c, 0, clip_dynamic(c, lo, hi));
    if ((lo && !fe_const_float(c->fe, lo, &min)) || (hi && !fe_const_float(c->fe, hi, &max)))
        return false;
    return onnx_set(c, 0, clamp(c, c->in[0], min > max ? max : min, max));
}

static bool cast_target(onnx_call *c, int64_t to, qir_dtype *out)
{
    if (!qir_tensorproto_dtype(to, out))
        return fe_error(c->fe, "type", "cast to %s is not supported",
                        qir_tensorproto_type_name(to));
    return true;
}

bool onnx_cast_op(onnx_call *c)
{
    qir_dtype to;
    onnx_attr_int(c, "saturate", 1); /* for float8 targets only, which are refused */
    onnx_attr_string(c, "round_mode", "up");
    if (!cast_target(c, onnx_attr_int(c, "to", 0), &to))
        return false;
    return onnx_set(c, 0, fe_cast(c->fe, c->in[0], to));
}

bool onnx_cast_like(onnx_call *c)
{
    onnx_attr_int(c, "saturate", 1);
    return onnx_set(c, 0, fe_cast(c->fe, c->in[0], c->in[1]->type->dtype));
}
