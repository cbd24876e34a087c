/* Quantization with parameters that are values, one per block of the tensor.
 *
 *   choose_qparams     [lo, hi] = range of the block and 0, NaN ignored; qir_choose_qparams, or
 *                      qir_xnnpack_qparams
 *   quantize_affine    qir_quantize_value, the zero point within [qmin, qmax]; divide: of x / scale
 *   dequantize_affine  (float(q) - float(zp)) * scale */
#include "eval_priv.h"
#include "qir/support/checked.h"

/* For each element of operand 0, row-major, the index of its block. */
static const int64_t *block_indices(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type;
    size_t rank;
    const int64_t *block = qir_op_ints(a->op, "block", &rank);
    int64_t counts[QIR_MAX_RANK], strides[QIR_MAX_RANK], index[QIR_MAX_RANK] = {0};
    for (unsigned d = 0; d < rank; d++)
        counts[d] = qir_ceil_div(x->dims[d], block[d]);
    eval_row_strides((unsigned)rank, counts, strides);
    int64_t n = qir_type_elements(x), *out = QIR_NEW_ARRAY(a->scratch, int64_t, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        for (unsigned d = 0; d < rank; d++)
            out[i] += index[d] / block[d] * strides[d];
        for (unsigned d = (unsigned)rank; d-- > 0 && ++index[d] == x->dims[d];)
            index[d] = 0;
    }
    return out;
}

bool qir_eval_choose_qparams(qir_eval_args *a)
{
    const float *x = eval_f32(a, &a->in[0]);
    const int64_t *block = block_indices(a), n = qir_type_elements(a->in[0].type);
    size_t count = (size_t)qir_type_elements(a->out[0].type);
    float *lo = QIR_NEW_ARRAY(a->scratch, float, count),
          *hi = QIR_NEW_ARRAY(a->scratch, float, count);
    for (int64_t i = 0; i < n; i++) {
        int64_t b = block[i];
        lo[b] = x[i] < lo[b] ? x[i] : lo[b];
        hi[b] = x[i] > hi[b] ? x[i] : hi[b];
    }
    qir_qrange range = {.qmin = (int32_t)qir_op_int(a->op, "qmin"),
                        .qmax = (int32_t)qir_op_int(a->op, "qmax"),
                        .symmetric = qir_op_bool(a->op, "symmetric"),
                        .eps = qir_op_float(a->op, "eps")};
    bool xnnpack = qir_op_compat(a->op) == QIR_COMPAT_XNNPACK && !range.symmetric;
    for (size_t b = 0; b < count; b++)
        (xnnpack ? qir_xnnpack_qparams : qir_choose_qparams)(
            &range, lo[b], hi[b], (float *)a->out[0].data + b,
                           (int32_t *)a->out[1].data + b);
    return true;
}

bool qir_eval_quantize_affine(qir_eval_args *a)
{
    const float *x = eval_f32(a, &a->in[0]), *scale = eval_f32(a, &a->in[1]);
    const int64_t *zp = eval_has(a, 2) ? eval_i64(a, &a->in[2]) : NULL, *block = block_indices(a);
    int64_t n = qir_type_elements(a->in[0].type);
    int32_t qmin = (int32_t)qir_op_int(a->op, "qmin"), qmax = (int32_t)qir_op_int(a->op, "qmax");
    int32_t *out = eval_out_i32(a, &a->out[0]);
    bool divide = qir_op_bool(a->op, "divide");
    for (int64_t i = 0; i < n; i++) {
        int64_t z = zp ? zp[block[i]] : 0;
        z = z < qmin ? qmin : z > qmax ? qmax : z;
        float s = scale[block[i]], v = divide ? x[i] / s : x[i];
        out[i] = qir_quantize_value(v, divide ? 1.0f : s, (int32_t)z, qmin, qmax);
    }
    eval_put_i32(&a->out[0], out);
    return true;
}

bool qir_eval_dequantize_affine(qir_eval_args *a)
{
    const float *x = eval_f32(a, &a->in[0]), *scale = eval_f32(a, &a->in[1]);
    const float *zp = eval_has(a, 2) ? eval_f32(a, &a->in[2]) : NULL;
    const int64_t *block = block_indices(a), n = qir_type_elements(a->in[0].type);
    float *out = eval_out_f32(a, &a->out[0]);
    for (int64_t i = 0; i < n; i++)
        out[i] = (x[i] - (zp ? zp[block[i]] : 0.0f)) * scale[block[i]];
    eval_put_f32(&a->out[0], out);
    return true;
}
