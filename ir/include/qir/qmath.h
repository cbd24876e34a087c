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

/* Round to nearest, ties to even, whatever the host's rounding mode is not: callers run in the
 * default mode.  Inputs beyond int32 saturate. */
int32_t qir_rne(float x);

/* clamp(rne(x * (1/scale)) + zp, qmin, qmax); NaN gives zp. */
int32_t qir_quantize_value(float x, float scale, int32_t zp, int32_t qmin, int32_t qmax);
float qir_dequantize_value(int32_t q, float scale, int32_t zp);

/* Requantization of an i32 accumulator: m = (s_x * s_w) / s_y in fp32, left to right;
 * q = rne(clamp(float(acc) * m, lo - zp, hi - zp)) + zp.  [lo, hi] within the storage range. */
float qir_requant_multiplier(float sx, float sw, float sy);
bool qir_requant_multiplier_ok(float m); /* 2^-32 <= m < 256 */
int32_t qir_requantize(int32_t acc, float m, int32_t lo, int32_t hi, int32_t zp);

/* Integer add (XNNPACK's): q = clamp(((bias + a*ma + b*mb) >> shift) + zp); a, b are raw quantized
 * values.  ok is false when a ratio is outside [2^-10, 2^8). */
typedef struct qir_qadd {
    int32_t ma, mb, bias;
    int shift;
} qir_qadd;
bool qir_qadd_params(float sa, int32_t za, float sb, int32_t zb, float sy, qir_qadd *out);
int32_t qir_qadd_value(const qir_qadd *p, int32_t a, int32_t b, int32_t lo, int32_t hi, int32_t zp);

/* Range of the quantized result under real-valued bounds [min, max] (the attributes min and max):
 * lo = clamp(rne(min/s) + zp), infinities give the storage range. */
void qir_quant_bounds(const qir_quant *q, float min, float max, int32_t *lo, int32_t *hi);

/* (min, max) -> scale, zero point, as PyTorch's determine_qparams: fp32, range widened to hold 0. */
typedef struct qir_qrange {
    int32_t qmin, qmax;
    bool symmetric;
    float eps;
} qir_qrange;
void qir_choose_qparams(const qir_qrange *r, float min, float max, float *scale, int32_t *zp);

/* Quantized integer softmax over one row: E[d] = rne(exp(-d * s_x) * 2^k), k as large as row
 * length allows (at most 23); 256 entries. */
void qir_softmax_table(float sx, int64_t row, uint32_t table[256]);

/* The 256-entry table of a unary op: entry i is the result for storage value qmin_of_type + i.
 * `fn` maps reals in double. */
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
