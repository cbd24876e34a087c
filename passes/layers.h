/* Convolutions and linear layers of a module with observers, and what becomes of them in a copy that
 * went through the passes to integers: passes that correct weights or biases look at what the copy
 * computes and change both. */
#ifndef QIR_LAYERS_H
#define QIR_LAYERS_H

#include "qir/ops.h"

typedef struct qir_layers {
    qir_context *ctx;
    qir_op **op; /* in program order: f32 input, constant f32 weight and, if any, such a bias */
    int64_t n;
} qir_layers;

bool qir_is_layer(const qir_op *op);
/* Finds the layers of `f` and writes their numbers on the ops, whose copies keep them. */
void qir_layers_find(qir_layers *l, qir_func *f, qir_arena *arena);
void qir_layers_forget(const qir_layers *l);
/* The layer that `op`, of `f` or of a copy, is; -1: none. */
int64_t qir_layers_number(const qir_layers *l, const qir_op *op);

/* The plain f32 constant that `v` is, or that an observer passes on; NULL: none. */
qir_const *qir_observed_const(const qir_value *v);

/* The bias `b` of `n` channels into a layer of either module: in the copy as the passes would have
 * made it. */
void qir_layer_set_bias(qir_op *op, const float *b, int64_t n);

/* A copy of `m` with its observers turned into integer ops; what stays in float is not told.  NULL:
 * diagnosed. */
qir_module *qir_integer_copy(qir_module *m);

#endif
