/* The coordinates of op resize: which operand elements a result element mixes, axis by axis, as ONNX
 * Resize 13 defines it.  The evaluator and the code generator read these tables. */
#ifndef QIR_RESIZE_H
#define QIR_RESIZE_H

#include "qir/ir.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { QIR_RESIZE_TAPS = 4 };

/* The operand elements that one result index mixes along an axis. */
typedef struct qir_resize_mix {
    int64_t index[QIR_RESIZE_TAPS];
    double weight[QIR_RESIZE_TAPS];
    int n;        /* 1: that element as it is; equal for all indices of an axis */
    bool outside; /* the result is the extrapolation value */
} qir_resize_mix;

/* One entry per result index of the axis. */
void qir_resize_axis(const qir_op *op, unsigned axis, qir_resize_mix *out);

/* What is taken from stored integers before they are mixed: 128 for quantized u8, so that the same values
 * stored as i8 mix to the same; else 0. */
double qir_resize_middle(const qir_type *t);
/* The extrapolation value in stored units, less the middle. */
double qir_resize_extrapolation(const qir_op *op);

#ifdef __cplusplus
}
#endif
#endif
