/* Inputs that a seed decides. */
#ifndef QCC_DIFFER_DATA_H
#define QCC_DIFFER_DATA_H

#include "qir/eval.h"

/* Values for argument `index`: quantized ones over the range in use with its ends preferred, and for
 * some seeds nothing but the ends; reals in [-4, 4), for some seeds subnormal ones too. */
qir_tensor data_draw(qir_context *ctx, const qir_type *t, uint64_t seed, uint32_t index);

/* A number that looks random: splitmix64. */
uint64_t data_next(uint64_t *state);

#endif
