/* Between the two files of rules of channels.h. */
#ifndef QIR_CHANNEL_RULES_H
#define QIR_CHANNEL_RULES_H

#include "channels.h"

/* All of a value in the class of factor 1. */
extern const qir_span qir_span_one;

/* The op carries no factors: everything it takes and gives has factor 1. */
qir_span qir_channels_pin_all(qir_channels *c, const qir_op *op);
/* max(x, 0) and no bound at all commute with positive factors. */
bool qir_is_homogeneous(const qir_op *op);
/* Channel by channel; equal lengths. */
void qir_channels_unite_spans(qir_channels *c, qir_span a, qir_span b);

qir_span qir_channels_transpose(qir_channels *c, const qir_op *op);
qir_span qir_channels_reshape(qir_channels *c, const qir_op *op);
qir_span qir_channels_slice(qir_channels *c, const qir_op *op);
qir_span qir_channels_pad(qir_channels *c, const qir_op *op);
qir_span qir_channels_concat(qir_channels *c, const qir_op *op);
qir_span qir_channels_reduce(qir_channels *c, const qir_op *op);
qir_span qir_channels_spatial(qir_channels *c, const qir_op *op);
qir_span qir_channels_expand(qir_channels *c, const qir_op *op);
qir_span qir_channels_gather(qir_channels *c, const qir_op *op);
qir_span qir_channels_matmul(qir_channels *c, const qir_op *op);
qir_span qir_channels_attention(qir_channels *c, const qir_op *op);

#endif
