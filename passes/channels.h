/* Channels that must be scaled alike.
 *
 * Scaling channel c of an activation by a factor is free where every producer and consumer can absorb
 * it: rows of the weight before, columns of the weight behind.  Ops between that are linear or
 * positively homogeneous channel by channel carry the factor through, so (tensor, channel) pairs form
 * classes: a union-find, whose class QIR_CHANNEL_ONE must keep factor 1 (graph inputs and outputs,
 * ops that are not homogeneous). */
#ifndef QIR_CHANNELS_H
#define QIR_CHANNELS_H

#include "qir/ops.h"

enum { QIR_CHANNEL_ONE = 0 };

/* The channels of one value: indices of `axis` are classes base, base + 1, ...; axis -1: the whole
 * value belongs to QIR_CHANNEL_ONE. */
typedef struct qir_span {
    int axis;
    int64_t n;
    uint32_t base;
} qir_span;

typedef struct qir_channels qir_channels;

/* Classes of all f32 values of `f`; in `arena`. */
qir_channels *qir_channels_build(qir_func *f, qir_arena *arena);
/* Constants and other types have axis -1. */
qir_span qir_channels_span(const qir_channels *c, const qir_value *v);
/* The class of channel `i` of a span, as a number below qir_channels_count. */
uint32_t qir_channels_class(const qir_channels *c, qir_span s, int64_t i);
size_t qir_channels_count(const qir_channels *c);

/* --- for the rules (channel_rules.c) ----------------------------------------------------------- */
qir_span qir_channels_new(qir_channels *c, int axis, int64_t n);
void qir_channels_unite(qir_channels *c, uint32_t a, uint32_t b);
/* All channels of `v` keep factor 1. */
void qir_channels_pin(qir_channels *c, const qir_value *v);
/* Says where the channels of the op's result 0 are and unites what must be: one rule per opcode. */
qir_span qir_channel_rule(qir_channels *c, const qir_op *op);

/* What absorbs factors of its operand and its result: conv, conv_transpose or linear with a constant f32
 * weight and, if any, such a bias. */
bool qir_absorbs_channels(const qir_op *op);
/* Is operand `i` a constant in units of the result, which absorbs factors of that: a summand, the weight
 * or bias of a normalization? */
bool qir_takes_factors(const qir_op *op, uint32_t i);
/* Indices of the op's input channel and output channel for element `i` of its weight. */
void qir_weight_channels(const qir_op *op, int64_t i, int64_t *input, int64_t *output);

#endif
