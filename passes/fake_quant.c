/* ATen's choice of parameters in fused_moving_avg_obs_fake_quant, in double. */
#include "fake_quant.h"

#include <math.h>
#include "observing.h"
#include "qir/eval.h"
#include "qir/qmath.h"

/* The smallest scale; PyTorch's convert has another floor. */
static const float least_scale = 6.1e-5f;

typedef struct span {
    float min, max;
} span;

/* Around 0, from -(n + 1) to n steps. */
static span symmetric(span s, const qir_qrange *q)
{
    int down = -((q->qmax - q->qmin) / 2 + 1), up = (q->qmax - q->qmin) / 2;
    double a = fabs((double)(s.min / (float)down)), b = fabs((double)(s.max / (float)up));
    double step = a > b ? a : b;
    return (span){(float)(step * down), (float)(step * up)};
}

static span raise_to(span s, float scale, const qir_qrange *q)
{
    float steps = (float)(q->qmax - q->qmin), factor = least_scale / scale;
    if (s.min == 0.0f)
        return (span){s.min, least_scale * steps};
    return s.max == 0.0f ? (span){-least_scale * steps, s.max} : (span){s.min * factor, s.max * factor};
}

static double zero_point(span s, double scale, const qir_qrange *q)
{
    double low = q->qmin - (double)s.min / scale, high = q->qmax - (double)s.max / scale;
    double low_error = fabs((double)q->qmin) + fabs((double)s.min / scale);
    double high_error = fabs((double)q->qmax) + fabs((double)s.max / scale);
    return low_error < high_error ? low : high;
}

static void choose(const qir_qrange *q, float lo, float hi, float *scale, int32_t *zp)
{
    bool around = lo < 0.0f && hi > 0.0f && q->symmetric;
    span s = around ? symmetric((span){lo, hi}, q) : (span){fminf(lo, 0.0f), fmaxf(hi, 0.0f)};
    double step = ((double)s.max - (double)s.min) / (q->qmax - q->qmin);
    if ((float)step == 0.0f || isinf(1.0f / (float)step))
        step = 0.1;
    if (step < (double)least_scale) {
        s = raise_to(s, (float)step, q);
        step = (double)least_scale;
    }
    double z = around ? (q->qmin + q->qmax) / 2 : zero_point(s, step, q);
    z = z < q->qmin ? q->qmin : z > q->qmax ? q->qmax : z;
    *scale = (float)step;
    *zp = (int32_t)nearbyint(z);
}

void qir_fake_quantize(const qir_op *op, const float *lo, const float *hi, const float *x, float *y,
                       qir_arena *scratch)
{
    int64_t cells = qir_observe_cells(op), n = qir_type_elements(op->results[0].type);
    qir_qrange range = qir_observe_goal(op).range;
    float *scale = QIR_NEW_ARRAY(scratch, float, (size_t)cells);
    int32_t *zp = QIR_NEW_ARRAY(scratch, int32_t, (size_t)cells);
    for (int64_t c = 0; c < cells; c++)
        choose(&range, lo[c], hi[c], &scale[c], &zp[c]);
    for (int64_t i = 0; i < n; i++) {
        int64_t c = qir_observed_cell(op, i);
        int32_t q = qir_quantize_value(x[i], scale[c], zp[c], range.qmin, range.qmax);
        y[i] = qir_dequantize_value(q, scale[c], zp[c]);
    }
}
