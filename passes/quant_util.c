/* Quantized types from measured ranges, and constants brought into them. */
#include "quant_util.h"

#include <string.h>
#include "qir/ops.h"
#include "qir/qmath.h"
#include "qir/support/assert.h"

/* What an observe op says beside its parameters. */
static qir_quant quant_of(const qir_op *op)
{
    const qir_attr *dtype = qir_op_attr(op, "dtype");
    qir_quant q = {.storage = QIR_i8,
                   .expressed = QIR_f32,
                   .qmin = (int32_t)qir_op_int(op, "qmin"),
                   .qmax = (int32_t)qir_op_int(op, "qmax"),
                   .axis = (int32_t)qir_op_int(op, "axis"),
                   .group = qir_op_int(op, "group")};
    qir_dtype_from_name(dtype->u.s, dtype->len, &q.storage);
    return q;
}

static const qir_type *typed(const qir_op *op, qir_quant q, const float *scale, const int32_t *zp,
                             size_t n)
{
    q.count = n;
    q.scale = scale;
    q.zero_point = zp;
    return qir_type_with_quant(qir_op_module(op)->ctx, op->results[0].type, &q, op->loc);
}

static const qir_type *fixed_type(const qir_op *op)
{
    float scale = qir_op_attr(op, "scale")->u.f;
    int32_t zp = (int32_t)qir_op_int(op, "zp");
    return typed(op, quant_of(op), &scale, &zp, 1);
}

void qir_observed_params(const qir_op *op, const float *lo, const float *hi, size_t n, float *scale,
                         int32_t *zp)
{
    qir_qrange range = {(int32_t)qir_op_int(op, "qmin"), (int32_t)qir_op_int(op, "qmax"),
                        qir_op_bool(op, "symmetric"), qir_op_float(op, "eps")};
    for (size_t i = 0; i < n; i++)
        qir_choose_qparams(&range, lo[i], hi[i], &scale[i], &zp[i]);
}

const qir_type *qir_observed_type_for(const qir_op *op, const float *lo, const float *hi, size_t n)
{
    qir_arena *arena = qir_op_module(op)->arena;
    float *scale = QIR_NEW_ARRAY(arena, float, n);
    int32_t *zp = QIR_NEW_ARRAY(arena, int32_t, n);
    qir_observed_params(op, lo, hi, n, scale, zp);
    return typed(op, quant_of(op), scale, zp, n);
}

const qir_type *qir_observed_type(const qir_op *op)
{
    if (qir_op_attr(op, "scale"))
        return fixed_type(op);
    size_t n, nhi;
    const float *lo = qir_op_floats(op, "lo", &n), *hi = qir_op_floats(op, "hi", &nhi);
    QIR_ASSERT(lo && hi && n == nhi, "observe without a range");
    return qir_observed_type_for(op, lo, hi, n);
}

const qir_type *qir_observed_type_of(const qir_op *op, int32_t axis, const float *scale, size_t n)
{
    qir_quant q = quant_of(op);
    q.axis = axis;
    return typed(op, q, scale, QIR_NEW_ARRAY(qir_op_module(op)->arena, int32_t, n), n);
}

static void store_int(qir_dtype storage, void *data, int64_t i, int32_t v)
{
    switch (qir_dtype_bytes(storage)) {
    case 1: ((int8_t *)data)[i] = (int8_t)v; return;
    case 2: ((int16_t *)data)[i] = (int16_t)v; return;
    case 4: ((int32_t *)data)[i] = v; return;
    }
    QIR_UNREACHABLE("storage of a quantized type");
}

int64_t qir_stored_int(qir_dtype storage, const void *data, int64_t i)
{
    bool is_signed = qir_dtype_is_signed(storage);
    switch (qir_dtype_bytes(storage)) {
    case 1: return is_signed ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
    case 2: return is_signed ? ((const int16_t *)data)[i] : ((const uint16_t *)data)[i];
    case 4: return is_signed ? ((const int32_t *)data)[i] : (int64_t)((const uint32_t *)data)[i];
    }
    QIR_UNREACHABLE("storage of a quantized type");
}

int64_t qir_bias_integer(double bias, float sx, float sw)
{
    float scale = sx * sw;
    float v = (float)bias * (1.0f / scale);
    return v >= 0x1p31f ? INT64_MAX : v < -0x1p31f ? INT64_MIN : qir_rne(v);
}

qir_const *qir_quantize_floats(qir_module *m, const char *name, const qir_loc *loc, const float *x,
                               const qir_type *type)
{
    const qir_quant *q = type->quant;
    int64_t n = qir_type_elements(type);
    void *data = qir_arena_alloc(m->arena, qir_type_bytes(type));
    for (int64_t i = 0; i < n; i++) {
        size_t p = qir_quant_index(type, i);
        store_int(type->dtype, data, i,
                  qir_quantize_value(x[i], q->scale[p], q->zero_point[p], q->qmin, q->qmax));
    }
    return qir_const_create(m, qir_arena_printf(m->arena, "%s.q", name), type, data, false, loc);
}

qir_const *qir_quantize_const(qir_module *m, qir_const *c, const qir_type *type)
{
    const float *x = qir_const_data(c);
    return x ? qir_quantize_floats(m, c->value.name, c->loc, x, type) : NULL;
}
