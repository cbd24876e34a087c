/* Shared by the quantization passes: quantized types and constants. */
#ifndef QIR_QUANT_UTIL_H
#define QIR_QUANT_UTIL_H

#include "qir/builder.h"
#include "qir/ir.h"

/* The type that `observe` asks for: from its measured range, or its fixed parameters.  NULL: diagnosed. */
const qir_type *qir_observed_type(const qir_op *observe);

/* The same for other ranges, and the parameters alone; `n`: as many ranges as it has. */
const qir_type *qir_observed_type_for(const qir_op *observe, const float *lo, const float *hi, size_t n);
void qir_observed_params(const qir_op *observe, const float *lo, const float *hi, size_t n,
                         float *scale, int32_t *zp);

/* The type of `observe` with symmetric parameters of these scales. */
const qir_type *qir_observed_type_of(const qir_op *observe, int32_t axis, const float *scale,
                                     size_t n);

/* A new constant NAME.q: `x`, as many numbers as `type` has elements, quantized. */
qir_const *qir_quantize_floats(qir_module *m, const char *name, const qir_loc *loc, const float *x,
                               const qir_type *type);

/* A new constant, f32 `c` quantized to `type`.  NULL: its data cannot be read (diagnosed). */
qir_const *qir_quantize_const(qir_module *m, qir_const *c, const qir_type *type);

/* The integer that a bias becomes beside input scale sx and weight scale sw; INT64_MIN, INT64_MAX:
 * beyond 32 bits. */
int64_t qir_bias_integer(double bias, float sx, float sw);

/* Stored integers of a constant (any integer storage of up to 32 bits), one by one. */
int64_t qir_stored_int(qir_dtype storage, const void *data, int64_t i);

#endif
