/* Integer counts on a grid whose bins are 2^exp wide and start at multiples of that.
 *
 * Position and width of the bins follow from the range of all values alone: the narrowest bins of
 * which GRID_BINS cover it.  A wider range folds bins together, exactly, since every bin lies
 * within one bin of the coarser grid.  So the counts are those of the set of values, in whatever order and
 * in however many parts it came.  Zeros, which quantization keeps exactly, are counted apart. */
#ifndef QIR_OBSERVER_GRID_H
#define QIR_OBSERVER_GRID_H

#include "qir/observer.h"

enum { GRID_BINS = 4096 };

typedef struct qir_grid {
    int exp;
    int64_t first; /* bin i holds the values in [first + i, first + i + 1) * 2^exp */
    int64_t zeros;
    int64_t counts[GRID_BINS];
} qir_grid;

/* The functions of kinds whose state is a grid. */
bool qir_grid_add(qir_observer *o, const float *x, int64_t n, float lo, float hi);
void qir_grid_merge(qir_observer *into, const qir_observer *from);
void qir_grid_print(const qir_observer *o, qir_strbuf *out);
bool qir_grid_parse(qir_observer *o, qir_profile_reader *r);

/* --- the squared error of quantizing a grid's values ------------------------------------------ */

/* Sums over the bins from the first on, of counts, positions and their squares: values stand in the
 * middles of their bins, and positions count in bins from bin 0. */
typedef struct qir_grid_sums {
    const qir_grid *grid;
    double width;
    double n[GRID_BINS + 1], x[GRID_BINS + 1], xx[GRID_BINS + 1];
} qir_grid_sums;

void qir_grid_sum(const qir_grid *g, qir_grid_sums *out);

/* What quantize and dequantize with the parameters for [lo, hi] do to the values; errors of values
 * that do not fit the integers count `clipped` times. */
double qir_grid_error(const qir_grid_sums *s, const qir_qrange *range, float lo, float hi,
                      double clipped);

#endif
