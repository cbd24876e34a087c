/* Observers of two numbers: the range of all values, its moving average, and none at all.
 *
 * PyTorch's MinMaxObserver and MovingAverageMinMaxObserver; on a channel each, their PerChannel
 * variants. */
#include "observer_kinds.h"

const qir_observer_kind qir_observer_minmax = {
    .name = "minmax",
    .doc = "the range of all values",
    .order_free = true,
};

/* --- moving average --------------------------------------------------------------------------- */

typedef struct average {
    float lo, hi;
} average;

static bool average_add(qir_observer *o, const float *x, int64_t n, float lo, float hi)
{
    average *a = o->state;
    float c = (float)o->choice.parameter;
    (void)x, (void)n;
    if (o->batches == 0) {
        *a = (average){lo, hi};
    } else {
        a->lo += c * (lo - a->lo);
        a->hi += c * (hi - a->hi);
    }
    return true;
}

static void average_range(const qir_observer *o, const qir_observer_goal *goal, float *lo,
                          float *hi)
{
    const average *a = o->state;
    (void)goal;
    *lo = a->lo;
    *hi = a->hi > a->lo ? a->hi : a->lo; /* rounding must not turn it round */
}

static void average_print(const qir_observer *o, qir_strbuf *out)
{
    const average *a = o->state;
    qir_strbuf_puts(out, "  average ");
    qir_strbuf_float(out, a->lo);
    qir_strbuf_putc(out, ' ');
    qir_strbuf_float(out, a->hi);
    qir_strbuf_putc(out, '\n');
}

static bool average_parse(qir_observer *o, qir_profile_reader *r)
{
    average *a = o->state;
    return qir_profile_word(r, "average") && qir_profile_number(r, &a->lo) &&
           qir_profile_number(r, &a->hi);
}

const qir_observer_kind qir_observer_moving_average = {
    .name = "moving-average",
    .doc = "moving average of each sample's range, as PyTorch's MovingAverageMinMaxObserver",
    .pytorch = true,
    .parameter = "the weight of a new sample",
    .dflt = 0.01,
    .least = 1e-6,
    .most = 1,
    .state_bytes = sizeof(average),
    .add = average_add,
    .range = average_range,
    .print = average_print,
    .parse = average_parse,
};

/* --- nothing to observe ----------------------------------------------------------------------- */

const qir_observer_kind qir_observer_fixed = {
    .name = "fixed",
    .doc = "records nothing: scale and zero point are given",
    .order_free = true,
    .passive = true,
};

const qir_observer_kind qir_observer_derived = {
    .name = "derived",
    .doc = "records nothing: its scale is the product of two others, as a bias has it",
    .order_free = true,
    .passive = true,
};

const qir_observer_kind qir_observer_placeholder = {
    .name = "placeholder",
    .doc = "records nothing: the parameters are computed at run time",
    .order_free = true,
    .passive = true,
};
