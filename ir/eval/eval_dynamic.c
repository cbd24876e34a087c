/* Products of integers whose parameters come from run time, scaled to real values.
 *
 *   acc = sum (x - zp[row]) * (w - z_w)        i32, any order
 *   one scale per row of w:  y = (float(acc) * scale[row]) * s_w[n] + b[n]
 *   groups, g ascending:     f += float(acc_g) * s_w[n, g];  y = f * scale[row] + b[n] */
#include "eval_priv.h"

/* Entry of operand 1 or 2 that part `row` of the operand uses. */
static int64_t entry(const qir_eval_args *a, int64_t row)
{
    return qir_type_elements(a->in[1].type) == 1 ? 0 : row;
}

static int32_t zero_point(qir_eval_args *a, int64_t row)
{
    int64_t lo = qir_dtype_min(a->in[0].type->dtype), hi = qir_dtype_max(a->in[0].type->dtype);
    int32_t z = ((const int32_t *)a->in[2].data)[entry(a, row)];
    return (int32_t)(z < lo ? lo : z > hi ? hi : z);
}

static float scale(const qir_eval_args *a, int64_t row)
{
    return ((const float *)a->in[1].data)[entry(a, row)];
}

const int16_t *eval_dynamic_operand(qir_eval_args *a, int64_t rows)
{
    const int32_t *x = eval_i32(a, &a->in[0]);
    int64_t n = qir_type_elements(a->in[0].type);
    int16_t *out = QIR_NEW_ARRAY(a->scratch, int16_t, (size_t)n);
    for (int64_t r = 0; r < rows; r++) {
        int32_t z = zero_point(a, r);
        for (int64_t i = r * (n / rows); i < (r + 1) * (n / rows); i++)
            out[i] = (int16_t)(x[i] - z);
    }
    return out;
}

static float biased(qir_eval_args *a, float v, int64_t channel)
{
    if (eval_has(a, 4))
        v = v + ((const float *)a->in[4].data)[channel];
    return eval_bound(v, eval_get_bounds(a->op));
}

float eval_dynamic_value(qir_eval_args *a, int32_t sum, int64_t row, const qir_quant *w,
                         int64_t channel)
{
    float v = (float)sum * scale(a, row);
    return biased(a, v * w->scale[w->axis < 0 ? 0 : channel], channel);
}

static int32_t dot(const int16_t *x, const int16_t *w, int64_t n)
{
    int32_t sum;
    eval_gemm(EVAL_DOT_I16, 1, 1, n, x, w, &sum, 1, 1);
    return sum;
}

/* One row of x with row `channel` of the weight, group by group. */
static float grouped(qir_eval_args *a, const int16_t *x, const int16_t *w, const qir_type *wt,
                     int64_t row, int64_t channel)
{
    int64_t k = wt->dims[1], group = wt->quant->group;
    const float *s = wt->quant->scale + channel * (k / group);
    float f = 0.0f;
    for (int64_t g = 0; g < k / group; g++)
        f = f + (float)dot(x + g * group, w + g * group, group) * s[g];
    return biased(a, f * scale(a, row), channel);
}

bool qir_eval_linear_dynamic(qir_eval_args *a)
{
    const qir_type *x = a->in[0].type;
    qir_tensor w = eval_weight(a, 3);
    int64_t n = w.type->dims[0], k = w.type->dims[1], m = eval_product(x->dims, 0, x->rank - 1);
    const int16_t *ws = eval_product_operand(a, &w, EVAL_DOT_I16);
    const int16_t *xs = m ? eval_dynamic_operand(a, m) : NULL;
    float *out = a->out[0].data;
    for (int64_t i = 0; i < m * n; i++) {
        const int16_t *xr = xs + i / n * k, *wr = ws + i % n * k;
        out[i] = w.type->quant->group ? grouped(a, xr, wr, w.type, i / n, i % n)
                                      : eval_dynamic_value(a, dot(xr, wr, k), i / n, w.type->quant, i % n);
    }
    return true;
}
