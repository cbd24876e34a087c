/* Arithmetic on sizes that come from files: true = ok, false = overflow (*out untouched). */
#ifndef QIR_SUPPORT_CHECKED_H
#define QIR_SUPPORT_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool qir_mul_size(size_t a, size_t b, size_t *out)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

static inline bool qir_add_size(size_t a, size_t b, size_t *out)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

static inline bool qir_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;
    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

static inline bool qir_add_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t r;
    if (__builtin_add_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

/* Rounds `n` up to a multiple of `align` (a power of two). */
static inline bool qir_align_up(size_t n, size_t align, size_t *out)
{
    size_t r;
    if (!qir_add_size(n, align - 1, &r))
        return false;
    *out = r & ~(align - 1);
    return true;
}

/* ceil(a / b) for a >= 0, b > 0. */
static inline int64_t qir_ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

#endif
