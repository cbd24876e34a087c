/* Integer operands of convolutions and linear layers (rule ACCUM).
 *
 *   acc[c] = sum (x - z_x) * (w - z_w[c]) + b[c]          i32
 *   y      = rne(acc[c] * (s_x * s_w[c] / s_y)) + z_y     fp32 multiply
 *
 * The bias becomes i32 with scale s_x * s_w[c].  Channels whose weights are all zero compute their
 * bias alone; their scale is free and becomes the layer's largest, so that the bias fits (but where
 * groups of a transposed convolution share scales).  |acc| is bounded on the integer op
 * (ir/accumulator.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "lowering.h"
#include "prepack.h"
#include "qir/qmath.h"
#include "qir/support/bug.h"
#include "quant_util.h"

typedef struct accum {
    qir_lowering *l;
    const qir_quant *x;
    const qir_type *w; /* of the constant weight */
    qir_const *weight;
    qir_op *prepack; /* of the weight, where insert-prepack-unpack put one; NULL */
    int64_t channels, shared; /* of the result; of the weight's axis, which all groups share */
    float *sw;           /* scale of each channel, repaired */
    int64_t *weight_sum; /* sum |w - z_w| of each channel */
    bool repaired;
} accum;

/* --- operands --------------------------------------------------------------------------------- */

static bool take_input(accum *a)
{
    qir_value *x = qir_dequantized(a->l->op, 0);
    if (!x)
        return qir_stays_float(a->l, "its input is not quantized");
    if (!qir_opcode_computes_on(a->l->opcode, x->type))
        return qir_stays_float(a->l, "its input is not %s per tensor", qir_widths(a->l->opcode));
    a->x = x->type->quant;
    a->l->in[0] = x;
    return true;
}

static bool take_weight(accum *a, const qir_qrule *rule)
{
    qir_value *w = qir_dequantized(a->l->op, (uint32_t)rule->weight);
    a->prepack = qir_prepack_behind(w);
    w = a->prepack ? qir_op_operand(a->prepack, 0) : w;
    a->weight = w ? qir_value_const(w) : NULL;
    if (!a->weight)
        return qir_stays_float(a->l, "its weight is not a quantized constant");
    const qir_quant *q = w->type->quant;
    if (qir_dtype_bits(w->type->dtype) > 8 || q->group)
        return qir_stays_float(a->l, "its weight has more than 8 bits, or groups");
    if (q->axis >= 0 && q->axis != rule->axis)
        return qir_stays_float(a->l, "its weight is quantized along axis %d, not %d", q->axis,
                               rule->axis);
    a->w = w->type;
    a->shared = w->type->dims[rule->axis];
    a->channels = a->shared * (rule->axis ? qir_op_int(a->l->op, "groups") : 1);
    return true;
}

/* --- scales ----------------------------------------------------------------------------------- */

static bool sum_weights(accum *a, int axis)
{
    const void *data = qir_const_data(a->weight);
    if (!data)
        return false;
    a->weight_sum = QIR_NEW_ARRAY(a->l->arena, int64_t, (size_t)a->channels);
    int64_t inner = 1, n = qir_type_elements(a->w), group = n / (a->channels / a->shared);
    for (unsigned d = (unsigned)axis + 1; d < a->w->rank; d++)
        inner *= a->w->dims[d];
    for (int64_t first = 0; first < n; first += inner) { /* of one channel */
        int64_t *sum = &a->weight_sum[first / group * a->shared + first / inner % a->shared];
        int64_t zp = a->w->quant->zero_point[qir_quant_index(a->w, first)];
        for (int64_t i = first; i < first + inner; i++)
            *sum += llabs(qir_stored_int(a->w->dtype, data, i) - zp);
    }
    return true;
}

static void choose_scales(accum *a)
{
    const qir_quant *q = a->w->quant;
    float largest = 0.0f;
    a->sw = QIR_NEW_ARRAY(a->l->arena, float, (size_t)a->channels);
    for (int64_t c = 0; c < a->channels; c++) {
        a->sw[c] = q->scale[q->axis < 0 ? 0 : c % a->shared];
        if (a->weight_sum[c] != 0 && a->sw[c] > largest)
            largest = a->sw[c];
    }
    bool free = q->axis >= 0 && a->channels == a->shared && largest > 0.0f;
    for (int64_t c = 0; free && c < a->channels; c++) {
        if (a->weight_sum[c] != 0 || a->sw[c] == largest)
            continue;
        a->sw[c] = largest;
        a->repaired = true;
    }
}

static bool check_multipliers(accum *a)
{
    const qir_quant *y = a->l->type->quant;
    for (int64_t c = 0; c < a->channels; c++) {
        float m = qir_requant_multiplier(a->x->scale[0], a->sw[c], y->scale[0]);
        if (!qir_requant_multiplier_ok(m, y))
            return qir_stays_float(a->l, "multiplier %g of channel %lld is outside [2^-32, %d)",
                                   (double)m, (long long)c, qir_requant_limit(y));
    }
    return true;
}

/* The weight as the op reads it: packed, where it was. */
static bool set_weight(accum *a, const qir_qrule *rule, qir_value *w)
{
    if (a->prepack && a->prepack->operands[0].value != w) {
        qir_builder b = qir_builder_before(a->l->op);
        w = qir_build1(&b, QIR_OP_prepack, &w, 1,
                       QIR_ATTRS({"packing", qir_op_attr(a->prepack, "packing")},
                                 {"groups", qir_op_attr(a->prepack, "groups")}),
                       NULL);
    } else if (a->prepack) {
        w = &a->prepack->results[0];
    }
    a->l->in[rule->weight] = w;
    return w != NULL;
}

/* The weight with repaired scales: the same bytes under another type. */
static bool put_weight(accum *a, const qir_qrule *rule)
{
    bool narrow = qir_dtype_bits(a->w->dtype) < 8;
    if (!a->repaired && !narrow)
        return set_weight(a, rule, &a->weight->value);
    qir_quant q = *a->w->quant;
    if (a->repaired)
        q.scale = a->sw;
    if (narrow) /* integer products read bytes; constants hold one code in each anyway */
        q.storage = qir_dtype_is_signed(q.storage) ? QIR_i8 : QIR_u8;
    const qir_type *t = qir_type_with_quant(a->l->module->ctx, a->w, &q, a->weight->loc);
    if (!t)
        return false;
    qir_const *c = qir_const_create(a->l->module, a->weight->value.name, t,
                                    qir_const_data(a->weight), false, a->weight->loc);
    return set_weight(a, rule, &c->value);
}

/* --- bias ------------------------------------------------------------------------------------- */

typedef struct bias {
    qir_const *source; /* f32, or integers under `quant` */
    const void *data;
    const qir_type *type;
} bias;

static bool take_bias(accum *a, uint32_t index, bias *b)
{
    qir_value *v = qir_op_operand(a->l->op, index), *q = qir_dequantized(a->l->op, index);
    b->source = qir_value_const(q ? q : v);
    if (!b->source)
        return qir_stays_float(a->l, "its bias is not a constant");
    b->type = b->source->value.type;
    if (!b->type->quant && b->type->dtype != QIR_f32)
        return qir_stays_float(a->l, "its bias is %s, not f32", qir_dtype_name(b->type->dtype));
    b->data = qir_const_data(b->source);
    return b->data != NULL;
}

static double real_bias(const bias *b, int64_t c)
{
    if (!b->type->quant)
        return ((const float *)b->data)[c];
    size_t p = qir_quant_index(b->type, c);
    int64_t q = qir_stored_int(b->type->dtype, b->data, c);
    return (double)(q - b->type->quant->zero_point[p]) * (double)b->type->quant->scale[p];
}

static bool close_to(float a, float b)
{
    return fabsf(a - b) <= 1e-6f * fabsf(b);
}

/* Whether the integers of a quantized bias are those wanted. */
static bool scales_match(const accum *a, const bias *b)
{
    for (int64_t c = 0; c < a->channels; c++) {
        size_t p = qir_quant_index(b->type, c);
        if (b->type->quant->zero_point[p] != 0 ||
            !close_to(b->type->quant->scale[p], a->x->scale[0] * a->sw[c]))
            return false;
    }
    return true;
}

static int64_t integer_bias(const accum *a, const bias *b, int64_t c, bool take)
{
    if (QIR_BUG(1))
        return 0;
    if (take)
        return qir_stored_int(b->type->dtype, b->data, c);
    return qir_bias_integer(real_bias(b, c), a->x->scale[0], a->sw[c]);
}

static bool fits(const accum *a, int64_t c, int64_t v, double real)
{
    if (v >= INT32_MIN && v <= INT32_MAX && !isnan(real))
        return true;
    float scale = a->x->scale[0] * a->sw[c];
    return qir_error(qir_context_diag(a->l->module->ctx), a->l->op->loc, "quant.bias",
                     "%s: bias %g of channel %lld is outside 32 bits at its scale %g, that of the "
                     "input times that of the weight; keep the op in float (-keep-float=NAME)",
                     qir_op_name(a->l->op), real, (long long)c, (double)scale);
}

static bool put_bias(accum *a, uint32_t index)
{
    bias b = {0};
    if (!take_bias(a, index, &b))
        return false;
    bool take = b.type->quant && scales_match(a, &b);
    if (b.type->quant && !take && !a->repaired)
        qir_warning(qir_context_diag(a->l->module->ctx), a->l->op->loc, "bias-scale",
                    "scale of bias '@%s' is not input scale times weight scale; its values are "
                    "rounded to that scale",
                    b.source->value.name);
    int32_t *q = QIR_NEW_ARRAY(a->l->module->arena, int32_t, (size_t)a->channels);
    for (int64_t c = 0; c < a->channels; c++) {
        int64_t v = integer_bias(a, &b, c, take);
        if (!fits(a, c, v, real_bias(&b, c)))
            return false;
        q[c] = (int32_t)v;
    }
    const qir_type *t = qir_tensor_type(a->l->module->ctx, QIR_i32, &a->channels, 1, NULL);
    const char *name = qir_arena_printf(a->l->module->arena, "%s.i32", b.source->value.name);
    a->l->in[index] = &qir_const_create(a->l->module, name, t, q, false, b.source->loc)->value;
    return true;
}

/* Sums of inputs of 16 bits leave i32 easily: proved here, where the op can still stay in float; of 8 bits, on
 * the integer op. */
static bool sums_fit(accum *a, qir_value *addend)
{
    const int32_t *b = addend ? qir_const_data(qir_value_const(addend)) : NULL;
    int64_t most = -(int64_t)a->x->qmin > a->x->qmax ? -(int64_t)a->x->qmin : a->x->qmax;
    for (int64_t c = 0; qir_dtype_bits(a->x->storage) > 8 && c < a->channels; c++) {
        int64_t sum = a->weight_sum[c] * most + (b ? llabs((long long)b[c]) : 0);
        if (sum > INT32_MAX)
            return qir_stays_float(a->l, "sums of its 16-bit input can reach %lld in channel %lld, outside i32",
                                   (long long)sum, (long long)c);
    }
    return true;
}

bool qir_lower_accum_operands(qir_lowering *l)
{
    const qir_qrule *rule = &qir_op_desc_get(l->op->opcode)->qrule;
    accum a = {.l = l};
    if (!take_input(&a) || !take_weight(&a, rule) || !sum_weights(&a, rule->axis))
        return false;
    choose_scales(&a);
    uint32_t index = (uint32_t)rule->bias;
    bool has_bias = qir_op_operand(l->op, index) != NULL;
    return check_multipliers(&a) && (!has_bias || put_bias(&a, index)) &&
           sums_fit(&a, has_bias ? l->in[index] : NULL) && put_weight(&a, rule);
}
