/* Real bounds of results: the attributes min and max, and relu, which is [0, inf). */
#ifndef QIR_BOUNDS_H
#define QIR_BOUNDS_H

#include "qir/ir.h"

typedef struct qir_bounds {
    float min, max;
} qir_bounds;

/* Of relu or of an op with trait CLAMPED. */
qir_bounds qir_bounds_of(const qir_op *op);
/* Those of clamp(clamp(x, inner), outer). */
qir_bounds qir_bounds_within(qir_bounds inner, qir_bounds outer);
bool qir_bounds_none(qir_bounds b);

#endif
