/* What each op needs when a dimension of its operands has a bounded size. */
#include <math.h>

#include "bounded/bounded.h"
#include "qir/ops.h"

static int64_t mark(const bounded *b, const qir_op *op, unsigned i, unsigned dim)
{
    return bounded_k(b, qir_op_operand(op, i), dim);
}

static unsigned rank_of(const qir_op *op, unsigned i)
{
    return qir_op_operand(op, i)->type->rank;
}

static bool refuse(bounded *b, const qir_op *op)
{
    return bounded_error(b, op, "'%s' mixes elements along a dimension of %s", qir_op_name(op),
                         b->symbol);
}

/* Dimensions [from, to) of operand i must not be marked. */
static bool fixed(bounded *b, const qir_op *op, unsigned i, unsigned from, unsigned to)
{
    for (unsigned d = from; d < to; d++)
        if (mark(b, op, i, d))
            return refuse(b, op);
    return true;
}

typedef struct rule rule;
struct rule {
    qir_opcode opcode;
    bool (*apply)(bounded *b, qir_op *op, const rule *r);
    double neutral; /* of the tail, where the op mixes elements */
};

/* The tail stays a tail. */
static bool pointwise(bounded *b, qir_op *op, const rule *r)
{
    (void)b, (void)op, (void)r;
    return true;
}

static bool along_axis(bounded *b, qir_op *op, const rule *r)
{
    return bounded_mask_operand(b, op, 0, (unsigned)qir_op_int(op, "axis"), r->neutral);
}

static bool reduce(bounded *b, qir_op *op, const rule *r)
{
    size_t n;
    const int64_t *axes = qir_op_ints(op, "axes", &n);
    for (size_t i = 0; i < n; i++)
        if (!bounded_mask_operand(b, op, 0, (unsigned)axes[i], r->neutral))
            return false;
    return true;
}

/* mean over max elements, times max / size */
static bool mean(bounded *b, qir_op *op, const rule *r)
{
    size_t n;
    const int64_t *axes = qir_op_ints(op, "axes", &n);
    bool marked = false;
    for (size_t i = 0; i < n; i++)
        marked = marked || mark(b, op, 0, (unsigned)axes[i]);
    if (!marked)
        return true;
    if (op->results[0].type->dtype != QIR_f32 || !reduce(b, op, r))
        return b->failed ? false : refuse(b, op);
    return bounded_mean(b, op);
}

static bool matmul(bounded *b, qir_op *op, const rule *r)
{
    unsigned rb = rank_of(op, 1);
    return bounded_mask_operand(b, op, 0, rank_of(op, 0) - 1, r->neutral) &&
           bounded_mask_operand(b, op, 1, rb == 1 ? 0 : rb - 2, r->neutral);
}

static bool last_fixed(bounded *b, qir_op *op, const rule *r)
{
    (void)r;
    return fixed(b, op, 0, rank_of(op, 0) - 1, rank_of(op, 0));
}

static bool batch_only(bounded *b, qir_op *op, const rule *r)
{
    (void)r;
    return fixed(b, op, 0, 1, rank_of(op, 0));
}

static bool before_axis(bounded *b, qir_op *op, const rule *r)
{
    (void)r;
    return fixed(b, op, 0, (unsigned)qir_op_int(op, "axis"), rank_of(op, 0));
}

static bool not_axis(bounded *b, qir_op *op, const rule *r)
{
    (void)r;
    unsigned axis = (unsigned)qir_op_int(op, "axis");
    for (uint32_t i = 0; i < op->noperands; i++)
        if (!fixed(b, op, i, axis, axis + 1))
            return false;
    return true;
}

/* Zeros behind the real elements are what padding would be, if the window moves by one. */
static bool conv(bounded *b, qir_op *op, const rule *r)
{
    size_t n;
    const int64_t *strides = qir_op_ints(op, "strides", &n);
    const qir_value *y = &op->results[0];
    if (!fixed(b, op, 0, 1, 2) || !fixed(b, op, 1, 0, rank_of(op, 1)))
        return false;
    for (unsigned d = 2; d < rank_of(op, 0); d++) {
        int64_t k = mark(b, op, 0, d);
        if (k && (strides[n == 1 ? 0 : d - 2] != 1 || bounded_k(b, y, d) != k))
            return refuse(b, op);
        if (!bounded_mask_operand(b, op, 0, d, r->neutral))
            return false;
    }
    return true;
}

static bool gather(bounded *b, qir_op *op, const rule *r)
{
    (void)r;
    int64_t k = mark(b, op, 0, (unsigned)qir_op_int(op, "axis"));
    return !k || bounded_wrap_indices(b, op, k);
}

/* In a group of merged or split dimensions only the outermost may be marked: then its real elements
 * are a prefix of the group, too. */
static bool reshape(bounded *b, qir_op *op, const rule *r)
{
    (void)r;
    const qir_value *vx = qir_op_operand(op, 0), *vy = &op->results[0];
    const qir_type *x = vx->type, *y = vy->type;
    unsigned i = 0, j = 0;
    while (i < x->rank || j < y->rank) {
        int64_t px = 1, py = 1;
        bool inner_x = false, inner_y = false, outer_x = false, outer_y = false;
        do {
            if (px <= py && i < x->rank) {
                *(px == 1 ? &outer_x : &inner_x) |= bounded_k(b, vx, i) != 0;
                px *= x->dims[i++];
            } else if (j < y->rank) {
                *(py == 1 ? &outer_y : &inner_y) |= bounded_k(b, vy, j) != 0;
                py *= y->dims[j++];
            } else {
                break;
            }
        } while (px != py || (px == 1 && (i < x->rank || j < y->rank)));
        if (inner_x || inner_y || outer_x != outer_y)
            return refuse(b, op);
    }
    return true;
}

/* Does dimension `d` of a slice hold for every size from 1 on? */
static bool slice_holds(const bounded *b, const qir_op *op, unsigned d, int64_t start, int64_t move,
                        int64_t step)
{
    int64_t k = mark(b, op, 0, d), kept = bounded_k(b, &op->results[0], d);
    if (move) /* the last few elements: they are there at size 1, too */
        return !kept && step == 1 && start + move * (1 - b->max) >= 0;
    if (kept) /* a prefix of the table, or all of the operand */
        return step == 1 && (!k || start == 0);
    return !k || start + op->results[0].type->dims[d] * step <= k;
}

/* A slice that moves with the size becomes a gather; one that begins where the operand does keeps
 * a prefix; a fixed one must lie within the smallest size. */
static bool slice(bounded *b, qir_op *op, const rule *r)
{
    (void)r;
    size_t n;
    const bounded_steps *moves = qir_map_get(&b->starts, op);
    const int64_t *starts = qir_op_ints(op, "starts", &n), *steps = qir_op_ints(op, "steps", &n);
    int moving = -1;
    for (unsigned d = 0; d < rank_of(op, 0); d++) {
        int64_t move = moves ? moves->step[d] : 0;
        if ((move && moving >= 0) ||
            !slice_holds(b, op, d, starts[d], move, steps[n == 1 ? 0 : d]))
            return refuse(b, op);
        moving = move ? (int)d : moving;
    }
    return moving < 0 || bounded_gather_slice(b, op, (unsigned)moving, moves->step[moving]);
}

static bool pad(bounded *b, qir_op *op, const rule *r)
{
    (void)r;
    size_t n;
    const int64_t *pads = qir_op_ints(op, "pads", &n);
    for (unsigned d = 0; d < n / 2; d++)
        if (mark(b, op, 0, d) && (pads[d] || pads[d + n / 2]))
            return refuse(b, op);
    return true;
}

static bool cumsum(bounded *b, qir_op *op, const rule *r)
{
    return qir_op_bool(op, "reverse") ? along_axis(b, op, r) : true;
}

/* The last states would be those of the largest size, and reverse would begin there. */
static bool recurrent(bounded *b, qir_op *op, const rule *r)
{
    (void)r;
    if (!mark(b, op, 0, 0))
        return true;
    for (unsigned i = 1; i < op->nresults; i++)
        if (op->results[i].uses)
            return bounded_error(b, op, "the last state of '%s' is used", qir_op_name(op));
    return !qir_op_bool(op, "reverse") || refuse(b, op);
}

/* Columns beyond the size are left out, unless causality does so for all real rows. */
static bool attention(bounded *b, qir_op *op, const rule *r)
{
    unsigned rows = rank_of(op, 0) - 2, columns = rank_of(op, 1) - 2;
    int64_t k = mark(b, op, 1, columns);
    if (!k)
        return true;
    if (!bounded_mask_operand(b, op, 2, rank_of(op, 2) - 2, r->neutral))
        return false;
    bool seen = qir_op_bool(op, "causal") && qir_op_int(op, "offset") <= 0;
    return (seen && mark(b, op, 0, rows) == k) || bounded_mask_columns(b, op, k);
}

static bool all_dims(bounded *b, qir_op *op, const rule *r)
{
    for (unsigned d = 0; d < rank_of(op, 0); d++)
        if (!bounded_mask_operand(b, op, 0, d, r->neutral))
            return false;
    return true;
}

/* Whatever else: only if nothing is marked. */
static bool unmarked(bounded *b, qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++)
        if (qir_op_operand(op, i) && !fixed(b, op, i, 0, rank_of(op, i)))
            return false;
    return true;
}

static const rule rules[] = {
    {QIR_OP_return, pointwise, 0},
    {QIR_OP_transpose, pointwise, 0},
    {QIR_OP_expand, pointwise, 0},
    {QIR_OP_quantize_affine, pointwise, 0},
    {QIR_OP_dequantize_affine, pointwise, 0},
    {QIR_OP_reshape, reshape, 0},
    {QIR_OP_slice, slice, 0},
    {QIR_OP_pad, pad, 0},
    {QIR_OP_gather, gather, 0},
    {QIR_OP_concat, not_axis, 0},
    {QIR_OP_softmax, along_axis, -INFINITY},
    {QIR_OP_log_softmax, along_axis, -INFINITY},
    {QIR_OP_reduce_sum, reduce, 0},
    {QIR_OP_reduce_mean, mean, 0},
    {QIR_OP_reduce_max, reduce, -INFINITY},
    {QIR_OP_reduce_min, reduce, INFINITY},
    {QIR_OP_reduce_prod, reduce, 1},
    {QIR_OP_arg_max, along_axis, -INFINITY},
    {QIR_OP_arg_min, along_axis, INFINITY},
    {QIR_OP_cumsum, cumsum, 0},
    {QIR_OP_choose_qparams, all_dims, 0},
    {QIR_OP_matmul, matmul, 0},
    {QIR_OP_linear, last_fixed, 0},
    {QIR_OP_conv, conv, 0},
    {QIR_OP_max_pool, batch_only, 0},
    {QIR_OP_avg_pool, batch_only, 0},
    {QIR_OP_batch_norm, batch_only, 0},
    {QIR_OP_layer_norm, before_axis, 0},
    {QIR_OP_rms_norm, before_axis, 0},
    {QIR_OP_attention, attention, 0},
    {QIR_OP_lstm, recurrent, 0},
    {QIR_OP_gru, recurrent, 0},
    {QIR_OP_rnn, recurrent, 0},
};

static bool apply(bounded *b, qir_op *op)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].opcode == op->opcode)
            return rules[i].apply(b, op, &rules[i]);
    return qir_op_has_trait(op, QIR_TRAIT_ELEMENTWISE) || unmarked(b, op);
}

bool bounded_apply_rules(bounded *b)
{
    bool ok = true;
    for (qir_op *op = b->first, *next; op; op = next) {
        next = op->next;
        ok = apply(b, op) && ok;
    }
    return ok;
}
