/* Batch normalisation and softmax.
 *
 *   batch_norm   ((x - mean) * r) * gamma + beta with r = 1 / sqrt(var + epsilon)
 *   softmax      f32: m = EVAL_MAX over the row, e = exp(x - m), e / qir_sum16(e)
 *                8-bit quantized: integer table (qir_softmax_table, qir_softmax_value)
 *   log_softmax  (x - m) - log(qir_sum16(exp(x - m)))
 * f64 computes the same in double, sums ascending. */
#include <math.h>
#include "eval_priv.h"

static void batch_norm_f64(qir_eval_args *a, int64_t inner)
{
    const double *p[5];
    for (uint32_t i = 0; i < 5; i++)
        p[i] = eval_f64(a, &a->in[i]);
    double *out = eval_out_f64(a, &a->out[0]), epsilon = (double)qir_op_float(a->op, "epsilon");
    int64_t n = qir_type_elements(a->out[0].type), channels = a->in[0].type->dims[1];
    for (int64_t i = 0; i < n; i++) {
        int64_t c = i / inner % channels;
        out[i] = (p[0][i] - p[3][c]) * (1.0 / sqrt(p[4][c] + epsilon)) * p[1][c] + p[2][c];
    }
    eval_put_f64(&a->out[0], out);
}

bool qir_eval_batch_norm(qir_eval_args *a)
{
    const qir_type *t = a->in[0].type;
    int64_t n = qir_type_elements(t), channels = t->dims[1];
    int64_t inner = eval_product(t->dims, 2, t->rank);
    if (eval_class_of(a->out[0].type) == EVAL_F64) {
        batch_norm_f64(a, inner);
        return true;
    }
    const float *x = eval_f32(a, &a->in[0]), *gamma = eval_f32(a, &a->in[1]);
    const float *beta = eval_f32(a, &a->in[2]), *mean = eval_f32(a, &a->in[3]);
    const float *var = eval_f32(a, &a->in[4]);
    float *out = eval_out_f32(a, &a->out[0]), epsilon = qir_op_float(a->op, "epsilon");
    for (int64_t i = 0; i < n; i++) {
        int64_t c = i / inner % channels;
        float r = 1.0f / sqrtf(var[c] + epsilon);
        out[i] = ((x[i] - mean[c]) * r) * gamma[c] + beta[c];
    }
    eval_put_f32(&a->out[0], out);
    return true;
}

/* --- softmax ---------------------------------------------------------------------------------- */
typedef struct axis_rows {
    int64_t outer, n, inner; /* element j of row (o, i) is at (o * n + j) * inner + i */
} axis_rows;

static axis_rows rows_of(const qir_eval_args *a)
{
    const qir_type *t = a->in[0].type;
    unsigned axis = (unsigned)qir_op_int(a->op, "axis");
    return (axis_rows){eval_product(t->dims, 0, axis), t->dims[axis],
                       eval_product(t->dims, axis + 1, t->rank)};
}

/* Row `row` becomes x - max; `e` its exponentials.  Returns their sum. */
static float exponentials(float *row, float *e, int64_t n)
{
    float m = row[0];
    for (int64_t j = 1; j < n; j++)
        m = EVAL_MAX(m, row[j]);
    for (int64_t j = 0; j < n; j++) {
        row[j] = row[j] - m;
        e[j] = qir_fm_exp(row[j]);
    }
    return qir_sum16(e, n);
}

static void softmax_f32(qir_eval_args *a, bool logarithm)
{
    axis_rows r = rows_of(a);
    const float *x = eval_f32(a, &a->in[0]);
    float *y = eval_out_f32(a, &a->out[0]);
    float *row = QIR_NEW_ARRAY(a->scratch, float, (size_t)r.n);
    float *e = QIR_NEW_ARRAY(a->scratch, float, (size_t)r.n);
    for (int64_t k = 0; k < r.outer * r.inner && r.n; k++) {
        int64_t base = k / r.inner * r.n * r.inner + k % r.inner;
        for (int64_t j = 0; j < r.n; j++)
            row[j] = x[base + j * r.inner];
        float sum = exponentials(row, e, r.n);
        float log_sum = logarithm ? qir_fm_log(sum) : 0.0f;
        for (int64_t j = 0; j < r.n; j++)
            y[base + j * r.inner] = logarithm ? row[j] - log_sum : e[j] / sum;
    }
    eval_put_f32(&a->out[0], y);
}

static void softmax_row_f64(const double *x, double *y, int64_t n, int64_t step, bool logarithm)
{
    double m = x[0], sum = 0.0;
    for (int64_t j = 1; j < n; j++)
        m = EVAL_MAX(m, x[j * step]);
    for (int64_t j = 0; j < n; j++)
        sum += exp(x[j * step] - m);
    for (int64_t j = 0; j < n; j++)
        y[j * step] = logarithm ? x[j * step] - m - log(sum) : exp(x[j * step] - m) / sum;
}

static void softmax_f64(qir_eval_args *a, bool logarithm)
{
    axis_rows r = rows_of(a);
    const double *x = eval_f64(a, &a->in[0]);
    double *y = eval_out_f64(a, &a->out[0]);
    for (int64_t k = 0; k < r.outer * r.inner && r.n; k++) {
        int64_t base = k / r.inner * r.n * r.inner + k % r.inner;
        softmax_row_f64(x + base, y + base, r.n, r.inner, logarithm);
    }
    eval_put_f64(&a->out[0], y);
}

static int32_t largest_of(const int32_t *x, int64_t n, int64_t step)
{
    int32_t m = x[0];
    for (int64_t j = 1; j < n; j++)
        m = x[j * step] > m ? x[j * step] : m;
    return m;
}

static void softmax_quantized(qir_eval_args *a)
{
    axis_rows r = rows_of(a);
    const int32_t *x = eval_i32(a, &a->in[0]);
    int32_t *y = eval_out_i32(a, &a->out[0]);
    const qir_quant *q = a->out[0].type->quant;
    uint32_t table[256];
    qir_softmax_table(a->in[0].type->quant->scale[0], r.n, table);
    for (int64_t k = 0; k < r.outer * r.inner && r.n; k++) {
        int64_t base = k / r.inner * r.n * r.inner + k % r.inner;
        int32_t m = largest_of(x + base, r.n, r.inner);
        uint64_t sum = 0;
        for (int64_t j = 0; j < r.n; j++)
            sum += table[m - x[base + j * r.inner]];
        for (int64_t j = 0; j < r.n; j++)
            y[base + j * r.inner] = qir_softmax_value(table[m - x[base + j * r.inner]], sum, q);
    }
    eval_put_i32(&a->out[0], y);
}

static void softmax_tflite(qir_eval_args *a)
{
    axis_rows r = rows_of(a);
    const int32_t *x = eval_i32(a, &a->in[0]);
    int32_t *y = eval_out_i32(a, &a->out[0]);
    float table[256];
    qir_tflite_softmax_table(a->in[0].type->quant->scale[0], table);
    for (int64_t k = 0; k < r.outer * r.inner && r.n; k++) {
        int64_t base = k / r.inner * r.n * r.inner + k % r.inner;
        int32_t m = largest_of(x + base, r.n, r.inner);
        float sum = 0.0f;
        for (int64_t j = 0; j < r.n; j++)
            sum += table[m - x[base + j * r.inner]];
        for (int64_t j = 0; j < r.n; j++)
            y[base + j * r.inner] = qir_tflite_softmax_value(table[m - x[base + j * r.inner]], sum,
                                                             a->out[0].type->quant);
    }
    eval_put_i32(&a->out[0], y);
}

bool qir_eval_softmax(qir_eval_args *a)
{
    if (qir_type_is_byte_quant(a->in[0].type) && qir_type_is_byte_quant(a->out[0].type))
        qir_op_compat(a->op) == QIR_COMPAT_TFLITE ? softmax_tflite(a) : softmax_quantized(a);
    else if (eval_class_of(a->out[0].type) == EVAL_F64)
        softmax_f64(a, false);
    else
        softmax_f32(a, false);
    return true;
}

bool qir_eval_log_softmax(qir_eval_args *a)
{
    if (eval_class_of(a->out[0].type) == EVAL_F64)
        softmax_f64(a, true);
    else
        softmax_f32(a, true);
    return true;
}
