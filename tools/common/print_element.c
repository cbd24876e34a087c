/* An element of a tensor as text. */
#include "values.h"

#include <string.h>
#include "qir/qmath.h"

void tool_print_element(const qir_type *t, const void *data, int64_t i, qir_strbuf *b)
{
    size_t size = qir_dtype_bytes(t->dtype);
    uint64_t bits = 0;
    memcpy(&bits, (const char *)data + (size_t)i * size, size);
    double d;
    float f;
    switch (t->dtype) {
    case QIR_f64:
        memcpy(&d, &bits, sizeof d);
        qir_strbuf_double(b, d);
        return;
    case QIR_f32:
        memcpy(&f, &bits, sizeof f);
        qir_strbuf_float(b, f);
        return;
    case QIR_f16: qir_strbuf_float(b, qir_f16_to_f32((uint16_t)bits)); return;
    case QIR_bf16: qir_strbuf_float(b, qir_bf16_to_f32((uint16_t)bits)); return;
    default: break;
    }
    unsigned shift = 64 - 8 * (unsigned)size;
    if (qir_dtype_is_signed(t->dtype))
        qir_strbuf_printf(b, "%lld", (long long)((int64_t)(bits << shift) >> shift));
    else
        qir_strbuf_printf(b, "%llu", (unsigned long long)bits);
}
