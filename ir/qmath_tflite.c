/* The arithmetic of TensorFlow Lite's reference kernels, written after their specification: factors
 * become a 31-bit fraction and a power of two; a product keeps its upper half, rounded to nearest with
 * halves up in magnitude, and is then shifted right, rounded again with halves away from 0.  Fully
 * connected layers go through a matrix library that rounds once. */
#include <math.h>
#include <string.h>
#include "qir/ir.h"
#include "qir/ops.h"
#include "qir/qmath.h"

/* --- factors ---------------------------------------------------------------------------------- */

static qir_factor fixed_factor(float ours, double theirs)
{
    qir_factor f = {.real = ours, .fixed = true};
    int exponent;
    int64_t fraction = (int64_t)round(frexp(theirs, &exponent) * 0x1p31);
    if (fraction == (int64_t)1 << 31) {
        fraction /= 2;
        exponent++;
    }
    if (exponent < -31 || fraction <= 0)
        return f;
    f.fraction = (int32_t)fraction;
    f.exponent = exponent > 30 ? 30 : exponent;
    return f;
}

static qir_factor factor(const qir_op *op, float ours, double theirs)
{
    return qir_op_compat(op) == QIR_COMPAT_TFLITE ? fixed_factor(ours, theirs)
                                                  : (qir_factor){.real = ours};
}

/* Where the reference multiplies scales as floats, and where as doubles. */
static double product_scale(const qir_op *op, const qir_quant *b, float sa, float sb, float sy)
{
    bool per_channel = b->count > 1 || (op->opcode == QIR_OP_conv && b->zero_point[0] == 0);
    if (op->opcode == QIR_OP_mul)
        return (double)qir_requant_multiplier(sa, sb, sy);
    return (per_channel ? (double)sa * (double)sb : (double)(sa * sb)) / (double)sy;
}

qir_factor qir_product_factor(const qir_op *op, const qir_quant *a, const qir_quant *b,
                              size_t channel, const qir_quant *y)
{
    float sa = a->scale[0], sb = b->scale[channel % b->count], sy = y->scale[0];
    qir_factor f = factor(op, qir_requant_multiplier(sa, sb, sy), product_scale(op, b, sa, sb, sy));
    f.once = f.fixed && op->opcode == QIR_OP_linear;
    return f;
}

qir_factor qir_rescale_factor(const qir_op *op, const qir_quant *x, const qir_quant *y)
{
    return factor(op, qir_rescale_multiplier(x->scale[0], y->scale[0]),
                  (double)x->scale[0] / (double)y->scale[0]);
}

/* The reference divides the fraction by n, after moving it up as far as it goes. */
qir_factor qir_mean_factor(const qir_op *op, const qir_quant *x, const qir_quant *y, int64_t n)
{
    qir_factor f = qir_rescale_factor(op, x, y);
    f.real = qir_mean_multiplier(x->scale[0], y->scale[0], n);
    int shift = 63 - __builtin_clzll((unsigned long long)n);
    shift = shift > 32 ? 32 : shift;
    shift = shift > 31 + f.exponent ? 31 + f.exponent : shift;
    if (f.fixed) {
        f.fraction = (int32_t)(((int64_t)f.fraction << shift) / n);
        f.exponent -= shift;
    }
    return f;
}

/* --- applying them ---------------------------------------------------------------------------- */

static int32_t high_half(int32_t a, int32_t b)
{
    int64_t product = (int64_t)a * b;
    int64_t nudge = product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30);
    return (int32_t)((product + nudge) / ((int64_t)1 << 31));
}

static int32_t shift_right(int32_t v, int by)
{
    int32_t mask = (int32_t)(((uint32_t)1 << by) - 1);
    int32_t rest = v & mask, threshold = (mask >> 1) + (v < 0);
    return (v >> by) + (rest > threshold);
}

static int32_t scale(int32_t v, const qir_factor *f)
{
    int t = 31 - f->exponent;
    if (f->once)
        return (int32_t)(((int64_t)v * f->fraction + ((int64_t)1 << (t - 1))) >> t);
    int left = f->exponent > 0 ? f->exponent : 0, right = f->exponent < 0 ? -f->exponent : 0;
    return shift_right(high_half((int32_t)((uint32_t)v << left), f->fraction), right);
}

static int32_t bounded(int64_t v, int32_t lo, int32_t hi)
{
    return (int32_t)(v < lo ? lo : v > hi ? hi : v);
}

int32_t qir_apply_factor(int32_t acc, const qir_factor *f, int32_t lo, int32_t hi, int32_t zp)
{
    return f->fixed ? bounded((int64_t)scale(acc, f) + zp, lo, hi)
                    : qir_requantize(acc, f->real, lo, hi, zp);
}

/* --- sums and means --------------------------------------------------------------------------- */

bool qir_tflite_average(const qir_op *op)
{
    return qir_op_compat(op) == QIR_COMPAT_TFLITE &&
           op->operands[0].value->type->quant == op->results[0].type->quant;
}

int32_t qir_tflite_divide(int32_t sum, int32_t n)
{
    return (sum > 0 ? sum + n / 2 : sum - n / 2) / n;
}

enum { SUM_SHIFT = 20 };

qir_tflite_sum qir_tflite_sum_get(float sa, float sb, float sy)
{
    double twice = 2.0 * (double)(sa > sb ? sa : sb);
    return (qir_tflite_sum){fixed_factor(0.0f, (double)sa / twice),
                            fixed_factor(0.0f, (double)sb / twice),
                            fixed_factor(0.0f, twice / ((double)(1 << SUM_SHIFT) * (double)sy))};
}

int32_t qir_tflite_sum_value(const qir_tflite_sum *s, int32_t a, int32_t b, bool subtract,
                             int32_t lo, int32_t hi, int32_t zp)
{
    int32_t x = scale(a * (1 << SUM_SHIFT), &s->a), y = scale(b * (1 << SUM_SHIFT), &s->b);
    return bounded((int64_t)scale(subtract ? x - y : x + y, &s->y) + zp, lo, hi);
}

/* --- softmax ---------------------------------------------------------------------------------- */

void qir_tflite_softmax_table(float sx, float table[256])
{
    for (int d = 0; d < 256; d++) {
        float x = -sx * (float)d;
        table[d] = (float)exp((double)x);
    }
}

int32_t qir_tflite_softmax_value(float e, float sum, const qir_quant *y)
{
    float inverse = 1.0f / (sum * y->scale[0]), p = e * inverse;
    int32_t q = qir_rne(p);
    q += p - (float)q == 0.5f; /* halves up */
    return bounded((int64_t)q + y->zero_point[0], y->qmin, y->qmax);
}
