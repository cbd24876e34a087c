/* Floats as their bits and back. */
#ifndef QIR_SUPPORT_BITS_H
#define QIR_SUPPORT_BITS_H

#include <stdint.h>
#include <string.h>

static inline uint32_t qir_bits_of_f32(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float qir_f32_of_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static inline double qir_f64_of_bits(uint64_t u)
{
    double d;
    memcpy(&d, &u, sizeof d);
    return d;
}

#endif
