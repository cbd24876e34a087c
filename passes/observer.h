/* Observers: running summaries of the values that pass an `observe` op.
 *
 * Two kinds: `minmax` keeps the range, `histogram` keeps 2048 counts over it and later searches the
 * sub-range with the least squared quantization error.  An observer is plain data: no pointers but
 * the histogram's, so that a profile can print and read it. */
#ifndef QIR_OBSERVER_H
#define QIR_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QIR_HISTOGRAM_BINS = 2048 };

typedef enum qir_observer_kind { QIR_OBSERVER_MINMAX, QIR_OBSERVER_HISTOGRAM } qir_observer_kind;

typedef struct qir_observer {
    int64_t id;
    qir_observer_kind kind;
    int64_t batches;  /* tensors seen */
    int64_t elements; /* values seen */
    float lo, hi;     /* running range; valid when batches > 0 */
    float *hist;      /* QIR_HISTOGRAM_BINS entries when kind is histogram; borrowed */
} qir_observer;

const char *qir_observer_kind_name(qir_observer_kind k);
bool qir_observer_kind_from_name(const char *name, size_t len, qir_observer_kind *out);

/* Adds one tensor of finite values; empty tensors leave no trace. */
void qir_observer_add(qir_observer *o, const float *x, int64_t n);

/* The range to quantize to: the running range, or the histogram's best sub-range for `levels`
 * quantization steps.  batches must be > 0. */
void qir_observer_range(const qir_observer *o, int levels, float *lo, float *hi);

/* Parts of the kinds, for qir_observer_add and qir_observer_range. */
void qir_minmax_range(const float *x, int64_t n, float *lo, float *hi);
void qir_histogram_add(qir_observer *o, const float *x, int64_t n, float lo, float hi);
void qir_histogram_search(const qir_observer *o, int levels, float *lo, float *hi);

/* Range of each index of `axis` of a row-major tensor: lo[dims[axis]], hi[dims[axis]].  Channels
 * without elements get 0, 0. */
void qir_minmax_channels(const float *x, const int64_t *dims, unsigned rank, unsigned axis,
                         float *lo, float *hi);

#endif
