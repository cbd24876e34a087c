/* Weights, biases and what follows from them before anything runs: see weights.h. */
#include "kernels/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "qir/layout.h"
#include "qir/ops.h"
#include "qir/pack.h"
#include "qir/qmath.h"
#include "qir/support/arena.h"
#include "qir/support/assert.h"
#include "qir/support/checked.h"

static qir_diag_engine *diag_of(qcg *g)
{
    return qir_context_diag(g->qir->ctx);
}

static const void *constant_data(qcg *g, unsigned i, const char *what)
{
    qir_const *c = qir_value_const(qir_value_root(qir_op_operand(g->op, i)));
    if (!c) {
        qir_error(diag_of(g), g->op->loc, "codegen.constant",
                  "%s of '%s' must be a constant to be compiled", what, qir_op_name(g->op));
        return NULL;
    }
    return qir_const_data(c);
}

static const qir_type *weight_type(const qcg *g)
{
    const qir_type *t = qir_op_operand(g->op, (uint32_t)qir_op_weight(g->op))->type;
    return t->kind == QIR_PACKED ? t->logical : t;
}

const void *qcg_weight_data(qcg *g, int64_t groups)
{
    unsigned index = (unsigned)qir_op_weight(g->op);
    const qir_type *t = qir_op_operand(g->op, index)->type;
    const void *data = constant_data(g, index, "the weight");
    if (!data || t->kind != QIR_PACKED)
        return data;
    qir_pack_shape shape;
    bool ok = qir_pack_shape_get(t->packing, t->logical, groups, &shape);
    QIR_ASSERT(ok, "packed type that does not fit its weight");
    (void)ok;
    void *raw = qir_arena_alloc(g->arena, qir_type_bytes(t->logical));
    qir_unpack(&shape, t->logical, data, raw);
    return raw;
}

static bool refuse_weight(qcg *g)
{
    return qir_error(diag_of(g), g->op->loc, "codegen.weight",
                     "weights of '%s' must be f32 or quantized to 8 bits, per tensor or per output "
                     "channel (fewer bits and groups: with an input that is not quantized), got %s",
                     qir_op_name(g->op), qir_type_text(g->qir->ctx, weight_type(g)));
}

static int16_t stored_value(const qir_type *t, const void *data, int64_t i)
{
    return qir_dtype_is_signed(t->dtype) ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
}

/* The real values of a quantized weight, and their type. */
static const void *dequantized(qcg *g, const qir_type **t, const void *data)
{
    const qir_quant *q = (*t)->quant;
    int64_t n = qir_type_elements(*t);
    float *v = QIR_NEW_ARRAY(g->arena, float, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        size_t p = qir_quant_index(*t, i);
        v[i] = qir_dequantize_value(stored_value(*t, data, i), q->scale[p], q->zero_point[p]);
    }
    *t = qir_tensor_type(g->qir->ctx, QIR_f32, (*t)->dims, (*t)->rank, g->op->loc);
    return v;
}

enum { ALIGN = 64 };

/* Packed here.  NULL: diagnosed. */
static const void *pack(qcg *g, int64_t groups, qir_packing packing, int64_t sections, qir_pack_shape *shape)
{
    const void *data = qcg_weight_data(g, groups);
    const qir_type *t = weight_type(g);
    if (!data)
        return NULL;
    if (t->quant && qir_dtype_is_float(qir_packing_get(packing)->elem))
        data = dequantized(g, &t, data);
    if (!qir_pack_shape_get_groups(packing, t, groups, shape)) {
        refuse_weight(g);
        return NULL;
    }
    if (sections)
        qir_pack_shape_cut(shape, sections);
    void *packed = qir_arena_alloc(g->arena, qir_pack_bytes(shape));
    qir_pack(shape, t, data, packed);
    return packed;
}

llb_val qcg_weights_packed(qcg *g, int64_t groups, qir_packing packing)
{
    unsigned index = (unsigned)qir_op_weight(g->op);
    const qir_type *t = qir_op_operand(g->op, index)->type;
    bool packed = t->kind == QIR_PACKED && t->packing == packing;
    return packed ? qcg_operand(g, index) : qcg_weights_cut(g, groups, packing, 0);
}

llb_val qcg_weights_cut(qcg *g, int64_t groups, qir_packing packing, int64_t sections)
{
    qir_pack_shape shape;
    const void *data = pack(g, groups, packing, sections, &shape);
    return data ? qcg_const(g, data, qir_pack_bytes(&shape), ALIGN) : NULL;
}

llb_val qcg_weights_halved(qcg *g, qir_packing packing, int64_t sections)
{
    qir_pack_shape shape;
    const char *data = pack(g, 1, packing, sections, &shape);
    if (!data)
        return NULL;
    size_t half = (size_t)(shape.info->nblock * shape.info->kgroup) * qir_dtype_bytes(shape.info->elem) / 2;
    size_t bytes = qir_pack_bytes(&shape) - (size_t)shape.kblocks * half;
    char *halved = qir_arena_copy(g->arena, data, bytes), *to = halved + bytes;
    for (int64_t k = shape.kblocks; k-- > 0;) {
        to -= half;
        memcpy(to, data + bytes + (2 * k - shape.kblocks) * (int64_t)half, half);
    }
    return qcg_const(g, halved, bytes, ALIGN);
}

/* [n][tap][channel], zero points removed. */
static const int16_t *centred(qcg *g, const qir_type *t, const void *data, int64_t taps)
{
    int64_t o = t->dims[0], cin = t->dims[1];
    int16_t *v = QIR_NEW_ARRAY(g->arena, int16_t, (size_t)(o * cin * taps));
    for (int64_t n = 0; n < o; n++) {
        int32_t zp = t->quant->zero_point[(size_t)n % t->quant->count];
        for (int64_t c = 0; c < cin; c++)
            for (int64_t tap = 0; tap < taps; tap++)
                v[(n * taps + tap) * cin + c] =
                    (int16_t)(stored_value(t, data, (n * cin + c) * taps + tap) - zp);
    }
    return v;
}

bool qcg_weights_get(qcg *g, int64_t groups, qcg_weights *w)
{
    const qir_type *t = weight_type(g);
    const void *data = qcg_weight_data(g, groups);
    if (!data || !qir_check_accumulator(g->op, true))
        return false;
    if (!t->quant || t->quant->group || qir_dtype_bits(t->dtype) > 8)
        return refuse_weight(g);
    int64_t taps = 1;
    for (unsigned i = 2; i < t->rank; i++)
        taps *= t->dims[i];
    *w = (qcg_weights){.groups = groups, .n = t->dims[0] / groups, .k = t->dims[1] * taps};
    w->i16 = centred(g, t, data, taps);
    return true;
}

bool qcg_bias_data(qcg *g, const void **data)
{
    *data = NULL;
    unsigned index = (unsigned)qir_op_desc_get(g->op->opcode)->qrule.bias;
    if (!qir_op_operand(g->op, index))
        return true;
    *data = constant_data(g, index, "the bias");
    return *data != NULL;
}

int32_t *qcg_bias_folded(qcg *g, const qcg_weights *w, int32_t x_zp, unsigned lanes)
{
    const void *data;
    if (!qcg_bias_data(g, &data))
        return NULL;
    const int32_t *bias = data;
    int64_t padded = qir_ceil_div(w->n, lanes) * lanes;
    int32_t *v = QIR_NEW_ARRAY(g->arena, int32_t, (size_t)(w->groups * padded));
    for (int64_t row = 0; row < w->groups * w->n; row++) {
        int64_t sum = 0;
        for (int64_t k = 0; k < w->k; k++)
            sum += w->i16[row * w->k + k];
        int64_t start = (bias ? bias[row] : 0) - x_zp * sum;
        v[row / w->n * padded + row % w->n] = (int32_t)(uint32_t)(uint64_t)start;
    }
    return v;
}

llb_val qcg_bias_fold(qcg *g, const qcg_weights *w, int32_t x_zp, unsigned lanes)
{
    const int32_t *v = qcg_bias_folded(g, w, x_zp, lanes);
    int64_t padded = qir_ceil_div(w->n, lanes) * lanes;
    return v ? qcg_const(g, v, (size_t)(w->groups * padded) * sizeof *v, 32) : NULL;
}

static qir_factor factor(const qcg *g, int64_t row)
{
    return qir_product_factor(g->op, qir_op_operand(g->op, 0)->type->quant, weight_type(g)->quant,
                              (size_t)row, g->op->results[0].type->quant);
}

double qcg_largest_scaled(qcg *g, const qcg_weights *w)
{
    const void *data;
    if (!qcg_bias_data(g, &data))
        return INFINITY;
    const int32_t *bias = data;
    double largest = 0.0, most = exp2(qir_dtype_bits(qir_op_operand(g->op, 0)->type->dtype)) - 1.0;
    for (int64_t row = 0; row < w->groups * w->n; row++) {
        double sum = bias ? fabs((double)bias[row]) : 0.0;
        for (int64_t k = 0; k < w->k; k++)
            sum += most * abs(w->i16[row * w->k + k]);
        double scaled = sum * (double)factor(g, row).real;
        largest = scaled > largest ? scaled : largest;
    }
    return largest;
}

const qir_factor *qcg_factors(qcg *g, const qcg_weights *w, unsigned lanes, int64_t *count)
{
    int64_t padded = qir_ceil_div(w->n, lanes) * lanes;
    *count = w->groups * padded;
    qir_factor *m = QIR_NEW_ARRAY(g->arena, qir_factor, (size_t)*count);
    for (int64_t row = 0; row < w->groups * w->n; row++)
        m[row / w->n * padded + row % w->n] = factor(g, row);
    return m;
}
