/* Packed integers and the rows of quantized constants: see qir/codes.h.  Packing runs once per
 * model, element by element. */
#include "qir/codes.h"

#include <string.h>
#include "qir/support/checked.h"

/* --- several in a byte ------------------------------------------------------------------------ */

size_t qir_codes_bytes(qir_dtype t, int64_t n)
{
    return (size_t)qir_ceil_div(n * (int64_t)qir_dtype_bits(t), 8);
}

void qir_codes_put(qir_dtype t, void *codes, int64_t i, int32_t v)
{
    unsigned bits = qir_dtype_bits(t), mask = (1u << bits) - 1;
    int64_t bit = i * bits;
    ((uint8_t *)codes)[bit / 8] |= (uint8_t)(((unsigned)v & mask) << bit % 8);
}

int32_t qir_codes_get(qir_dtype t, const void *codes, int64_t i)
{
    unsigned bits = qir_dtype_bits(t), mask = (1u << bits) - 1;
    int64_t bit = i * bits;
    unsigned v = ((const uint8_t *)codes)[bit / 8] >> bit % 8 & mask;
    bool negative = qir_dtype_is_signed(t) && v >> (bits - 1);
    return (int32_t)v - (negative ? 1 << bits : 0);
}

/* --- ops that read codes ---------------------------------------------------------------------- */

int qir_codes_operand(qir_opcode opcode)
{
    static const struct {
        qir_opcode opcode;
        int operand;
    } readers[] = {{QIR_OP_conv, 1},   {QIR_OP_conv_transpose, 1}, {QIR_OP_linear, 1},
                   {QIR_OP_gather, 0}, {QIR_OP_lstm, 1},           {QIR_OP_gru, 1},
                   {QIR_OP_rnn, 1}};
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
        if (readers[i].opcode == opcode)
            return readers[i].operand;
    return -1;
}

/* --- rows of a constant ----------------------------------------------------------------------- */

bool qir_has_codes(const qir_type *t)
{
    const qir_quant *q = t->quant;
    return t->kind == QIR_TENSOR && q && !q->dynamic && q->expressed == QIR_f32 &&
           qir_dtype_bits(t->dtype) <= 8;
}

static bool has_rows(const qir_type *t)
{
    const qir_quant *q = t->quant;
    return qir_has_codes(t) && t->rank >= 2 &&
           (q->axis < 0 || (q->axis == 0 && !q->group) || (q->axis == 1 && q->group));
}

bool qir_code_rows_get(const qir_type *t, qir_code_rows *r)
{
    if (!has_rows(t))
        return false;
    const qir_quant *q = t->quant;
    int64_t k = qir_type_elements(t) / (t->dims[0] ? t->dims[0] : 1);
    *r = (qir_code_rows){.rows = t->dims[0], .k = k, .taps = 1, .segments = 1, .segment = k};
    r->params = q->axis == 0;
    if (q->group) {
        r->segments = r->params = t->dims[1] / q->group;
        r->segment = q->group;
        r->taps = t->dims[1] ? k / t->dims[1] : 1;
    }
    r->segment_bytes = qir_codes_bytes(t->dtype, r->segment);
    r->row_bytes = r->segment_bytes * (size_t)(r->taps * r->segments);
    return true;
}

void qir_code_rows_pack(const qir_code_rows *r, const qir_type *t, const void *src, void *dst)
{
    int64_t channels = t->dims[1], taps = channels ? r->k / channels : 1;
    memset(dst, 0, r->row_bytes * (size_t)r->rows);
    for (int64_t row = 0; row < r->rows; row++)
        for (int64_t k = 0; k < r->k; k++) {
            int64_t from = (row * channels + k % channels) * taps + k / channels;
            int64_t segment = row * r->taps * r->segments + k / r->segment;
            qir_codes_put(t->dtype, (char *)dst + (size_t)segment * r->segment_bytes,
                          k % r->segment, ((const uint8_t *)src)[from]);
        }
}
