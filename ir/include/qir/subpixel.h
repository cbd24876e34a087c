/* A transposed convolution with strides s is one convolution with stride 1 for every residue of the
 * result's position modulo s (a phase).  All phases together are one convolution whose result holds
 * them as channels; taking those apart gives the transposed convolution.
 *
 * The evaluator computes so, and the pass expand-conv-transpose rewrites so: one definition of which
 * weights are added up in which order. */
#ifndef QIR_SUBPIXEL_H
#define QIR_SUBPIXEL_H

#include "qir/ir.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { QIR_SUBPIXEL_AXES = 3 };

/* Spatial axes are the last ones; those in front have size 1. */
typedef struct qir_subpixel {
    unsigned axes;
    int64_t groups, cin, cout;              /* channels: operand, and result per group */
    int64_t stride[QIR_SUBPIXEL_AXES];      /* phases per axis */
    int64_t kernel[QIR_SUBPIXEL_AXES];      /* of the convolution */
    int64_t begin[QIR_SUBPIXEL_AXES], end[QIR_SUBPIXEL_AXES]; /* its pads */
    int64_t blocks[QIR_SUBPIXEL_AXES];      /* its result: positions per phase, the last may be cut */
    int64_t old_kernel[QIR_SUBPIXEL_AXES], dilation[QIR_SUBPIXEL_AXES], pad[QIR_SUBPIXEL_AXES];
    int64_t phases, taps;                   /* products of stride and kernel */
} qir_subpixel;

/* Of a conv_transpose. */
void qir_subpixel_get(const qir_op *op, qir_subpixel *s);

/* The convolution's channel for phase `phase` (row-major) of result channel `c`: phases outermost, but
 * inside the channels where there are groups, which must stay together. */
int64_t qir_subpixel_channel(const qir_subpixel *s, int64_t c, int64_t phase);

/* The convolution's weight [phases * O][C / groups][kernel] from w [C][O / groups][old kernel], elements
 * of `esize` bytes; where no tap of w belongs it holds `zero` of channel o of a group (one element each;
 * NULL: zero bytes). */
void qir_subpixel_weight(const qir_subpixel *s, const void *w, size_t esize, const void *zero,
                         void *out);

#ifdef __cplusplus
}
#endif
#endif
