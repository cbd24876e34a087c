/* Elements below 8 bits take one byte each in memory; not every byte is such an element. */
#ifndef QIR_NARROW_H
#define QIR_NARROW_H

#include "qir/types.h"

/* Index of the first of `n` bytes that is no element of `t`, or `n`. */
static inline size_t qir_first_out_of_range(qir_dtype t, const unsigned char *bytes, size_t n)
{
    size_t i = 0;
    if (qir_dtype_bits(t) >= 8)
        return n;
    int lo = t == QIR_i1 ? 0 : (int)qir_dtype_min(t), hi = t == QIR_i1 ? 1 : (int)qir_dtype_max(t);
    for (; i < n; i++) {
        int v = qir_dtype_is_signed(t) ? (signed char)bytes[i] : bytes[i];
        if (v < lo || v > hi)
            break;
    }
    return i;
}

#endif
