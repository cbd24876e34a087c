/* Bounds of i32 accumulators.  Every term (x - z_x) * w' ranges over an interval that holds 0, so
 * the sums of the positive and of the negative ends bound all partial sums in any order. */
#include "qir/attrs.h"
#include "qir/context.h"
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

static const interval i32 = {INT32_MIN, INT32_MAX};

static bool lies_in(interval sum, interval range)
{
    return sum.lo >= range.lo && sum.hi <= range.hi;
}

static interval add(interval a, interval b)
{
    interval r;
    r.lo = __builtin_add_overflow(a.lo, b.lo, &r.lo) ? INT64_MIN : r.lo;
    r.hi = __builtin_add_overflow(a.hi, b.hi, &r.hi) ? INT64_MAX : r.hi;
    return r;
}

/* Whatever the values are: `terms` of them. */
static interval repeated(int64_t terms, interval term)
{
    interval sum;
    if (!qir_mul_i64(term.lo, terms, &sum.lo))
        sum.lo = INT64_MIN;
    if (!qir_mul_i64(term.hi, terms, &sum.hi))
        sum.hi = INT64_MAX;
    return sum;
}

/* --- what an op sums -------------------------------------------------------------------------- */

/* A weight as [groups][outer][channels][inner]: the products of a result channel run over outer and
 * inner.  Axis 0 of conv and linear has no outer, axis 1 of conv_transpose the operand's channels.
 * `part` products at a time, those that share parameters, make one sum.  Other ops have no weight
 * and one channel. */
typedef struct sums {
    const qir_value *weight, *bias;
    interval x;   /* the other factor */
    interval any; /* of one sum, whatever the weights are */
    int64_t groups, outer, channels, inner, part;
} sums;

static bool is_quant(const qir_value *v)
{
    return v && v->type->kind == QIR_TENSOR && v->type->quant && !v->type->quant->dynamic;
}

/* Zero points of run time lie in the range of the storage type, as the values do. */
static interval factor(const qir_type *x)
{
    int64_t most = (1 << qir_dtype_bits(x->dtype)) - 1;
    return x->quant ? centred(x->quant) : (interval){-most, most};
}

/* What is going to be packed, if `w` is. */
static const qir_value *before_packing(const qir_value *w)
{
    const qir_op *pack = w ? qir_value_op(w) : NULL;
    return pack && pack->opcode == QIR_OP_prepack ? qir_op_operand(pack, 0) : w;
}

static bool weighted(const qir_op *op, const qir_qrule *rule, sums *s)
{
    s->weight = before_packing(qir_op_operand(op, (uint32_t)rule->weight));
    if (!is_quant(s->weight))
        return false;
    const qir_type *w = s->weight->type;
    s->bias = rule->kind == QIR_QR_ACCUM ? qir_op_operand(op, (uint32_t)rule->bias) : NULL;
    s->x = factor(op->operands[0].value->type);
    s->groups = rule->axis ? qir_op_int(op, "groups") : 1;
    s->outer = rule->axis ? w->dims[0] / s->groups : 1;
    s->channels = w->dims[rule->axis];
    s->inner = 1;
    for (unsigned i = (unsigned)rule->axis + 1; i < w->rank; i++)
        s->inner *= w->dims[i];
    s->part = w->quant->group ? w->quant->group : s->outer * s->inner;
    s->any = repeated(s->part, times(s->x, centred(w->quant)));
    return true;
}

int64_t qir_mean_terms(const qir_op *op)
{
    int64_t n = 1;
    size_t len;
    bool pool = op->opcode == QIR_OP_avg_pool;
    const int64_t *list = qir_op_ints(op, pool ? "kernel" : "axes", &len);
    const qir_type *x = qir_op_operand(op, 0)->type;
    for (size_t i = 0; i < len; i++)
        if (!qir_mul_i64(n, pool ? list[i] : x->dims[list[i]], &n))
            return INT64_MAX;
    return n;
}

static bool describe(const qir_op *op, sums *s)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    const qir_value *a = qir_op_operand(op, 0), *b = qir_op_operand(op, 1);
    *s = (sums){.groups = 1, .channels = 1};
    if (rule->kind == QIR_QR_DYNAMIC || (rule->kind == QIR_QR_ACCUM && is_quant(a)))
        return weighted(op, rule, s);
    if (!is_quant(a))
        return false;
    if (op->opcode == QIR_OP_matmul && is_quant(b))
        s->any = repeated(a->type->dims[a->type->rank - 1],
                          times(centred(a->type->quant), centred(b->type->quant)));
    else if (op->opcode == QIR_OP_avg_pool || op->opcode == QIR_OP_reduce_mean)
        s->any = repeated(qir_mean_terms(op), centred(a->type->quant));
    else
        return false;
    return true;
}

/* --- the rows of a weight --------------------------------------------------------------------- */

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

/* Weights less their zero point, summed by sign. */
typedef struct signs {
    int64_t up, down;
} signs;

/* `count` weights side by side, which share parameters.  Without branches: proofs at compile time read all
 * weights of a model a dozen times. */
static void add_weights(signs *sum, const qir_type *w, const void *data, int64_t first, int64_t count)
{
    const uint8_t *bytes = (const uint8_t *)data + first;
    int64_t origin = qir_dtype_is_signed(w->dtype) ? 128 : 0; /* i8 as u8: its upper bit turned */
    int64_t zero = w->quant->zero_point[qir_quant_index(w, first)] + origin, up = 0, all = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t q = (bytes[i] ^ origin) - zero;
        up += q > 0 ? q : 0;
        all += q;
    }
    sum->up += up;
    sum->down += all - up;
}

/* Products `from` to `from + part` of an output channel. */
static interval part_sum(const sums *s, const void *data, int64_t channel, int64_t from)
{
    int64_t c = channel % s->channels, first = channel / s->channels * s->outer, run;
    signs w = {0, 0};
    for (int64_t k = from; k < from + s->part; k += run) {
        int64_t at = k % s->inner, left = from + s->part - k;
        run = s->inner - at < left ? s->inner - at : left;
        add_weights(&w, s->weight->type, data, ((first + k / s->inner) * s->channels + c) * s->inner + at, run);
    }
    return add(times(s->x, (interval){w.up, w.up}), times(s->x, (interval){w.down, w.down}));
}

/* The part that reaches furthest. */
static interval row_sum(const sums *s, const void *data, int64_t channel)
{
    interval widest = {0, 0};
    for (int64_t from = 0; from < s->outer * s->inner; from += s->part) {
        interval sum = part_sum(s, data, channel, from);
        widest.lo = sum.lo < widest.lo ? sum.lo : widest.lo;
        widest.hi = sum.hi > widest.hi ? sum.hi : widest.hi;
    }
    return widest;
}

/* --- bounds ----------------------------------------------------------------------------------- */

static int64_t magnitude(interval v)
{
    int64_t down = v.lo == INT64_MIN ? INT64_MAX : -v.lo;
    return down > v.hi ? down : v.hi;
}

typedef enum effort {
    QUICK,  /* rows are read where the number of terms does not do, unless they lie in a file */
    LOADED, /* ... in files too */
    EXACT   /* all rows */
} effort;

/* The range of the channel that reaches furthest, out of those that may leave `range`. */
static bool widest(const sums *s, effort how, interval range, qir_accumulator *out)
{
    bool ok = true;
    const int32_t *bias = elements(s->bias, how > QUICK, &ok);
    *out = (qir_accumulator){0, 0, 0};
    for (int64_t o = 0; ok && o < s->groups * s->channels; o++) {
        interval start = {bias ? bias[o] : 0, bias ? bias[o] : 0}, sum = add(start, s->any);
        if (s->weight && (how == EXACT || !lies_in(sum, range))) {
            const void *data = elements(s->weight, how > QUICK, &ok);
            if (data)
                sum = add(start, row_sum(s, data, o));
            else if (qir_value_const(s->weight))
                continue; /* will be looked at when it is loaded */
        }
        if (o == 0 || magnitude(sum) > magnitude((interval){out->lo, out->hi}))
            *out = (qir_accumulator){sum.lo, sum.hi, o};
    }
    return ok;
}

bool qir_accumulator_range(const qir_op *op, qir_accumulator *out)
{
    sums s;
    return describe(op, &s) && widest(&s, EXACT, i32, out);
}

/* Whatever a byte of `x` is, less its zero point. */
static interval all_bytes(const qir_type *x)
{
    qir_quant q = *x->quant;
    q.qmin = (int32_t)qir_dtype_min(x->dtype);
    q.qmax = (int32_t)qir_dtype_max(x->dtype);
    return centred(&q);
}

bool qir_accumulator_within(const qir_op *op, int32_t most)
{
    enum { BYTE = 255 };
    sums s;
    qir_accumulator a;
    interval range = {-(int64_t)most, most};
    if (!qir_type_is_byte_quant(op->operands[0].value->type) || !describe(op, &s))
        return false;
    s.x = all_bytes(op->operands[0].value->type);
    s.any = repeated(s.part, times(s.x, (interval){-BYTE, BYTE}));
    return widest(&s, LOADED, range, &a) && lies_in((interval){a.lo, a.hi}, range);
}

bool qir_check_accumulator(const qir_op *op, bool load)
{
    sums s;
    qir_accumulator a;
    if (!describe(op, &s))
        return true;
    if (!widest(&s, load ? LOADED : QUICK, i32, &a))
        return false;
    if (lies_in((interval){a.lo, a.hi}, i32))
        return true;
    qir_context *ctx = qir_op_module(op)->ctx;
    return qir_error(qir_context_diag(ctx), op->loc, "quant.acc",
                     "%s: the accumulator of output channel %lld can reach %lld to %lld, outside "
                     "i32; keep the op in float (-keep-float=NAME)%s",
                     qir_op_name(op), (long long)a.channel, (long long)a.lo, (long long)a.hi,
                     s.weight ? ", narrow its weights or split its input channels" : "");
}
