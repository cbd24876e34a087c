/* Tensors of the file as QIR values: types, constants, the dequantized form of quantized ones. */
#include <inttypes.h>
#include <string.h>

#include "tflite/import.h"

static const qir_loc *tensor_loc(const tfl_import *imp, const tfl_tensor *t)
{
    return qir_fb_loc(&imp->model.file, t->offset);
}

/* --- types ------------------------------------------------------------------------------------ */

static bool is_quantized(const tfl_tensor *t)
{
    return qir_dtype_is_int(t->dtype) && (t->quant.n || t->quant.block || t->quant.nzero_points);
}

/* Some converters give a bias the axis of its weight: a vector has no other than its own. */
static int64_t quant_axis(const tfl_tensor *t)
{
    return t->rank == 1 ? 0 : t->quant.axis;
}

static bool per_axis(tfl_import *imp, const tfl_tensor *t, qir_quant *q)
{
    size_t n = t->quant.n;
    int64_t axis = quant_axis(t);
    if (t->quant.nzero_points != n)
        return fe_error_at(&imp->fe, tensor_loc(imp, t), "quant.count",
                           "tensor '%s' has %zu scales but %zu zero points", t->name, n,
                           t->quant.nzero_points);
    if (n > 1 && (axis < 0 || axis >= t->rank || t->dims[axis] != (int64_t)n))
        return fe_error_at(&imp->fe, tensor_loc(imp, t), "quant.axis",
                           "tensor '%s' has %zu scales for dimension %" PRId64
                           ", which is not of that size",
                           t->name, n, axis);
    float *scale = QIR_NEW_ARRAY(imp->fe.arena, float, n);
    int32_t *zero_point = QIR_NEW_ARRAY(imp->fe.arena, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        int64_t z = qir_fb_int_at(&t->quant.zero_points, i, 8);
        if (z < q->qmin || z > q->qmax)
            return fe_error_at(&imp->fe, tensor_loc(imp, t), "quant.zp",
                               "tensor '%s' has zero point %" PRId64 ", expected %d to %d", t->name,
                               z, q->qmin, q->qmax);
        scale[i] = qir_fb_float_at(&t->quant.scales, i);
        zero_point[i] = (int32_t)z;
    }
    q->axis = n > 1 ? (int32_t)axis : -1;
    q->count = n;
    q->scale = scale;
    q->zero_point = zero_point;
    return true;
}

/* Blocks of the last dimension, symmetric; their scales are another tensor. */
static bool blockwise(tfl_import *imp, const tfl_tensor *t, qir_quant *q)
{
    qir_value *scales = tfl_stored(imp, t->quant.block_scales);
    if (!scales)
        return !imp->fe.failed && fe_error_at(&imp->fe, tensor_loc(imp, t), "const",
                                              "the block scales of '%s' are no constant", t->name);
    size_t n;
    const float *list = fe_const_floats(&imp->fe, scales, &n);
    if (!list)
        return false;
    if (t->rank < 2 || t->dims[t->rank - 1] % t->quant.block ||
        (int64_t)n != t->dims[0] * (t->dims[t->rank - 1] / t->quant.block))
        return fe_error_at(&imp->fe, tensor_loc(imp, t), "quant.group",
                           "tensor '%s' has %zu scales for blocks of %" PRId64, t->name, n,
                           t->quant.block);
    q->axis = (int32_t)t->rank - 1;
    q->group = t->quant.block;
    q->count = n;
    q->scale = qir_arena_copy(imp->fe.arena, list, n * sizeof *list);
    q->zero_point = QIR_NEW_ARRAY(imp->fe.arena, int32_t, n);
    return true;
}

const qir_type *tfl_stored_type(tfl_import *imp, const tfl_tensor *t)
{
    fe_builder *fe = &imp->fe;
    const qir_loc *loc = tensor_loc(imp, t);
    const qir_type *type;
    if (is_quantized(t)) {
        if (!fe_can_store(fe, t->dtype))
            return NULL;
        qir_quant q = {.storage = t->dtype, .expressed = QIR_f32, .axis = -1};
        q.qmin = (int32_t)qir_dtype_min(t->dtype);
        q.qmax = (int32_t)qir_dtype_max(t->dtype);
        if (!(t->quant.block ? blockwise(imp, t, &q) : per_axis(imp, t, &q)))
            return NULL;
        type = qir_quant_type(fe->ctx, &q, t->dims, t->rank, loc);
    } else {
        type = qir_tensor_type(fe->ctx, t->dtype, t->dims, t->rank, loc);
    }
    fe->failed = fe->failed || !type;
    return type;
}

/* --- constants -------------------------------------------------------------------------------- */

/* Elements below 8 bits take one byte each in memory. */
static const void *unpack(tfl_import *imp, const tfl_tensor *t, const qir_type *type)
{
    size_t n = (size_t)qir_type_elements(type);
    unsigned bits = qir_dtype_bits(t->dtype), sign = qir_dtype_is_signed(t->dtype) ? 8 - bits : 0;
    uint8_t *out = QIR_NEW_ARRAY(imp->fe.m->arena, uint8_t, n);
    for (size_t i = 0; i < n; i++) {
        uint8_t v = (uint8_t)(t->data[i * bits / 8] >> i * bits % 8) & ((1u << bits) - 1);
        out[i] = sign ? (uint8_t)((int8_t)(uint8_t)(v << sign) >> sign) : v;
    }
    return out;
}

static qir_value *constant(tfl_import *imp, const tfl_tensor *t)
{
    const qir_type *type = tfl_stored_type(imp, t);
    const qir_loc *loc = qir_loc_name(imp->fe.ctx, *t->name ? t->name : "constant");
    if (!type)
        return NULL;
    unsigned bits = qir_dtype_bits(t->dtype);
    const void *data = bits < 8 && bits > 1 && t->data ? unpack(imp, t, type) : t->data;
    return fe_add_const(&imp->fe, fe_identifier(&imp->fe, t->name), type, data ? data : "", false,
                        loc);
}

static bool is_constant(const tfl_tensor *t)
{
    bool empty = false;
    for (unsigned i = 0; i < t->rank; i++)
        empty = empty || t->dims[i] == 0;
    return t->data || empty;
}

/* --- values ----------------------------------------------------------------------------------- */

qir_value *tfl_stored(tfl_import *imp, int32_t tensor)
{
    const tfl_tensor *t = &imp->model.tensors[tensor];
    if (!imp->stored[tensor] && is_constant(t))
        imp->stored[tensor] = constant(imp, t);
    return imp->stored[tensor];
}

qir_value *tfl_real(tfl_import *imp, int32_t tensor)
{
    qir_value *v = tfl_stored(imp, tensor);
    if (!v || !v->type->quant)
        return v;
    if (!imp->real[tensor])
        imp->real[tensor] = fe_emit1(&imp->fe, QIR_OP_dequantize, v, QIR_NO_ATTRS);
    return imp->real[tensor];
}

bool tfl_define(tfl_import *imp, int32_t tensor, qir_value *v)
{
    const tfl_tensor *t = &imp->model.tensors[tensor];
    if (!v)
        return false;
    if (imp->stored[tensor] || is_constant(t))
        return fe_error(&imp->fe, "ssa", "tensor '%s' is defined twice", t->name);
    fe_name_value(&imp->fe, v, t->name);
    imp->stored[tensor] = v;
    return true;
}
