/* Convolutions, transposed ones and linear layers as matrix products: per group of channels a weight
 * [rows][columns] times a row of operand values for every output position. */
#ifndef QIR_PATCHES_H
#define QIR_PATCHES_H

#include "qir/ops.h"

enum { QIR_PATCH_AXES = 3 };

typedef struct qir_patches {
    bool transposed;
    int64_t groups, rows, columns; /* output channels of a group; its input channels times taps */
    int64_t taps, channels;        /* input channels of all groups */
    int64_t positions;             /* of one sample, images of a batch one after the other */
    int64_t in[QIR_PATCH_AXES], out[QIR_PATCH_AXES], kernel[QIR_PATCH_AXES];
    int64_t stride[QIR_PATCH_AXES], dilation[QIR_PATCH_AXES], pad[QIR_PATCH_AXES];
} qir_patches;

/* Of a conv, conv_transpose or linear with plain operands. */
void qir_patches_get(const qir_op *op, qir_patches *p);

/* The values of operand `x` that position `position` of group `group` sees; zeros where it sees pads. */
void qir_patches_row(const qir_patches *p, const float *x, int64_t group, int64_t position,
                     float *row);

/* Index in the weight of an element of the matrix of `group`. */
int64_t qir_patches_weight(const qir_patches *p, int64_t group, int64_t row, int64_t column);

#endif
