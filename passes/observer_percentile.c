/* `percentile`: ONNX Runtime's PercentileCalibrater (2048 bins; the parameter is the share of
 * values kept, in percent). */
#include "observer_growing.h"
#include "observer_kinds.h"

enum { FIRST_BINS = 2048, MOST_BINS = 1 << 20 };

static bool add(qir_observer *o, const float *x, int64_t n, float lo, float hi)
{
    return qir_growing_add(o, x, n, lo, hi, FIRST_BINS, MOST_BINS);
}

/* numpy.searchsorted(numpy.cumsum(counts / total), share) */
static int64_t search(const qir_growing *g, double share)
{
    int64_t total = 0, i = 0;
    for (int64_t k = 0; k < g->n; k++)
        total += g->counts[k];
    for (double below = 0.0; i < g->n; i++) {
        below += (double)g->counts[i] / (double)total;
        if (below >= share)
            break;
    }
    return i;
}

static void range(const qir_observer *o, const qir_observer_goal *goal, float *lo, float *hi)
{
    double cut = (100.0 - o->choice.parameter) / 200.0;
    (void)goal;
    qir_growing_cut(o->state, search(o->state, cut), search(o->state, 1.0 - cut), lo, hi);
}

static bool parse(qir_observer *o, qir_profile_reader *r)
{
    return qir_growing_parse(o, r, FIRST_BINS, MOST_BINS);
}

const qir_observer_kind qir_observer_percentile = {
    .name = "percentile",
    .doc = "cuts the rarest values off both ends, as ONNX Runtime's PercentileCalibrater",
    .parameter = "the percentage of values to keep",
    .dflt = 99.999,
    .least = 50,
    .most = 100,
    .state_bytes = sizeof(qir_growing),
    .add = add,
    .range = range,
    .print = qir_growing_print,
    .parse = parse,
};
