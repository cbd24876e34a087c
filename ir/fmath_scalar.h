/* Reads qir/fmath.def one float at a time: the vocabulary of that file as scalar C.  Included by
 * ir/fmath.c (functions) and ir/unary.c (unary ops), which define FM_BEGIN and FM_END. */
#ifndef QIR_FMATH_SCALAR_H
#define QIR_FMATH_SCALAR_H

#include <math.h>
#include <stdint.h>
#include "qir/support/bits.h"

static inline float fm_min(float a, float b)
{
    return a < b ? a : b;
}

static inline float fm_max(float a, float b)
{
    return a > b ? a : b;
}

#define V float
#define VI int32_t
#define F(c) (c)
#define I(c) (c)
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define NEG(a) (-(a))
#define ABS(a) fabsf(a)
#define SQRT(a) sqrtf(a)
#define MIN(a, b) fm_min(a, b)
#define MAX(a, b) fm_max(a, b)
#define LT(a, b) ((a) < (b))
#define GT(a, b) ((a) > (b))
#define EQ(a, b) ((a) == (b))
#define SEL(mask, a, b) ((mask) ? (a) : (b))
#define RNE(a) rintf(a)
#define TOINT(a) ((int32_t)(a))
#define TOFLOAT(i) ((float)(i))
#define IADD(a, b) ((int32_t)((uint32_t)(a) + (uint32_t)(b)))
#define ISUB(a, b) ((int32_t)((uint32_t)(a) - (uint32_t)(b)))
#define IAND(a, b) ((a) & (b))
#define IOR(a, b) ((a) | (b))
#define SHL(a, n) ((int32_t)((uint32_t)(a) << (n)))
#define SHR(a, n) ((a) >> (n))
#define BITS(a) ((int32_t)qir_bits_of_f32(a))
#define FROMBITS(i) qir_f32_of_bits((uint32_t)(i))
#define CALL(name, x) qir_fm_##name(x)

#endif
