/* Quantization arithmetic: the one definition of every rounding that passes, evaluator and code
 * generator share.  Built without contraction, called in the default rounding mode.
 *
 * Not-a-number and infinity: real values enter through qir_quantize_value only, where NaN gives the
 * zero point and infinities saturate; everything behind it is finite. */
#include "qir/qmath.h"

#include <float.h>
#include <math.h>
#include "qir/support/assert.h"

static int32_t clamp_i64(int64_t v, int64_t lo, int64_t hi)
{
    return (int32_t)(v < lo ? lo : v > hi ? hi : v);
}

static float clamp_f32(float v, float lo, float hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

int32_t qir_rne(float x)
{
    if (x != x)
        return 0;
    if (x >= 2147483648.0f)
        return INT32_MAX;
    if (x < -2147483648.0f)
        return INT32_MIN;
    return (int32_t)lrintf(x);
}

int32_t qir_quantize_value(float x, float scale, int32_t zp, int32_t qmin, int32_t qmax)
{
    if (x != x)
        return zp;
    float inv = 1.0f / scale;
    return clamp_i64((int64_t)qir_rne(x * inv) + zp, qmin, qmax);
}

float qir_dequantize_value(int32_t q, float scale, int32_t zp)
{
    return ((float)q - (float)zp) * scale;
}

/* --- multipliers ----------------------------------------------------------------------------- */

float qir_requant_multiplier(float sx, float sw, float sy)
{
    float product = sx * sw; /* left to right: part of the definition */
    return product / sy;
}

float qir_rescale_multiplier(float sx, float sy)
{
    return sx / sy;
}

float qir_mean_multiplier(float sx, float sy, int64_t n)
{
    QIR_ASSERT(n > 0, "a mean counts at least one element");
    float counted = sy * (float)n;
    return sx / counted;
}

int32_t qir_requant_limit(const qir_quant *y)
{
    return qir_dtype_bits(y->storage) > 8 ? 1 << 16 : 1 << 8;
}

bool qir_requant_multiplier_ok(float m, const qir_quant *y)
{
    return m >= 0x1p-32f && m < (float)qir_requant_limit(y);
}

static int32_t round_within(float f, int32_t lo, int32_t hi, int32_t zp)
{
    f = clamp_f32(f, (float)((int64_t)lo - zp), (float)((int64_t)hi - zp));
    return clamp_i64((int64_t)qir_rne(f) + zp, lo, hi);
}

int32_t qir_requantize(int32_t acc, float m, int32_t lo, int32_t hi, int32_t zp)
{
    return round_within((float)acc * m, lo, hi, zp);
}

/* --- integer add ----------------------------------------------------------------------------- */

static bool add_ratio_ok(float r)
{
    return r >= 0x1p-10f && r < 256.0f;
}

/* `sign` is -1 for a subtraction. */
static bool qadd_params(float sa, int32_t za, float sb, int32_t zb, float sy, int sign,
                        qir_qadd *out)
{
    float ra = sa / sy, rb = sb / sy;
    if (!add_ratio_ok(ra) || !add_ratio_ok(rb))
        return false;
    int e;
    frexpf(ra > rb ? ra : rb,
           &e); /* value in [0.5, 1) * 2^e: the exponent of the format is e - 1 */
    int shift = 20 - (e - 1);
    int32_t ma = qir_rne(ldexpf(ra, shift));
    int32_t mb = sign * qir_rne(ldexpf(rb, shift));
    *out = (qir_qadd){.ma = ma,
                      .mb = mb,
                      .bias = (int32_t)((1 << (shift - 1)) - (int64_t)ma * za - (int64_t)mb * zb),
                      .shift = shift};
    return true;
}

bool qir_qadd_params(float sa, int32_t za, float sb, int32_t zb, float sy, qir_qadd *out)
{
    return qadd_params(sa, za, sb, zb, sy, 1, out);
}

bool qir_qsub_params(float sa, int32_t za, float sb, int32_t zb, float sy, qir_qadd *out)
{
    return qadd_params(sa, za, sb, zb, sy, -1, out);
}

int32_t qir_qadd_value(const qir_qadd *p, int32_t a, int32_t b, int32_t lo, int32_t hi, int32_t zp)
{
    int32_t sum = p->bias + a * p->ma + b * p->mb;
    return clamp_i64((int64_t)(sum >> p->shift) + zp, lo, hi);
}

bool qir_sum_is_wide(const qir_quant *a, const qir_quant *b, const qir_quant *y)
{
    return qir_dtype_bits(a->storage) > 8 || qir_dtype_bits(b->storage) > 8 ||
           qir_dtype_bits(y->storage) > 8;
}

bool qir_wide_sum_params(const qir_quant *a, const qir_quant *b, const qir_quant *y, bool subtract,
                         qir_wide_sum *out)
{
    float ma = a->scale[0] / y->scale[0], mb = b->scale[0] / y->scale[0];
    *out = (qir_wide_sum){a->zero_point[0], b->zero_point[0], ma, subtract ? -mb : mb};
    return qir_requant_multiplier_ok(ma, y) && qir_requant_multiplier_ok(mb, y);
}

int32_t qir_wide_sum_value(const qir_wide_sum *s, int32_t a, int32_t b, int32_t lo, int32_t hi, int32_t zp)
{
    float x = (float)(a - s->za) * s->ma, y = (float)(b - s->zb) * s->mb;
    return round_within(x + y, lo, hi, zp);
}

/* --- ranges ---------------------------------------------------------------------------------- */

static int32_t bound(const qir_quant *q, float v)
{
    return clamp_i64((int64_t)qir_rne(v / q->scale[0]) + q->zero_point[0], q->qmin, q->qmax);
}

void qir_quant_bounds(const qir_quant *q, float min, float max, int32_t *lo, int32_t *hi)
{
    *lo = min == -INFINITY ? q->qmin : bound(q, min);
    *hi = max == INFINITY ? q->qmax : bound(q, max);
}

static int32_t symmetric_zero_point(const qir_qrange *r)
{
    if (r->qmin < 0)
        return 0;
    if (r->qmin == 0 && (r->qmax == 255 || r->qmax == 65535))
        return (r->qmax + 1) / 2;
    return (r->qmin + r->qmax) / 2;
}

static float finite_scale(float scale, float eps)
{
    if (scale == 0.0f && eps == 0.0f)
        return 1.0f;
    float least = eps > FLT_MIN ? eps : FLT_MIN;
    return clamp_f32(scale, least, FLT_MAX);
}

/* u64 has no bounds below 0 and, as far as fp32 attributes go, none from 2^63 on. */
qir_int_range qir_int_bounds(qir_dtype t, float min, float max)
{
    const float limit = 0x1p63f;
    qir_int_range r = {.is_u64 = t == QIR_u64};
    r.lo = min > -limit ? (int64_t)ceilf(min < limit ? min : 0.0f) : INT64_MIN;
    r.hi = max < limit ? (int64_t)floorf(max > -limit ? max : 0.0f) : INT64_MAX;
    if (r.is_u64) {
        r.lo = r.lo < 0 ? 0 : r.lo;
        r.hi = r.hi < 0 ? 0 : r.hi == INT64_MAX ? -1 : r.hi;
    }
    return r;
}

void qir_choose_qparams(const qir_qrange *r, float min, float max, float *scale, int32_t *zp)
{
    if (!(min <= max)) { /* nothing observed, or NaN */
        *scale = 1.0f;
        *zp = clamp_i64(0, r->qmin, r->qmax);
        return;
    }
    float mn = min < 0.0f ? min : 0.0f, mx = max > 0.0f ? max : 0.0f;
    float span = (float)((int64_t)r->qmax - r->qmin);
    if (r->symmetric) {
        float magnitude = -mn > mx ? -mn : mx;
        *scale = finite_scale(magnitude / (span / 2.0f), r->eps);
        *zp = symmetric_zero_point(r);
        return;
    }
    *scale = finite_scale((mx - mn) / span, r->eps);
    *zp = clamp_i64((int64_t)r->qmin - qir_rne(mn / *scale), r->qmin, r->qmax);
}

void qir_xnnpack_qparams(const qir_qrange *r, float min, float max, float *scale, int32_t *zp)
{
    float mn = min < 0.0f ? min : 0.0f, mx = max > 0.0f ? max : 0.0f;
    float lo = (float)r->qmin, hi = (float)r->qmax;
    float multiplier = mn == mx ? 1.0f : clamp_f32((hi - lo) / (mx - mn), FLT_MIN, FLT_MAX);
    float below = mn * multiplier, above = mx * multiplier;
    float z = (lo + below) + (hi + above) > 0.0f ? lo - below : hi - above;
    *scale = 1.0f / multiplier;
    *zp = qir_rne(clamp_f32(z, lo, hi));
}

/* --- tables ---------------------------------------------------------------------------------- */

int qir_softmax_shift(int64_t row)
{
    int k = 23;
    while (k > 0 && row > (int64_t)(UINT32_MAX >> k))
        k--;
    return k;
}

void qir_softmax_table(float sx, int64_t row, uint32_t table[256])
{
    double one = ldexp(1.0, qir_softmax_shift(row));
    for (int d = 0; d < 256; d++)
        table[d] = (uint32_t)rint(exp(-d * (double)sx) * one);
}

int32_t qir_softmax_value(uint32_t e, uint64_t sum, const qir_quant *y)
{
    int32_t zp = y->zero_point[0];
    float f = (float)e * ((1.0f / y->scale[0]) / (float)sum);
    float most = (float)(y->qmax - zp), least = (float)(y->qmin - zp);
    f = f > most ? most : f < least ? least : f;
    return (int32_t)qir_rne(f) + zp;
}

void qir_lookup_table(const qir_quant *x, const qir_quant *y, double (*fn)(double, const float *),
                      const float *args, int8_t table[256])
{
    int32_t first = (int32_t)qir_dtype_min(x->storage);
    for (int i = 0; i < 256; i++) {
        float real = qir_dequantize_value(first + i, x->scale[0], x->zero_point[0]);
        int32_t q = qir_quantize_value((float)fn(real, args), y->scale[0], y->zero_point[0],
                                       y->qmin, y->qmax);
        table[i] = (int8_t)(uint8_t)q;
    }
}
