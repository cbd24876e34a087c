/* The error is the sum over k of (pivot_k (t_k - q_k))^2 (coupling.h): the nearest integer to each t_k, from the
 * last to the first.  Rows of a layer are independent of each other: a few at a time are lanes. */
#include "feedback.h"

#include <string.h>
#include "qir/qmath.h"
#include "qir/support/parallel.h"

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

/* sum = gain_k . state; state: [length][LANES] */
static void pull(const qir_coupling *f, int64_t k, const float *state, float *sum)
{
    const float *gain = f->gain.data + k * f->gain.stride;
    memset(sum, 0, LANES * sizeof *sum);
    for (int64_t i = f->inputs.data ? 0 : k + 1; i < f->gain.columns; i++)
        for (int l = 0; l < LANES; l++)
            sum[l] += gain[i] * state[i * LANES + l];
}

static void push(const qir_coupling *f, int64_t k, const float *error, float *state)
{
    if (!f->inputs.data) {
        memcpy(state + k * LANES, error, LANES * sizeof *error);
        return;
    }
    const float *x = f->inputs.data + k * f->inputs.stride;
    for (int64_t i = 0; i < f->inputs.columns; i++)
        for (int l = 0; l < LANES; l++)
            state[i * LANES + l] += x[i] * error[l];
}

/* `n` lanes from `first` of all columns. */
static double round_lanes(const qir_feedback *f, const chooser *c, int64_t first, int64_t n,
                          float *state)
{
    double total = 0.0;
    float sum[LANES], error[LANES] = {0};
    for (int64_t k = f->target.rows; k-- > 0;) {
        float pivot = f->coupling.pivot[k];
        pull(&f->coupling, k, state, sum);
        for (int64_t l = 0; l < n; l++) {
            int64_t i = k * f->target.stride + first + l;
            float w = f->target.data[i], t = w + sum[l] / pivot, q = choose(c, i, t);
            double rest = (double)pivot * ((double)t - (double)q);
            total += rest * rest;
            error[l] = w - q;
        }
        push(&f->coupling, k, error, state);
    }
    return total;
}

typedef struct rows {
    const qir_feedback *feedback;
    const chooser *chooser;
    size_t length; /* of a state */
    float *states; /* of the workers */
    double *errors; /* of the turns */
} rows;

/* Turn: LANES rows. */
static void round_some(void *user, unsigned worker, int64_t turn)
{
    const rows *r = user;
    int64_t first = turn * LANES, left = r->feedback->target.columns - first;
    float *state = r->states + worker * r->length;
    memset(state, 0, r->length * sizeof *state);
    r->errors[turn] = round_lanes(r->feedback, r->chooser, first, left < LANES ? left : LANES, state);
}

static double round_all(const qir_feedback *f, const chooser *c, qir_arena *scratch)
{
    const qir_matrix *gain = &f->coupling.gain, *t = &f->target;
    unsigned threads = qir_threads_for(f->coupling.threads, gain->rows * gain->columns * t->columns);
    int64_t turns = (t->columns + LANES - 1) / LANES;
    rows r = {f, c, (size_t)(gain->columns * LANES), NULL, QIR_NEW_ARRAY(scratch, double, (size_t)turns)};
    r.states = QIR_NEW_ARRAY(scratch, float, threads * r.length);
    qir_parallel_for(threads, turns, round_some, &r);
    double total = 0.0;
    for (int64_t i = 0; i < turns; i++)
        total += r.errors[i];
    return total;
}

double qir_round_with_feedback(const qir_feedback *f, const qir_type *type, float *value,
                               qir_arena *scratch)
{
    return round_all(f, &(chooser){type, f->index, value}, scratch);
}

double qir_rounding_error(const qir_feedback *f, const float *value, qir_arena *scratch)
{
    return round_all(f, &(chooser){NULL, NULL, (float *)(uintptr_t)value}, scratch);
}
