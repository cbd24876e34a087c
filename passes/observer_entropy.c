/* `entropy`: ONNX Runtime's EntropyCalibrater.  Of the ranges around 0, from 128 bins wide to all,
 * that one whose counts differ least (Kullback-Leibler) from themselves in 128 steps.  The parameter
 * is the number of bins to begin with; ONNX Runtime begins with 128 too, so that it narrows only
 * ranges that grew.
 *
 * Its arithmetic: counts are integers, also where a step's count is shared out among its bins (it
 * truncates); distributions are fp32, sums pairwise as numpy's. */
#include <math.h>
#include <stdlib.h>
#include "observer_growing.h"
#include "observer_kinds.h"

enum { STEPS = 128, MOST_BINS = 1 << 14 };

static bool add(qir_observer *o, const float *x, int64_t n, float lo, float hi)
{
    return qir_growing_add(o, x, n, lo, hi, (int64_t)o->choice.parameter, MOST_BINS);
}

/* numpy.sum of fp32: eight running sums over up to 128 values, halves beyond. */
static float pairwise_sum(const float *v, int64_t n)
{
    float s[8], total = 0.0f;
    int64_t i = 8, half = n / 2;
    if (n > 128) {
        half -= half % 8;
        float first = pairwise_sum(v, half);
        return first + pairwise_sum(v + half, n - half);
    }
    if (n < 8) {
        for (i = 0; i < n; i++)
            total += v[i];
        return total;
    }
    for (int k = 0; k < 8; k++)
        s[k] = v[k];
    for (; i < n - n % 8; i += 8)
        for (int k = 0; k < 8; k++)
            s[k] += v[i + k];
    total = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
    for (; i < n; i++)
        total += v[i];
    return total;
}

/* Scratch of the search: the counts of the range tried, as they are (p) and in steps (q). */
typedef struct trial {
    const int64_t *counts;
    int64_t n;        /* bins of the range tried */
    int64_t *p, *q;
    float *smooth_p, *smooth_q, *terms;
} trial;

/* smooth_distribution: zeros get 1e-4, taken off the others.  False: too few others. */
static bool smooth(const int64_t *counts, int64_t n, float *out)
{
    const double eps = 1e-4;
    int64_t zeros = 0;
    for (int64_t i = 0; i < n; i++)
        zeros += counts[i] == 0;
    if (zeros == n)
        return false;
    double taken = eps * (double)zeros / (double)(n - zeros);
    for (int64_t i = 0; i < n; i++)
        out[i] = (float)counts[i] + (counts[i] == 0 ? (float)eps : (float)-taken);
    float total = pairwise_sum(out, n);
    for (int64_t i = 0; i < n; i++)
        out[i] /= total;
    return taken < 1.0;
}

/* Each step's count, shared out evenly among its bins; by what is not zero in p. */
static void quantize(trial *t)
{
    int64_t width = t->n / STEPS;
    for (int64_t k = 0; k < STEPS; k++) {
        int64_t count = 0, filled = 0, begin = k * width, end = begin + width;
        for (int64_t i = begin; i < end; i++) {
            count += t->counts[i];
            filled += t->p[i] != 0;
        }
        for (int64_t i = end; k == STEPS - 1 && i < t->n; i++)
            count += t->counts[i];
        for (int64_t i = begin; i < end; i++)
            t->q[i] = filled ? (int64_t)((double)count / (double)filled) : 0;
    }
    for (int64_t i = STEPS * width; i < t->n; i++)
        t->q[i] = 0;
}

/* Divergence of the range of bins [start, end) from its quantized form. */
static float divergence(trial *t, const qir_growing *g, int64_t start, int64_t end)
{
    t->counts = g->counts + start;
    t->n = end - start;
    for (int64_t i = 0; i < t->n; i++)
        t->p[i] = t->counts[i];
    for (int64_t i = 0; i < start; i++)
        t->p[0] += g->counts[i];
    for (int64_t i = end; i < g->n; i++)
        t->p[t->n - 1] += g->counts[i];
    quantize(t);
    if (!smooth(t->p, t->n, t->smooth_p) || !smooth(t->q, t->n, t->smooth_q))
        return INFINITY;
    for (int64_t i = 0; i < t->n; i++)
        t->terms[i] = t->smooth_p[i] > 0.0f && t->smooth_q[i] > 0.0f
                          ? t->smooth_p[i] * logf(t->smooth_p[i] / t->smooth_q[i])
                          : INFINITY;
    return pairwise_sum(t->terms, t->n);
}

static void search(trial *t, const qir_growing *g, float *lo, float *hi)
{
    int64_t middle = g->n / 2, best = STEPS / 2;
    float least = 0.0f;
    for (int64_t i = STEPS / 2; i <= middle; i++) {
        int64_t end = middle + i + 1 < g->n ? middle + i + 1 : g->n;
        float d = divergence(t, g, middle - i, end);
        if (i > STEPS / 2 && !(d < least))
            continue;
        least = d;
        best = i;
    }
    int64_t to = middle + best + 1 < g->n ? middle + best + 1 : g->n;
    qir_growing_cut(g, middle - best, to, lo, hi);
}

static void range(const qir_observer *o, const qir_observer_goal *goal, float *lo, float *hi)
{
    const qir_growing *g = o->state;
    qir_arena *scratch = qir_arena_create(NULL, NULL);
    size_t n = (size_t)g->n;
    trial t = {.p = QIR_NEW_ARRAY(scratch, int64_t, n),
               .q = QIR_NEW_ARRAY(scratch, int64_t, n),
               .smooth_p = QIR_NEW_ARRAY(scratch, float, n),
               .smooth_q = QIR_NEW_ARRAY(scratch, float, n),
               .terms = QIR_NEW_ARRAY(scratch, float, n)};
    (void)goal;
    search(&t, g, lo, hi);
    qir_arena_destroy(scratch);
}

static bool parse(qir_observer *o, qir_profile_reader *r)
{
    return qir_growing_parse(o, r, (int64_t)o->choice.parameter, MOST_BINS);
}

const qir_observer_kind qir_observer_entropy = {
    .name = "entropy",
    .doc = "least divergence from 128 steps, as ONNX Runtime's EntropyCalibrater",
    .parameter = "the number of bins to begin with",
    .dflt = STEPS,
    .least = STEPS,
    .most = 8192,
    .state_bytes = sizeof(qir_growing),
    .add = add,
    .range = range,
    .print = qir_growing_print,
    .parse = parse,
};
