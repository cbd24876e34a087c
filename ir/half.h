/* f16 and bf16 as bits: to f32 exactly, from f32 by round to nearest even. */
#ifndef QIR_HALF_H
#define QIR_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t qir_f32_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float qir_f32_from_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static inline uint16_t qir_f32_to_bf16(float f)
{
    uint32_t u = qir_f32_bits(f);
    if ((u & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(u >> 16 | 0x40); /* NaN stays NaN */
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static inline float qir_bf16_to_f32(uint16_t h)
{
    return qir_f32_from_bits((uint32_t)h << 16);
}

/* (m + ties) >> shift, to nearest even. */
static inline uint32_t qir_shift_rne(uint32_t m, unsigned shift)
{
    uint32_t half = UINT32_C(1) << (shift - 1);
    return (m + half - 1 + (m >> shift & 1)) >> shift;
}

static inline uint16_t qir_f32_to_f16(float f)
{
    uint32_t u = qir_f32_bits(f), sign = u >> 16 & 0x8000, mag = u & 0x7fffffff;
    if (mag > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | (mag >> 13 & 0x1ff));
    if (mag >= 0x477ff000) /* rounds to 65536 or more */
        return (uint16_t)(sign | 0x7c00);
    if (mag >= 0x38800000) /* normal: 2^-14 and above */
        return (uint16_t)(sign | (qir_shift_rne(mag, 13) - (112 << 10)));
    if (mag < 0x33000000) /* below half of the smallest */
        return (uint16_t)sign;
    unsigned shift = 126 - (mag >> 23);
    return (uint16_t)(sign | qir_shift_rne((mag & 0x7fffff) | 0x800000, shift));
}

static inline float qir_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exp = h >> 10 & 31, man = h & 0x3ff;
    if (exp == 31)
        return qir_f32_from_bits(sign | 0x7f800000 | man << 13);
    if (exp)
        return qir_f32_from_bits(sign | (exp + 112) << 23 | man << 13);
    float f = (float)man * 0x1p-24f;
    return sign ? -f : f;
}

#endif
