/* With L = U^T the error is the sum over k of (U_kk (t_k - q_k))^2, where
 *     t_k = w_k + sum over j > k of U_kj (w_j - q_j) / U_kk
 * is what weight k should be now that those after it are chosen: the nearest integer to each t_k, from the last
 * to the first.  Rows of a layer are independent of each other: a few at a time are lanes. */
#include "feedback.h"

#include "qir/qmath.h"

enum { LANES = 32 };

/* Picks what stands for `t`, element i of the target. */
typedef struct chooser {
    const qir_type *type; /* NULL: `value` is given */
    const int64_t *index;
    float *value;
} chooser;

static float choose(const chooser *c, int64_t i, float t)
{
    if (!c->type)
        return c->value[i];
    const qir_quant *q = c->type->quant;
    size_t p = qir_quant_index(c->type, c->index[i]);
    int32_t code = qir_quantize_value(t, q->scale[p], q->zero_point[p], q->qmin, q->qmax);
    return c->value[i] = qir_dequantize_value(code, q->scale[p], q->zero_point[p]);
}

/* `n` lanes from `first` of all columns.  error: [columns][LANES] */
static double round_lanes(const qir_feedback *f, const chooser *c, int64_t first, int64_t n,
                          float *error)
{
    double total = 0.0;
    for (int64_t k = f->target.rows; k-- > 0;) {
        const float *u = f->factor.data + k * f->factor.stride;
        float sum[LANES] = {0};
        for (int64_t j = k + 1; j < f->target.rows; j++)
            for (int l = 0; l < LANES; l++)
                sum[l] += u[j] * error[j * LANES + l];
        for (int64_t l = 0; l < n; l++) {
            int64_t i = k * f->target.stride + first + l;
            float w = f->target.data[i], t = w + sum[l] / u[k], q = choose(c, i, t);
            double rest = (double)u[k] * ((double)t - (double)q);
            total += rest * rest;
            error[k * LANES + l] = w - q;
        }
    }
    return total;
}

static double round_all(const qir_feedback *f, const chooser *c, qir_arena *scratch)
{
    double total = 0.0;
    float *error = QIR_NEW_ARRAY(scratch, float, (size_t)(f->target.rows * LANES));
    for (int64_t first = 0; first < f->target.columns; first += LANES) {
        int64_t left = f->target.columns - first;
        total += round_lanes(f, c, first, left < LANES ? left : LANES, error);
    }
    return total;
}

double qir_round_with_feedback(const qir_feedback *f, const qir_type *type, const int64_t *index,
                               float *value, qir_arena *scratch)
{
    return round_all(f, &(chooser){type, index, value}, scratch);
}

double qir_rounding_error(const qir_feedback *f, const float *value, qir_arena *scratch)
{
    return round_all(f, &(chooser){NULL, NULL, (float *)(uintptr_t)value}, scratch);
}
