/* Normalization over the last dimensions, n elements at a time.
 *
 *   layer_norm   m = qir_sum16(x) / n, d = x - m, r = 1 / sqrt(qir_dot16(d, d) / n + epsilon);
 *                (d * r) * gamma + beta
 *   rms_norm     r = 1 / sqrt(qir_dot16(x, x) / n + epsilon); (x * r) * gamma
 * f64 computes the same in double, sums ascending.  layer_norm of 8 bits sums integers:
 *                c = q - z, S = sum c, Q = sum c^2, v = float(n Q - S^2) / float(n^2), m = float(S) / float(n),
 *                r = s_x / sqrt(v * (s_x * s_x) + epsilon); (float(c) - m) * r * gamma + beta, quantized */
#include <math.h>
#include "eval_priv.h"

static int64_t row_length(const qir_eval_args *a)
{
    const qir_type *t = a->in[0].type;
    return eval_product(t->dims, (unsigned)qir_op_int(a->op, "axis"), t->rank);
}

static void normalize_f32(qir_eval_args *a, bool center)
{
    int64_t n = row_length(a), total = qir_type_elements(a->in[0].type);
    const float *x = eval_f32(a, &a->in[0]);
    const float *gamma = eval_has(a, 1) ? eval_f32(a, &a->in[1]) : NULL;
    const float *beta = eval_has(a, 2) ? eval_f32(a, &a->in[2]) : NULL;
    float *y = eval_out_f32(a, &a->out[0]), epsilon = qir_op_float(a->op, "epsilon");
    float *d = QIR_NEW_ARRAY(a->scratch, float, (size_t)n);
    for (int64_t base = 0; base < total; base += n) {
        float mean = center ? qir_sum16(x + base, n) / (float)n : 0.0f;
        for (int64_t j = 0; j < n; j++)
            d[j] = center ? x[base + j] - mean : x[base + j];
        float r = 1.0f / sqrtf(qir_dot16(d, d, n) / (float)n + epsilon);
        for (int64_t j = 0; j < n; j++) {
            float v = d[j] * r;
            v = gamma ? v * gamma[j] : v;
            y[base + j] = beta ? v + beta[j] : v;
        }
    }
    eval_put_f32(&a->out[0], y);
}

static void normalize_f64(qir_eval_args *a, bool center)
{
    int64_t n = row_length(a), total = qir_type_elements(a->in[0].type);
    const double *x = eval_f64(a, &a->in[0]);
    const double *gamma = eval_has(a, 1) ? eval_f64(a, &a->in[1]) : NULL;
    const double *beta = eval_has(a, 2) ? eval_f64(a, &a->in[2]) : NULL;
    double *y = eval_out_f64(a, &a->out[0]), epsilon = (double)qir_op_float(a->op, "epsilon");
    for (int64_t base = 0; base < total; base += n) {
        double mean = 0.0, square = 0.0;
        for (int64_t j = 0; center && j < n; j++)
            mean += x[base + j];
        mean /= (double)n;
        for (int64_t j = 0; j < n; j++)
            square += (x[base + j] - mean) * (x[base + j] - mean);
        double r = 1.0 / sqrt(square / (double)n + epsilon);
        for (int64_t j = 0; j < n; j++)
            y[base + j] = (x[base + j] - mean) * r * (gamma ? gamma[j] : 1.0) + (beta ? beta[j] : 0.0);
    }
    eval_put_f64(&a->out[0], y);
}

/* The factor and the mean of n values c, from their exact sums. */
static float factor_of(const qir_eval_args *a, const int32_t *q, int64_t n, float *mean)
{
    const qir_quant *x = a->in[0].type->quant;
    int64_t sum = 0, square = 0;
    for (int64_t j = 0; j < n; j++) {
        int64_t c = q[j] - x->zero_point[0];
        sum += c;
        square += c * c;
    }
    *mean = (float)sum / (float)n;
    float variance = (float)(n * square - sum * sum) / (float)(n * n);
    return x->scale[0] /
           sqrtf(variance * (x->scale[0] * x->scale[0]) + qir_op_float(a->op, "epsilon"));
}

static void normalize_quantized(qir_eval_args *a)
{
    int64_t n = row_length(a), total = qir_type_elements(a->in[0].type);
    const int32_t *x = eval_i32(a, &a->in[0]), z = a->in[0].type->quant->zero_point[0];
    const float *gamma = eval_has(a, 1) ? eval_f32(a, &a->in[1]) : NULL;
    const float *beta = eval_has(a, 2) ? eval_f32(a, &a->in[2]) : NULL;
    const qir_quant *to = a->out[0].type->quant;
    int32_t *y = eval_out_i32(a, &a->out[0]);
    for (int64_t base = 0; base < total; base += n) {
        float mean, r = factor_of(a, x + base, n, &mean);
        for (int64_t j = 0; j < n; j++) {
            float v = ((float)(x[base + j] - z) - mean) * r;
            v = gamma ? v * gamma[j] : v;
            v = beta ? v + beta[j] : v;
            y[base + j] = qir_quantize_value(v, to->scale[0], to->zero_point[0], to->qmin, to->qmax);
        }
    }
    eval_put_i32(&a->out[0], y);
}

static bool normalize(qir_eval_args *a, bool center)
{
    if (a->in[0].type->quant)
        normalize_quantized(a);
    else if (eval_class_of(a->out[0].type) == EVAL_F64)
        normalize_f64(a, center);
    else
        normalize_f32(a, center);
    return true;
}

bool qir_eval_layer_norm(qir_eval_args *a)
{
    return normalize(a, true);
}

bool qir_eval_rms_norm(qir_eval_args *a)
{
    return normalize(a, false);
}
