/* Scales of weights of few bits: smaller than what the largest weight needs, where that serves the others. */
#ifndef QIR_SCALE_SEARCH_H
#define QIR_SCALE_SEARCH_H

#include "qir/ops.h"

/* The type that `observe` asks for, but with parameters that make the sum of |error|^2.4 over `w` the
 * least, for each range that it has: of 60 parts of the range of its values, 110 % down to 51 %. */
const qir_type *qir_search_scales(const qir_op *observe, const float *w, qir_arena *scratch);

#endif
