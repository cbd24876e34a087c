/* Integer operands of the ops whose operands are quantized one by one: sums, products, means and
 * unary functions (rules BINARY, FREE, FIXED, LOOKUP), with the limits of each op's arithmetic. */
#include <stdarg.h>
#include "lowering.h"
#include "qir/qmath.h"
#include "qir/rewrite.h"
#include "qir/support/strbuf.h"
#include "quant_util.h"

bool qir_stays_float(qir_lowering *l, const char *fmt, ...)
{
    qir_strbuf text = {0};
    va_list ap;
    va_start(ap, fmt);
    qir_strbuf_vprintf(&text, fmt, ap);
    va_end(ap);
    l->why = qir_arena_strndup(l->arena, qir_strbuf_cstr(&text), text.len);
    qir_strbuf_free(&text);
    return false;
}

const char *qir_widths(qir_opcode opcode)
{
    return qir_op_desc_get(opcode)->traits & QIR_TRAIT_WORDS ? "8 or 16 bits" : "8 bits";
}

qir_value *qir_dequantized(const qir_op *op, uint32_t i)
{
    qir_op *def = qir_op_feeder(op, i, QIR_OP_dequantize);
    return def ? qir_op_operand(def, 0) : NULL;
}

static float scale_of(const qir_value *v)
{
    return v->type->quant->scale[0];
}

/* --- limits ----------------------------------------------------------------------------------- */

static bool wide_sum_fits(qir_lowering *l)
{
    const qir_quant *a = l->in[0]->type->quant, *b = l->in[1]->type->quant, *y = l->type->quant;
    qir_wide_sum s;
    return qir_wide_sum_params(a, b, y, false, &s) ||
           qir_stays_float(l, "its ratios of scales %g and %g are outside [2^-32, %d)", (double)s.ma,
                           (double)s.mb, qir_requant_limit(y));
}

static bool sum_fits(qir_lowering *l)
{
    const qir_quant *a = l->in[0]->type->quant, *b = l->in[1]->type->quant;
    float sy = l->type->quant->scale[0];
    qir_qadd p;
    if (qir_sum_is_wide(a, b, l->type->quant))
        return wide_sum_fits(l);
    return qir_qadd_params(a->scale[0], a->zero_point[0], b->scale[0], b->zero_point[0], sy, &p) ||
           qir_stays_float(l, "its ratios of scales %g and %g are outside [2^-10, 2^8)",
                           (double)(a->scale[0] / sy), (double)(b->scale[0] / sy));
}

static bool multiplier_fits(qir_lowering *l, float m)
{
    const qir_quant *y = l->type->quant;
    return qir_requant_multiplier_ok(m, y) ||
           qir_stays_float(l, "its multiplier %g is outside [2^-32, %d)", (double)m, qir_requant_limit(y));
}

static bool product_fits(qir_lowering *l)
{
    return multiplier_fits(l, qir_requant_multiplier(scale_of(l->in[0]), scale_of(l->in[1]),
                                                     l->type->quant->scale[0]));
}

static bool mean_fits(qir_lowering *l)
{
    int64_t n = qir_mean_terms(l->op);
    float sx = scale_of(l->in[0]), sy = l->type->quant->scale[0];
    if (n < 1)
        return qir_stays_float(l, "it counts no elements");
    if (qir_type_is_word_quant(l->in[0]->type) && n > UINT16_MAX)
        return qir_stays_float(l, "it adds up %lld elements of 16 bits, more than 32 bits hold", (long long)n);
    return multiplier_fits(l, qir_rescale_multiplier(sx, sy)) &&
           multiplier_fits(l, qir_mean_multiplier(sx, sy, n));
}

/* 255^2 times the row's length within 31 bits. */
static bool norm_fits(qir_lowering *l)
{
    const qir_type *x = l->in[0]->type;
    int64_t n = 1;
    for (unsigned d = (unsigned)qir_op_int(l->op, "axis"); d < x->rank; d++)
        n *= x->dims[d];
    return n <= 1 << 15 ||
           qir_stays_float(l, "it normalizes %lld elements, more than a 32-bit sum of squares takes",
                           (long long)n);
}

/* Limits by op; ops that are not listed have none beyond their types. */
static const struct {
    qir_opcode opcode;
    bool (*fits)(qir_lowering *l);
} limits[] = {
    {QIR_OP_add, sum_fits},       {QIR_OP_sub, sum_fits},
    {QIR_OP_mul, product_fits},   {QIR_OP_matmul, product_fits},
    {QIR_OP_avg_pool, mean_fits}, {QIR_OP_reduce_mean, mean_fits},
    {QIR_OP_layer_norm, norm_fits},
};

static bool within_limits(qir_lowering *l)
{
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (limits[i].opcode == l->op->opcode)
            return limits[i].fits(l);
    return true;
}

bool qir_lower_scaled_operands(qir_lowering *l)
{
    bool others_real = qir_op_desc_get(l->op->opcode)->qrule.kind == QIR_QR_FREE;
    for (uint32_t i = 0; i < l->op->noperands; i++) {
        if (!qir_op_operand(l->op, i))
            continue;
        if (i > 0 && others_real) {
            l->in[i] = qir_op_operand(l->op, i);
            continue;
        }
        l->in[i] = qir_dequantized(l->op, i);
        if (!l->in[i])
            return qir_stays_float(l, "operand %u is not quantized", i);
        if (!qir_opcode_computes_on(l->opcode, l->in[i]->type))
            return qir_stays_float(l, "operand %u is not %s per tensor", i, qir_widths(l->opcode));
    }
    return within_limits(l);
}
