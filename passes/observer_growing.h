/* Histograms as ONNX Runtime's calibrators keep them (quantization/calibrate.py, HistogramCollector
 * with symmetric = False, one collection per sample): equal bins over [-threshold, threshold] of the
 * first sample; a wider one adds bins of the same width at both ends.  numpy.histogram in fp32 says
 * which bin a value falls into. */
#ifndef QIR_OBSERVER_GROWING_H
#define QIR_OBSERVER_GROWING_H

#include "qir/observer.h"

typedef struct qir_growing {
    int64_t n; /* bins; even unless the first number was odd */
    float threshold;
    int64_t *counts;
    int64_t cap;
} qir_growing;

/* `first`: bins to begin with.  False: it would take more than `most` bins, or bins narrower than
 * floats are apart, or a range beyond the largest float. */
bool qir_growing_add(qir_observer *o, const float *x, int64_t n, float lo, float hi, int64_t first,
                     int64_t most);

/* Edge i of the n + 1 edges of the bins. */
float qir_growing_edge(const qir_growing *g, int64_t i);

/* Cuts [*lo, *hi], the range of all values, down to the edges [from, to]. */
void qir_growing_cut(const qir_growing *g, int64_t from, int64_t to, float *lo, float *hi);

void qir_growing_print(const qir_observer *o, qir_strbuf *out);
/* `first` and `most` as above. */
bool qir_growing_parse(qir_observer *o, qir_profile_reader *r, int64_t first, int64_t most);

#endif
