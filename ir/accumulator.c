/* Bounds of i32 accumulators.  Every term (x - z_x) * w' ranges over an interval that holds 0, so
 * the sums of the positive and of the negative ends bound all partial sums in any order. */
#include "qir/ops.h"
#include "qir/support/checked.h"

typedef struct interval {
    int64_t lo, hi;
} interval;

/* Of q - zero point, for per-axis parameters over all of them. */
static interval centred(const qir_quant *q)
{
    interval r = {0, 0};
    for (size_t i = 0; i < q->count; i++) {
        int64_t lo = (int64_t)q->qmin - q->zero_point[i], hi = (int64_t)q->qmax - q->zero_point[i];
        r.lo = lo < r.lo ? lo : r.lo;
        r.hi = hi > r.hi ? hi : r.hi;
    }
    return r;
}

static interval times(interval x, interval w)
{
    int64_t a = x.lo * w.hi, b = x.hi * w.lo, c = x.lo * w.lo, d = x.hi * w.hi;
    return (interval){a < b ? a : b, c > d ? c : d};
}

static bool report(const qir_op *op, int64_t channel, interval sum)
{
    if (sum.lo >= INT32_MIN && sum.hi <= INT32_MAX)
        return true;
    return qir_error(qir_context_diag(qir_op_module(op)->ctx), op->loc, "quant.acc",
                     "%s: the accumulator of output channel %lld can reach %lld to %lld, outside "
                     "i32; keep this op in float or split its input channels", qir_op_name(op),
                     (long long)channel, (long long)sum.lo, (long long)sum.hi);
}

/* Without constants: `terms` products of any values. */
static bool check_terms(const qir_op *op, int64_t terms, interval term)
{
    interval sum;
    if (!qir_mul_i64(term.lo, terms, &sum.lo))
        sum.lo = INT64_MIN;
    if (!qir_mul_i64(term.hi, terms, &sum.hi))
        sum.hi = INT64_MAX;
    return report(op, 0, sum);
}

static int64_t weight_at(const qir_type *w, const void *data, int64_t i)
{
    return qir_dtype_is_signed(w->dtype) ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
}

/* Weights [O][terms] row by row. */
static bool check_rows(const qir_op *op, const qir_type *w, const void *data, const int32_t *bias)
{
    const qir_quant *wq = w->quant;
    interval x = centred(op->operands[0].value->type->quant);
    int64_t terms = w->dims[0] ? qir_type_elements(w) / w->dims[0] : 0;
    for (int64_t o = 0; o < w->dims[0]; o++) {
        int32_t zp = wq->zero_point[wq->axis == 0 ? o : 0];
        interval sum = {bias ? bias[o] : 0, bias ? bias[o] : 0};
        for (int64_t k = 0; k < terms; k++) {
            int64_t v = weight_at(w, data, o * terms + k) - zp;
            interval term = times(x, (interval){v, v});
            sum.lo += term.lo < 0 ? term.lo : 0;
            sum.hi += term.hi > 0 ? term.hi : 0;
        }
        if (!report(op, o, sum))
            return false;
    }
    return true;
}

static bool check_weighted(const qir_op *op, const qir_qrule *rule)
{
    const qir_value *wv = qir_op_operand(op, (uint32_t)rule->weight);
    const qir_value *bv = qir_op_operand(op, (uint32_t)rule->bias);
    qir_const *wc = qir_value_const(wv), *bc = bv ? qir_value_const(bv) : NULL;
    const qir_type *w = wv->type;
    const qir_type *x = op->operands[0].value->type;
    if (w->kind == QIR_PACKED)
        return true; /* packed from a weight that was checked */
    if (!wc)
        return check_terms(op, w->dims[0] ? qir_type_elements(w) / w->dims[0] : 0,
                           times(centred(x->quant), centred(w->quant)));
    const void *weights = qir_const_data(wc);
    const int32_t *bias = bc ? qir_const_data(bc) : NULL;
    return weights && (bias || !bc) && check_rows(op, w, weights, bias);
}

bool qir_check_accumulator(const qir_op *op)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    const qir_value *a = qir_op_operand(op, 0), *b = qir_op_operand(op, 1);
    if (!a || !b || !a->type->quant || !b->type->quant)
        return true;
    if (rule->kind == QIR_QR_ACCUM)
        return check_weighted(op, rule);
    if (op->opcode == QIR_OP_matmul)
        return check_terms(op, a->type->dims[a->type->rank - 1],
                           times(centred(a->type->quant), centred(b->type->quant)));
    return true;
}
