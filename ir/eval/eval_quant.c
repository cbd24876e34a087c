/* Ops that move between real and quantized values (the arithmetic is qir/qmath.h's), and casts.
 *
 *   cast: float to integer truncates and saturates, NaN gives 0; integers wrap; to bool is != 0 */
#include <math.h>
#include "eval_priv.h"
#include "qir/pack.h"

bool qir_eval_quantize(qir_eval_args *a)
{
    eval_put_f32(&a->out[0], eval_f32(a, &a->in[0]));
    return true;
}

bool qir_eval_dequantize(qir_eval_args *a)
{
    if (a->out[0].type->dtype == QIR_f64)
        eval_put_f64(&a->out[0], eval_f64(a, &a->in[0]));
    else
        eval_put_f32(&a->out[0], eval_f32(a, &a->in[0]));
    return true;
}

bool qir_eval_requantize(qir_eval_args *a)
{
    const qir_quant *x = a->in[0].type->quant, *y = a->out[0].type->quant;
    const int32_t *v = eval_i32(a, &a->in[0]);
    int32_t *out = eval_out_i32(a, &a->out[0]);
    qir_factor f = qir_rescale_factor(a->op, x, y);
    int64_t n = qir_type_elements(a->out[0].type);
    for (int64_t i = 0; i < n; i++) {
        int32_t acc = (int32_t)((uint32_t)v[i] - (uint32_t)x->zero_point[0]);
        out[i] = qir_apply_factor(acc, &f, y->qmin, y->qmax, y->zero_point[0]);
    }
    eval_put_i32(&a->out[0], out);
    return true;
}

static bool copy_bytes(qir_eval_args *a)
{
    size_t bytes = qir_type_bytes(a->out[0].type);
    if (bytes)
        memcpy(a->out[0].data, a->in[0].data, bytes);
    return true;
}

bool qir_eval_storage_cast(qir_eval_args *a)
{
    return copy_bytes(a);
}

bool qir_eval_identity(qir_eval_args *a)
{
    return copy_bytes(a);
}

int64_t qir_observed_cell(const qir_op *op, int64_t i)
{
    const qir_type *t = qir_op_operand(op, 0)->type;
    int64_t axis = qir_op_int(op, "axis"), group = qir_op_int(op, "group"), inner = 1;
    if (axis < 0)
        return 0;
    for (unsigned d = (unsigned)axis + 1; d < t->rank; d++)
        inner *= t->dims[d];
    int64_t channel = i / inner % t->dims[axis];
    int64_t row = group && axis > 0 ? i / (qir_type_elements(t) / t->dims[0]) : 0;
    return (row * t->dims[axis] + channel) / (group ? group : 1);
}

/* Fake quantization by the observer's own formula, as insert-qdq will write it. */
static void fake_quantize(qir_eval_args *a)
{
    const qir_op *op = a->op;
    const float *x = a->in[0].data;
    float *y = a->out[0].data;
    size_t n;
    const float *lo = qir_op_floats(op, "lo", &n), *hi = qir_op_floats(op, "hi", &n);
    float *scale = QIR_NEW_ARRAY(a->scratch, float, n);
    int32_t *zp = QIR_NEW_ARRAY(a->scratch, int32_t, n);
    qir_qrange range = {(int32_t)qir_op_int(op, "qmin"), (int32_t)qir_op_int(op, "qmax"),
                        qir_op_bool(op, "symmetric"), qir_op_float(op, "eps")};
    for (size_t c = 0; c < n; c++)
        qir_choose_qparams(&range, lo[c], hi[c], &scale[c], &zp[c]);
    for (int64_t i = 0; i < qir_type_elements(a->in[0].type); i++) {
        int64_t c = qir_observed_cell(op, i);
        int32_t q = qir_quantize_value(x[i], scale[c], zp[c], range.qmin, range.qmax);
        y[i] = qir_dequantize_value(q, scale[c], zp[c]);
    }
}

bool qir_eval_observe(qir_eval_args *a)
{
    if (!qir_op_bool(a->op, "fake") || !qir_op_attr(a->op, "lo"))
        return copy_bytes(a);
    fake_quantize(a);
    return true;
}

bool qir_eval_copy(qir_eval_args *a)
{
    return copy_bytes(a);
}

bool qir_eval_return(qir_eval_args *a)
{
    (void)a;
    return true;
}

/* The sizes of a packed weight; false: diagnosed. */
static bool pack_shape(qir_eval_args *a, const qir_type *packed, qir_pack_shape *shape)
{
    return qir_pack_shape_get(packed->packing, packed->logical, qir_op_int(a->op, "groups"), shape) ||
           qir_error(a->diag, a->op->loc, "eval.packing", "packing %s does not apply to this weight",
                     qir_packing_get(packed->packing)->name);
}

bool qir_eval_prepack(qir_eval_args *a)
{
    qir_pack_shape shape;
    if (!pack_shape(a, a->out[0].type, &shape))
        return false;
    qir_pack(&shape, a->in[0].type, a->in[0].data, a->out[0].data);
    return true;
}

bool qir_eval_unpack(qir_eval_args *a)
{
    qir_pack_shape shape;
    if (!pack_shape(a, a->in[0].type, &shape))
        return false;
    qir_unpack(&shape, a->out[0].type, a->in[0].data, a->out[0].data);
    return true;
}

/* --- cast ------------------------------------------------------------------------------------- */
static int64_t truncate_to(double v, qir_dtype to)
{
    if (to == QIR_i1)
        return v != 0.0;
    double lo = (double)qir_dtype_min(to), hi = (double)qir_dtype_max(to);
    if (v != v)
        return 0;
    if (to == QIR_u64 && v >= hi) /* 2^63, half of the range */
        return v >= 2 * hi ? -1 : (int64_t)(uint64_t)v;
    return v <= lo ? qir_dtype_min(to) : v >= hi ? qir_dtype_max(to) : (int64_t)v;
}

static void cast_float_to_int(qir_eval_args *a)
{
    const qir_tensor *y = &a->out[0];
    const double *v = eval_f64(a, &a->in[0]);
    int64_t *out = eval_out_i64(a, y), n = qir_type_elements(y->type);
    for (int64_t i = 0; i < n; i++)
        out[i] = truncate_to(v[i], y->type->dtype);
    eval_put_i64(y, out);
}

bool qir_eval_cast(qir_eval_args *a)
{
    const qir_tensor *y = &a->out[0];
    bool from_int = eval_class_of(a->in[0].type) == EVAL_INT;
    switch (eval_class_of(y->type)) {
    case EVAL_F64: eval_put_f64(y, eval_f64(a, &a->in[0])); return true;
    case EVAL_F32:
    case EVAL_QUANT: eval_put_f32(y, eval_f32(a, &a->in[0])); return true;
    case EVAL_INT:
        if (from_int)
            eval_put_i64(y, eval_i64(a, &a->in[0]));
        else
            cast_float_to_int(a);
        return true;
    }
    QIR_UNREACHABLE("class of a type");
}
