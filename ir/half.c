/* f16 and bf16: conversions by bits, rounded to nearest even.  Elements of any type. */
#include "qir/qmath.h"

#include <math.h>
#include <string.h>
#include "qir/support/bits.h"

/* u >> n, rounded to nearest, ties to even; 0 < n < 32. */
static uint32_t shift_rne(uint32_t u, unsigned n)
{
    uint32_t half = 1u << (n - 1), rest = u & ((1u << n) - 1), q = u >> n;
    return q + (rest > half || (rest == half && (q & 1)));
}

float qir_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, magnitude = h & 0x7fffu;
    if (magnitude >= 0x7c00u)
        return qir_f32_of_bits(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    if (magnitude < 0x400u) { /* subnormal: exact in fp32 */
        float f = (float)magnitude * 0x1p-24f;
        return sign ? -f : f;
    }
    return qir_f32_of_bits(sign | ((magnitude << 13) + (112u << 23)));
}

uint16_t qir_f32_to_f16(float f)
{
    uint32_t u = qir_bits_of_f32(f), sign = u >> 16 & 0x8000u, magnitude = u & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
    if (magnitude >= 0x47800000u) /* 2^16 and above; the carry below reaches infinity for 65520.. */
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude < 0x38800000u) { /* below 2^-14: multiples of 2^-24 */
        float units = fabsf(f) * 0x1p24f;
        return (uint16_t)(sign | (uint32_t)qir_rne(units));
    }
    return (uint16_t)(sign | shift_rne(magnitude - (112u << 23), 13));
}

float qir_bf16_to_f32(uint16_t h)
{
    return qir_f32_of_bits((uint32_t)h << 16);
}

uint16_t qir_f32_to_bf16(float f)
{
    uint32_t u = qir_bits_of_f32(f);
    if ((u & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(u >> 16 | 0x40u); /* stays NaN when the low payload is cut */
    return (uint16_t)shift_rne(u, 16);
}

int64_t qir_load_int(qir_dtype t, const void *p)
{
    uint64_t bits = 0;
    unsigned size = qir_dtype_bytes(t), unused = 64 - 8 * size;
    memcpy(&bits, p, size); /* little-endian hosts */
    return qir_dtype_is_signed(t) ? (int64_t)(bits << unused) >> unused : (int64_t)bits;
}

double qir_load_float(qir_dtype t, const void *p)
{
    uint16_t half;
    float f;
    double d;
    if (t == QIR_f64) {
        memcpy(&d, p, sizeof d);
        return d;
    }
    if (t == QIR_f32) {
        memcpy(&f, p, sizeof f);
        return (double)f;
    }
    memcpy(&half, p, sizeof half);
    return (double)(t == QIR_f16 ? qir_f16_to_f32(half) : qir_bf16_to_f32(half));
}
