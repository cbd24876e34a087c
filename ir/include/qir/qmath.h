/* Quantization arithmetic: pure functions shared by passes, evaluator and code generator, so that
 * there is one definition of every rounding.  Compiled with -ffp-contract=off.
 * Sources: docs/quantization.md. */
#ifndef QIR_QMATH_H
#define QIR_QMATH_H

#include <stdbool.h>
#include <stdint.h>
#include "qir/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Round to nearest, ties to even (callers run in the default rounding mode).  Inputs beyond int32
 * saturate, infinities included; NaN gives 0. */
int32_t qir_rne(float x);

/* clamp(rne(x * (1/scale)) + zp, qmin, qmax); NaN gives zp. */
int32_t qir_quantize_value(float x, float scale, int32_t zp, int32_t qmin, int32_t qmax);
float qir_dequantize_value(int32_t q, float scale, int32_t zp);

/* Requantization of an i32 accumulator: m = (s_x * s_w) / s_y in fp32, left to right;
 * q = rne(clamp(float(acc) * m, lo - zp, hi - zp)) + zp.  [lo, hi] within the storage range. */
float qir_requant_multiplier(float sx, float sw, float sy);
bool qir_requant_multiplier_ok(float m); /* 2^-32 <= m < 256 */

/* The other multipliers that qir_requantize takes:
 *   mul, matmul        qir_requant_multiplier(s_a, s_b, s_y), acc = (a - z_a) * (b - z_b)
 *   requantize         s_x / s_y, acc = q - z_x
 *   avg_pool, mean     (s_x / s_y) / n, acc = sum(q) - n * z_x, n = elements counted */
float qir_rescale_multiplier(float sx, float sy);
float qir_mean_multiplier(float sx, float sy, int64_t n);
int32_t qir_requantize(int32_t acc, float m, int32_t lo, int32_t hi, int32_t zp);

/* Integer add (XNNPACK's): q = clamp(((bias + a*ma + b*mb) >> shift) + zp); a, b are raw quantized
 * values.  ok is false when a ratio is outside [2^-10, 2^8). */
typedef struct qir_qadd {
    int32_t ma, mb, bias;
    int shift;
} qir_qadd;
bool qir_qadd_params(float sa, int32_t za, float sb, int32_t zb, float sy, qir_qadd *out);
bool qir_qsub_params(float sa, int32_t za, float sb, int32_t zb, float sy, qir_qadd *out); /* a - b */
int32_t qir_qadd_value(const qir_qadd *p, int32_t a, int32_t b, int32_t lo, int32_t hi, int32_t zp);

/* Range of the quantized result under real-valued bounds [min, max] (the attributes min and max):
 * lo = clamp(rne(min/s) + zp), infinities give the storage range. */
void qir_quant_bounds(const qir_quant *q, float min, float max, int32_t *lo, int32_t *hi);

/* (min, max) -> scale, zero point, as PyTorch's determine_qparams: fp32, range widened to hold 0.
 * min > max (nothing observed) or NaN gives scale 1 and zero point 0.  The scale is at least
 * max(eps, 2^-126) and at most FLT_MAX, so infinite ends still give a valid type; without eps the range
 * [0, 0] has scale 1. */
typedef struct qir_qrange {
    int32_t qmin, qmax;
    bool symmetric;
    float eps;
} qir_qrange;
void qir_choose_qparams(const qir_qrange *r, float min, float max, float *scale, int32_t *zp);

/* Quantized integer softmax over one row of `row` elements: with d = max - q (0..255),
 * E[d] = rne(exp(-d * s_x) * 2^k), k the largest with row * 2^k < 2^32, at most 23;
 * q = clamp(rne(float(E) * (256 / float(sum E))) + zp), zp -128 (i8) or 0 (u8). */
int qir_softmax_shift(int64_t row); /* k */
void qir_softmax_table(float sx, int64_t row, uint32_t table[256]);
int32_t qir_softmax_value(uint32_t e, uint64_t sum, int32_t zp);

/* The 256-entry table of a unary op: entry i is the result for storage value qmin_of_type + i (bits
 * of an i8 or u8): quantize(float(fn(double(dequantize(q))))).  `fn` maps reals in double. */
void qir_lookup_table(const qir_quant *x, const qir_quant *y, double (*fn)(double, const float *),
                      const float *args, int8_t table[256]);

/* f16 and bf16, round to nearest even. */
float qir_f16_to_f32(uint16_t h);
uint16_t qir_f32_to_f16(float f);
float qir_bf16_to_f32(uint16_t h);
uint16_t qir_f32_to_bf16(float f);

#ifdef __cplusplus
}
#endif
#endif
