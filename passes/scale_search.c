/* All ranges side by side: one walk over the weights for each part that is tried. */
#include "scale_search.h"

#include <float.h>
#include <math.h>
#include "qir/eval.h"
#include "qir/qmath.h"
#include "quant_util.h"

enum { PARTS = 60 };

typedef struct search {
    const qir_op *observe;
    const qir_type *layout; /* which range an element belongs to */
    const float *w;
    size_t n; /* ranges */
    float *lo, *hi, *tried_lo, *tried_hi, *scale, *step, *best;
    int32_t *zp;
    double *least, *error;
} search;

static void measure_ranges(search *s)
{
    for (int64_t i = 0, n = qir_type_elements(s->layout); i < n; i++) {
        size_t r = qir_quant_index(s->layout, i);
        s->lo[r] = fminf(s->lo[r], s->w[i]);
        s->hi[r] = fmaxf(s->hi[r], s->w[i]);
    }
}

static void take_part(search *s, size_t r, float part)
{
    s->tried_lo[r] = s->lo[r] * part;
    s->tried_hi[r] = s->hi[r] * part;
}

/* In steps of the whole range, so that no power leaves the range of floats. */
static void measure_errors(search *s)
{
    const qir_quant *q = s->layout->quant;
    for (size_t r = 0; r < s->n; r++)
        s->error[r] = 0.0;
    for (int64_t i = 0, n = qir_type_elements(s->layout); i < n; i++) {
        size_t r = qir_quant_index(s->layout, i);
        int32_t code = qir_quantize_value(s->w[i], s->scale[r], s->zp[r], q->qmin, q->qmax);
        float off = s->w[i] - qir_dequantize_value(code, s->scale[r], s->zp[r]);
        s->error[r] += (double)qir_fm_pow(fabsf(off) / s->step[r], 2.4f);
    }
}

static void try_part(search *s, float part)
{
    for (size_t r = 0; r < s->n; r++)
        take_part(s, r, part);
    qir_observed_params(s->observe, s->tried_lo, s->tried_hi, s->n, s->scale, s->zp);
    measure_errors(s);
    for (size_t r = 0; r < s->n; r++)
        if (s->error[r] < s->least[r]) {
            s->least[r] = s->error[r];
            s->best[r] = part;
        }
}

const qir_type *qir_search_scales(const qir_op *observe, const float *w, qir_arena *scratch)
{
    search s = {.observe = observe, .layout = qir_observed_type(observe), .w = w};
    s.n = s.layout->quant->count;
    float **arrays[] = {&s.lo, &s.hi, &s.tried_lo, &s.tried_hi, &s.scale, &s.step, &s.best};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        *arrays[i] = QIR_NEW_ARRAY(scratch, float, s.n);
    s.zp = QIR_NEW_ARRAY(scratch, int32_t, s.n);
    s.least = QIR_NEW_ARRAY(scratch, double, s.n);
    s.error = QIR_NEW_ARRAY(scratch, double, s.n);
    measure_ranges(&s);
    qir_observed_params(observe, s.lo, s.hi, s.n, s.step, s.zp);
    for (size_t r = 0; r < s.n; r++) {
        s.best[r] = 1.0f;
        s.least[r] = DBL_MAX;
    }
    for (int k = 0; k < PARTS; k++)
        try_part(&s, 1.1f - 0.01f * (float)k);
    for (size_t r = 0; r < s.n; r++)
        take_part(&s, r, s.best[r]);
    return qir_observed_type_for(observe, s.tried_lo, s.tried_hi, s.n);
}
