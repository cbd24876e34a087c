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
/* 2^-32 <= m < 2^8, or 2^16 where the result has more than 8 bits. */
int32_t qir_requant_limit(const qir_quant *y);
bool qir_requant_multiplier_ok(float m, const qir_quant *y);

/* The other multipliers that qir_requantize takes:
 *   mul, matmul        qir_requant_multiplier(s_a, s_b, s_y), acc = (a - z_a) * (b - z_b)
 *   requantize         s_x / s_y, acc = q - z_x
 *   avg_pool, mean     s_x / (s_y * n), acc = sum(q) - n * z_x, n = elements counted */
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

/* add and sub where operands or result have 16 bits, whose products with those multipliers would not fit
 * i32: m = s_a / s_y and s_b / s_y (sub: less that) within qir_requant_multiplier_ok,
 * q = rne(clamp(float(a - z_a) * m_a + float(b - z_b) * m_b, lo - zp, hi - zp)) + zp. */
typedef struct qir_wide_sum {
    int32_t za, zb;
    float ma, mb;
} qir_wide_sum;
bool qir_sum_is_wide(const qir_quant *a, const qir_quant *b, const qir_quant *y);
bool qir_wide_sum_params(const qir_quant *a, const qir_quant *b, const qir_quant *y, bool subtract,
                         qir_wide_sum *out);
int32_t qir_wide_sum_value(const qir_wide_sum *s, int32_t a, int32_t b, int32_t lo, int32_t hi, int32_t zp);

/* Range of the quantized result under real-valued bounds [min, max] (the attributes min and max):
 * lo = clamp(rne(min/s) + zp), infinities give the storage range. */
void qir_quant_bounds(const qir_quant *q, float min, float max, int32_t *lo, int32_t *hi);

/* Range of a plain integer result under real bounds: [ceil(min), floor(max)], in which values compare
 * as 64 bits, those of u64 unsigned.  Infinities bound nothing. */
typedef struct qir_int_range {
    int64_t lo, hi;
    bool is_u64;
} qir_int_range;
qir_int_range qir_int_bounds(qir_dtype t, float min, float max);

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
 * q = rne(clamp(float(E) * ((1 / s_y) / float(sum E)), qmin - zp, qmax - zp)) + zp. */
int qir_softmax_shift(int64_t row); /* k */
void qir_softmax_table(float sx, int64_t row, uint32_t table[256]);
int32_t qir_softmax_value(uint32_t e, uint64_t sum, const qir_quant *y);

/* The 256-entry table of a unary op: entry i is the result for storage value qmin_of_type + i (bits
 * of an i8 or u8): quantize(float(fn(double(dequantize(q))))).  `fn` maps reals in double. */
void qir_lookup_table(const qir_quant *x, const qir_quant *y, double (*fn)(double, const float *),
                      const float *args, int8_t table[256]);

/* XNNPACK's way to an affine pair: the multiplier span / (max - min) comes first, 1 for [0, 0], within
 * [2^-126, FLT_MAX]; the scale is its reciprocal; the zero point is measured from the end of the range
 * whose error is smaller.  Ranges and eps as above; eps is not looked at. */
void qir_xnnpack_qparams(const qir_qrange *r, float min, float max, float *scale, int32_t *zp);

/* --- compatibility (compat.c, qmath_tflite.c) -------------------------------------------------
 * Integer ops compute as docs/quantization.md says, or, where the module has the attribute
 * compat = "tflite", as TensorFlow Lite's reference kernels do: a fixed-point multiplier, its product
 * rounded twice (linear: once).  compat = "xnnpack": choose_qparams uses qir_xnnpack_qparams, unless
 * symmetric.  Evaluator and code generator ask here, op by op. */
struct qir_op;
struct qir_module;
typedef enum qir_compat { QIR_COMPAT_NONE, QIR_COMPAT_TFLITE, QIR_COMPAT_XNNPACK } qir_compat;
qir_compat qir_op_compat(const struct qir_op *op);
/* Sets the attribute.  False: diagnosed, the name is unknown. */
bool qir_module_set_compat(struct qir_module *m, const char *name);

/* A factor of i32 sums as either arithmetic applies it. */
typedef struct qir_factor {
    float real;       /* ours */
    bool fixed;       /* theirs: fraction * 2^(exponent - 31), with fraction 0 or in [2^30, 2^31) */
    bool once;        /* its product is rounded once, halves up, not twice */
    int32_t fraction, exponent;
} qir_factor;

/* The factors of the ops above: of products (conv, linear, mul, matmul) with parameter `channel` of
 * b, of requantize, and of means over n elements. */
qir_factor qir_product_factor(const struct qir_op *op, const qir_quant *a, const qir_quant *b,
                              size_t channel, const qir_quant *y);
qir_factor qir_rescale_factor(const struct qir_op *op, const qir_quant *x, const qir_quant *y);
qir_factor qir_mean_factor(const struct qir_op *op, const qir_quant *x, const qir_quant *y,
                           int64_t n);
/* qir_requantize with either kind of factor. */
int32_t qir_apply_factor(int32_t acc, const qir_factor *f, int32_t lo, int32_t hi, int32_t zp);

/* TensorFlow Lite only.  An average pool of equal parameters divides the sum of what is stored, halves
 * away from 0. */
bool qir_tflite_average(const struct qir_op *op);
int32_t qir_tflite_divide(int32_t sum, int32_t n);
/* add, sub: both operands times 2^20, to twice the larger scale, and from there to the result's. */
typedef struct qir_tflite_sum {
    qir_factor a, b, y;
} qir_tflite_sum;
qir_tflite_sum qir_tflite_sum_get(float sa, float sb, float sy);
int32_t qir_tflite_sum_value(const qir_tflite_sum *s, int32_t a, int32_t b, bool subtract,
                             int32_t lo, int32_t hi, int32_t zp);
/* softmax: E[d] = exp(-d * s_x) in fp32, summed in order; q = round(E * (1 / (sum * s_y))) + zp. */
void qir_tflite_softmax_table(float sx, float table[256]);
int32_t qir_tflite_softmax_value(float e, float sum, const qir_quant *y);

/* f16 and bf16, round to nearest even. */
float qir_f16_to_f32(uint16_t h);
uint16_t qir_f32_to_f16(float f);
float qir_bf16_to_f32(uint16_t h);
uint16_t qir_f32_to_bf16(float f);

/* One element in memory, at any address: of integers, extended by their sign; of floats, as it is. */
int64_t qir_load_int(qir_dtype t, const void *p);
double qir_load_float(qir_dtype t, const void *p);

#ifdef __cplusplus
}
#endif
#endif
