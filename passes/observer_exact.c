/* Observers on exact counts: `histogram-exact`, which narrows the range by quantiles as PyTorch's
 * HistogramObserver does, and `mse`, which tries many ranges.  Both minimise the squared error of
 * quantize and dequantize with the very parameters that a range gives.
 *
 * Errors of rounding average out in the sums that follow, those of clipping do not: they all have
 * one sign.  histogram-exact therefore lets clipped values count CLIPPED times, by which networks lose
 * less (docs/quantization.md has figures); mse is the plain error. */
#include <math.h>
#include "observer_grid.h"
#include "observer_kinds.h"

static const double CLIPPED = 5.0;

/* A range is tried; the best so far is kept, the first among equals. */
typedef struct trial {
    qir_grid_sums sums;
    const qir_observer *o;
    const qir_qrange *range;
    double clipped, least;
    float lo, hi;
} trial;

static void try_range(trial *t, float lo, float hi)
{
    double error = qir_grid_error(&t->sums, t->range, lo, hi, t->clipped);
    if (error >= t->least)
        return;
    t->least = error;
    t->lo = lo;
    t->hi = hi;
}

static void start(trial *t, const qir_observer *o, const qir_observer_goal *goal, double clipped)
{
    *t = (trial){.o = o, .range = &goal->range, .clipped = clipped, .least = INFINITY};
    qir_grid_sum(o->state, &t->sums);
    try_range(t, o->lo, o->hi);
}

/* Where codes are finer than bins, all that a narrower range shows is what it clips. */
static bool is_finer(const qir_observer *o, const qir_observer_goal *goal, float *lo, float *hi)
{
    *lo = o->lo;
    *hi = o->hi;
    return (int64_t)goal->range.qmax - goal->range.qmin > GRID_BINS;
}

/* --- histogram-exact -------------------------------------------------------------------------- */

/* Left edge of a bin, within the range of all values. */
static float edge_of(const trial *t, int bin)
{
    float edge = (float)ldexp((double)(t->sums.grid->first + bin), t->sums.grid->exp);
    return fminf(fmaxf(edge, t->o->lo), t->o->hi);
}

/* Values in bins 0 to i, zeros included. */
static void accumulate(const qir_grid *g, double below[GRID_BINS])
{
    double running = 0.0;
    for (int i = 0; i < GRID_BINS; i++) {
        running += (double)g->counts[i] + (g->first + i == 0 ? (double)g->zeros : 0.0);
        below[i] = running;
    }
}

/* PyTorch's walk: quantiles of 1e-5 are cut off at the end where they take more
 * bins away. */
static void walk(const qir_observer *o, const qir_observer_goal *goal, float *lo, float *hi)
{
    const double stride = 1e-5;
    trial t;
    double below[GRID_BINS], alpha = 0.0, beta = 1.0;
    if (is_finer(o, goal, lo, hi))
        return;
    start(&t, o, goal, CLIPPED);
    accumulate(o->state, below);
    double total = below[GRID_BINS - 1];
    int first = 0, last = GRID_BINS - 1;
    while (alpha < beta) {
        int l = first, r = last;
        while (l < last && below[l] < (alpha + stride) * total)
            l++;
        while (r > first && below[r] > (beta - stride) * total)
            r--;
        bool from_left = l - first > last - r;
        if (from_left)
            alpha += stride;
        else
            beta -= stride;
        if (from_left ? l == first : r == last)
            continue;
        *(from_left ? &first : &last) = from_left ? l : r;
        try_range(&t, edge_of(&t, first), edge_of(&t, last + 1));
    }
    *lo = t.lo;
    *hi = t.hi;
}

const qir_observer_kind qir_observer_histogram_exact = {
    .name = "histogram-exact",
    .doc = "exact counts, narrowed by quantiles to the least squared error; profiles merge",
    .order_free = true,
    .state_bytes = sizeof(qir_grid),
    .add = qir_grid_add,
    .range = walk,
    .merge = qir_grid_merge,
    .print = qir_grid_print,
    .parse = qir_grid_parse,
};

/* --- mse -------------------------------------------------------------------------------------- */

enum { FRACTIONS = 128 };

static float fraction(float end, int i)
{
    return end * ((float)i / FRACTIONS);
}

/* An end that is not on its side of 0 is not cut: the range will hold 0. */
static void exhaust(const qir_observer *o, const qir_observer_goal *goal, float *lo, float *hi)
{
    trial t;
    if (is_finer(o, goal, lo, hi))
        return;
    start(&t, o, goal, 1.0);
    int below = o->lo < 0.0f ? 1 : FRACTIONS, above = o->hi > 0.0f ? 1 : FRACTIONS;
    for (int i = FRACTIONS; i >= below; i--)
        for (int j = FRACTIONS; j >= above; j--)
            if (!goal->range.symmetric || i == j)
                try_range(&t, fraction(o->lo, i), fraction(o->hi, j));
    *lo = t.lo;
    *hi = t.hi;
}

const qir_observer_kind qir_observer_mse = {
    .name = "mse",
    .doc = "exact counts; the best of 128 fractions of either end; profiles merge",
    .order_free = true,
    .state_bytes = sizeof(qir_grid),
    .add = qir_grid_add,
    .range = exhaust,
    .merge = qir_grid_merge,
    .print = qir_grid_print,
    .parse = qir_grid_parse,
};
