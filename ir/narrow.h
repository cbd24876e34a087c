/* Elements below 8 bits take one byte each in memory, and quantized ones may use a part of their storage
 * type: not every byte is such an element. */
#ifndef QIR_NARROW_H
#define QIR_NARROW_H

#include "qir/context.h"
#include "qir/types.h"

typedef struct qir_bounds {
    int64_t lo, hi;
} qir_bounds;

/* What an element may be, as it is stored; of integer types. */
static inline qir_bounds qir_element_bounds(const qir_type *t)
{
    if (t->quant)
        return (qir_bounds){t->quant->qmin, t->quant->qmax};
    if (t->dtype == QIR_i1)
        return (qir_bounds){0, 1};
    return (qir_bounds){qir_dtype_min(t->dtype), qir_dtype_max(t->dtype)};
}

/* "i4", or "i8<-127:127>" where a part is used. */
static inline const char *qir_element_text(qir_context *ctx, const qir_type *t)
{
    qir_bounds b = qir_element_bounds(t);
    const char *name = qir_dtype_name(t->dtype);
    if (!t->quant || (b.lo == qir_dtype_min(t->dtype) && b.hi == qir_dtype_max(t->dtype)))
        return name;
    return qir_arena_printf(qir_context_arena(ctx), "%s<%d:%d>", name, (int)b.lo, (int)b.hi);
}

/* Index of the first of `n` bytes that is no element of `t`, or `n`. */
static inline size_t qir_first_out_of_range(const qir_type *t, const unsigned char *bytes, size_t n)
{
    bool is_signed = qir_dtype_is_signed(t->dtype);
    size_t i = 0;
    if (qir_dtype_bits(t->dtype) > 8 || (qir_dtype_bits(t->dtype) == 8 && !t->quant))
        return n;
    qir_bounds b = qir_element_bounds(t);
    for (; i < n; i++) {
        int v = is_signed ? (signed char)bytes[i] : bytes[i];
        if (v < b.lo || v > b.hi)
            break;
    }
    return i;
}

#endif
