/* Values of tensors: made up for tests, and printed. */
#ifndef QCC_TOOLS_VALUES_H
#define QCC_TOOLS_VALUES_H

#include "qir/eval.h"
#include "qir/support/strbuf.h"

/* Fills one tensor per argument with random values in memory of `arena`: quantized and integer types over
 * their range, indices and sizes over what they may be, floats over the range of the quantize op that
 * reads them, else [-1, 1).  The same seed gives the same values on every host. */
void tool_random_inputs(const qir_func *f, qir_arena *arena, uint64_t seed, qir_tensor *in);

/* The same with values at the limits: number 0 is the smallest everywhere, 1 the largest, later ones mix
 * limits, their neighbours, zeros and random values. */
void tool_edge_inputs(const qir_func *f, qir_arena *arena, unsigned number, qir_tensor *in);

/* Element `i` as a number. */
void tool_print_element(const qir_type *t, const void *data, int64_t i, qir_strbuf *out);

#endif
