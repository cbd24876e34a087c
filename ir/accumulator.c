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

static bool fits(interval sum)
{
    return sum.lo >= INT32_MIN && sum.hi <= INT32_MAX;
}

static bool report(const qir_op *op, int64_t channel, interval sum)
{
    if (fits(sum))
        return true;
    return qir_error(qir_context_diag(qir_op_module(op)->ctx), op->loc, "quant.acc",
                     "%s: the accumulator of output channel %lld can reach %lld to %lld, outside "
                     "i32; keep this op in float or split its input channels",
                     qir_op_name(op), (long long)channel, (long long)sum.lo, (long long)sum.hi);
}

static interval add(interval a, interval b)
{
    interval r;
    r.lo = __builtin_add_overflow(a.lo, b.lo, &r.lo) ? INT64_MIN : r.lo;
    r.hi = __builtin_add_overflow(a.hi, b.hi, &r.hi) ? INT64_MAX : r.hi;
    return r;
}

/* Whatever the values are: `terms` products. */
static interval repeated(int64_t terms, interval term)
{
    interval sum;
    if (!qir_mul_i64(term.lo, terms, &sum.lo))
        sum.lo = INT64_MIN;
    if (!qir_mul_i64(term.hi, terms, &sum.hi))
        sum.hi = INT64_MAX;
    return sum;
}

/* Elements of a constant operand; NULL: not constant, or not to be read from its file or expanded
 * from a splat now.  *ok false: diagnosed. */
static const void *elements(const qir_value *v, bool load, bool *ok)
{
    qir_const *c = v ? qir_value_const(v) : NULL;
    if (!c || (c->payload != QIR_PAYLOAD_DATA && !load))
        return NULL;
    const void *data = qir_const_data(c);
    *ok &= data != NULL;
    return data;
}

static int64_t weight_at(const qir_type *w, const void *data, int64_t i)
{
    return qir_dtype_is_signed(w->dtype) ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
}

/* A weight as [groups][outer][channels][inner]: the products of a result channel run over outer and
 * inner.  Axis 0 of conv and linear has no outer, axis 1 of conv_transpose the operand's channels. */
typedef struct rows {
    int64_t groups, outer, channels, inner;
} rows;

static rows rows_of(const qir_op *op, const qir_type *w, int axis)
{
    rows r = {1, 1, w->dims[axis], 1};
    if (axis) {
        r.groups = qir_op_int(op, "groups");
        r.outer = w->dims[0] / r.groups;
    }
    for (unsigned i = (unsigned)axis + 1; i < w->rank; i++)
        r.inner *= w->dims[i];
    return r;
}

static interval row_sum(const qir_type *w, const void *data, const rows *r, int64_t channel,
                        interval x)
{
    int64_t c = channel % r->channels, first = channel / r->channels * r->outer;
    int32_t zp = w->quant->zero_point[w->quant->axis >= 0 ? c : 0];
    interval sum = {0, 0};
    for (int64_t k = 0; k < r->outer * r->inner; k++) {
        int64_t at = ((first + k / r->inner) * r->channels + c) * r->inner + k % r->inner;
        int64_t v = weight_at(w, data, at) - zp;
        sum = add(sum, times(x, (interval){v, v}));
    }
    return sum;
}

/* The number of terms settles almost every op; the rows are read where it does not. */
static bool check_rows(const qir_op *op, const qir_qrule *rule, bool load)
{
    const qir_value *weight = qir_op_operand(op, (uint32_t)rule->weight);
    const qir_type *w = weight->type;
    interval x = centred(op->operands[0].value->type->quant);
    rows r = rows_of(op, w, rule->axis);
    bool ok = true;
    const int32_t *bias = elements(qir_op_operand(op, (uint32_t)rule->bias), load, &ok);
    interval any = repeated(r.outer * r.inner, times(x, centred(w->quant)));
    for (int64_t o = 0; ok && o < r.groups * r.channels; o++) {
        interval start = {bias ? bias[o] : 0, bias ? bias[o] : 0};
        interval sum = add(start, any);
        if (fits(sum))
            continue;
        const void *data = elements(weight, load, &ok);
        if (data)
            sum = add(start, row_sum(w, data, &r, o, x));
        else if (qir_value_const(weight) && !load)
            return true; /* will be looked at when it is loaded */
        ok = ok && report(op, o, sum);
    }
    return ok;
}

bool qir_check_accumulator(const qir_op *op, bool load)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    const qir_value *a = qir_op_operand(op, 0), *b = qir_op_operand(op, 1);
    if (!a || !b || !a->type->quant || !b->type->quant || b->type->kind == QIR_PACKED)
        return true;
    if (rule->kind == QIR_QR_ACCUM)
        return check_rows(op, rule, load);
    if (op->opcode == QIR_OP_matmul)
        return report(op, 0,
                      repeated(a->type->dims[a->type->rank - 1],
                               times(centred(a->type->quant), centred(b->type->quant))));
    return true;
}
