/* Min-max observation, per tensor and per channel, and the front of all observers.
 *
 * PyTorch's MinMaxObserver and PerChannelMinMaxObserver: the running range is the union of the
 * ranges of all tensors seen. */
#include "observer.h"

#include <string.h>
#include "qir/support/assert.h"

static const char *const kind_names[] = {"minmax", "histogram"};

const char *qir_observer_kind_name(qir_observer_kind k)
{
    return kind_names[k];
}

bool qir_observer_kind_from_name(const char *name, size_t len, qir_observer_kind *out)
{
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++) {
        if (strlen(kind_names[i]) != len || memcmp(kind_names[i], name, len) != 0)
            continue;
        *out = (qir_observer_kind)i;
        return true;
    }
    return false;
}

void qir_minmax_range(const float *x, int64_t n, float *lo, float *hi)
{
    float least = x[0], most = x[0];
    for (int64_t i = 1; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    *lo = least;
    *hi = most;
}

static void widen(float *lo, float *hi, float l, float h)
{
    *lo = l < *lo ? l : *lo;
    *hi = h > *hi ? h : *hi;
}

void qir_minmax_channels(const float *x, const int64_t *dims, unsigned rank, unsigned axis,
                         float *lo, float *hi)
{
    QIR_ASSERT(axis < rank, "channel axis within the rank");
    int64_t outer = 1, inner = 1, channels = dims[axis];
    for (unsigned d = 0; d < axis; d++)
        outer *= dims[d];
    for (unsigned d = axis + 1; d < rank; d++)
        inner *= dims[d];
    for (int64_t c = 0; c < channels; c++)
        lo[c] = hi[c] = 0.0f;
    for (int64_t o = 0; inner > 0 && o < outer; o++) {
        for (int64_t c = 0; c < channels; c++) {
            float l, h;
            qir_minmax_range(x + (o * channels + c) * inner, inner, &l, &h);
            if (o == 0)
                lo[c] = l, hi[c] = h;
            else
                widen(&lo[c], &hi[c], l, h);
        }
    }
}

void qir_observer_add(qir_observer *o, const float *x, int64_t n)
{
    if (n == 0)
        return;
    float lo, hi;
    qir_minmax_range(x, n, &lo, &hi);
    if (o->kind == QIR_OBSERVER_HISTOGRAM)
        qir_histogram_add(o, x, n, lo, hi);
    if (o->batches == 0)
        o->lo = lo, o->hi = hi;
    else
        widen(&o->lo, &o->hi, lo, hi);
    o->batches++;
    o->elements += n;
}

void qir_observer_range(const qir_observer *o, int levels, float *lo, float *hi)
{
    QIR_ASSERT(o->batches > 0, "an observer without data has no range");
    *lo = o->lo;
    *hi = o->hi;
    if (o->kind == QIR_OBSERVER_HISTOGRAM)
        qir_histogram_search(o, levels, lo, hi);
}
