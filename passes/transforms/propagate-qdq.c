/* propagate-qdq: moves quantize up and dequantize down through ops that only move or select data,
 * so that these run on integers and pairs meet and cancel.
 *
 *   op(dequantize(x))            -> dequantize(op(x))
 *   quantize(op(x))              -> op(quantize(x))             op has no other use
 *   quantize(concat(x, y))       -> concat(quantize(x), quantize(y))
 *   quantize(dequantize(x))      -> x, or requantize(x)
 *   storage_cast(op(x))          -> op(storage_cast(x))         plain integers to quantized
 *   storage_cast(clamp(storage_cast(x))) -> clamp(x)
 *
 * Selecting and clamping commute with rounding, which is monotone: the first four lines change no bit except
 * that requantize rounds once where quantize(dequantize) rounds twice. */
#include <string.h>
#include "bounds.h"
#include "qir/pass.h"
#include "qir/qmath.h"
#include "qir/quant.h"
#include "qir/rewrite.h"
#include "quant_util.h"
#include "value_qdq.h"
#include "qir/quantizer.h"

/* --- which ops move --------------------------------------------------------------------------- */

static bool is_nearest(const qir_op *op)
{
    return strcmp(qir_op_string(op, "mode"), "nearest") == 0;
}

/* Ops with rule QR_SAME that move data only under a condition. */
static const struct {
    qir_opcode opcode;
    bool (*moves)(const qir_op *op);
} conditional[] = {{QIR_OP_pad, qir_pads_with_zero}, {QIR_OP_resize, is_nearest}};

/* relu and clamp: quantize stays behind them, for it ends the op that they can be fused into, but for
 * a dequantize; dequantize passes where their bounds are values of its type. */
static const qir_opcode bounding[] = {QIR_OP_relu, QIR_OP_clamp};

static bool is_bounding(const qir_op *op)
{
    return op->opcode == bounding[0] || op->opcode == bounding[1];
}

static float real_value(const qir_quant *q, int32_t stored)
{
    return qir_dequantize_value(stored, q->scale[0], q->zero_point[0]);
}

/* Is clamping values stored as `q` says the same as clamping real ones?  Bounds between two of its
 * values would be rounded; 6.0 of relu6 is no multiple of most scales. */
static bool bounds_are_exact(const qir_op *op, const qir_quant *q)
{
    qir_bounds b = qir_bounds_of(op);
    int32_t lo, hi;
    qir_quant_bounds(q, b.min, b.max, &lo, &hi);
    return (real_value(q, lo) == b.min || b.min <= real_value(q, q->qmin)) &&
           (real_value(q, hi) == b.max || b.max >= real_value(q, q->qmax));
}

static bool moves_data(const qir_op *op)
{
    if (!qir_op_has_trait(op, QIR_TRAIT_PURE) || op->opcode == QIR_OP_relayout ||
        qir_op_desc_get(op->opcode)->qrule.kind != QIR_QR_SAME)
        return false;
    for (size_t i = 0; i < sizeof conditional / sizeof conditional[0]; i++)
        if (conditional[i].opcode == op->opcode)
            return conditional[i].moves(op);
    return true;
}

static bool is_concat(const qir_op *op)
{
    return qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_SHARED;
}

/* --- helpers ---------------------------------------------------------------------------------- */

static bool begin(void *pass)
{
    if (!qir_pass_may_transform(pass))
        return false;
    qir_pass_count(pass, "moved", 1);
    return true;
}

static qir_value *unary(qir_rewriter *rw, qir_op *at, qir_opcode opcode, qir_value *x,
                        const qir_type *type)
{
    qir_builder b = qir_rewriter_builder(rw, at);
    return qir_build1(&b, opcode, QIR_OPERANDS(x), QIR_NO_ATTRS, type);
}

/* A copy of `op` at `at` with quantized operands `in`; its result is inferred. */
static qir_value *copy_on(qir_rewriter *rw, qir_op *at, const qir_op *op, qir_value *const *in)
{
    qir_builder b = qir_rewriter_builder(rw, at);
    qir_context *ctx = b.module->ctx;
    const char *reason = qir_intern_cstr(ctx, QIR_ATTR_FLOAT_REASON);
    const qir_type *type = NULL;
    b.loc = op->loc;
    qir_op *copy = qir_build_dict(&b, op->opcode, in, op->noperands,
                                  qir_dict_set(ctx, op->attrs, reason, NULL), &type);
    return copy ? &copy->results[0] : NULL;
}

/* Operands of `op` with the first replaced. */
static qir_value **with_first(void *pass, const qir_op *op, qir_value *first)
{
    qir_value **in = QIR_NEW_ARRAY(qir_pass_arena(pass), qir_value *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++)
        in[i] = qir_op_operand(op, i);
    in[0] = first;
    return in;
}

static const qir_type *shaped(const qir_op *op, const qir_type *shape, const qir_quant *q)
{
    return qir_type_with_quant(qir_op_module(op)->ctx, shape, q, op->loc);
}

/* --- patterns --------------------------------------------------------------------------------- */

/* Per-axis parameters pass a transpose, whose infer function follows the axis; other ops want one
 * set of parameters. */
static bool dequantize_passes(const qir_op *op, const qir_type *x)
{
    return qir_opcode_computes_on(op->opcode, x) ||
           (op->opcode == QIR_OP_transpose && x->quant && !x->quant->group && !x->quant->dynamic);
}

/* Replaces `op` by itself on quantized operands `in` and a dequantize behind it. */
static bool replace_dequantized(qir_rewriter *rw, qir_op *op, qir_value *const *in)
{
    qir_value *moved = copy_on(rw, op, op, in);
    qir_value *d = moved ? unary(rw, op, QIR_OP_dequantize, moved, NULL) : NULL;
    if (!d)
        return false;
    qir_rewriter_replace(rw, op, d);
    return true;
}

static bool sink_dequantize(qir_rewriter *rw, qir_op *op, void *pass)
{
    qir_op *dq = moves_data(op) ? qir_op_feeder(op, 0, QIR_OP_dequantize) : NULL;
    qir_value *x = dq ? qir_op_operand(dq, 0) : NULL;
    if (!x || !dequantize_passes(op, x->type) ||
        (is_bounding(op) && !bounds_are_exact(op, x->type->quant)) || !begin(pass))
        return false;
    return replace_dequantized(rw, op, with_first(pass, op, x));
}

static bool sink_dequantize_concat(qir_rewriter *rw, qir_op *op, void *pass)
{
    if (!is_concat(op) || op->noperands == 0)
        return false;
    qir_value **in = QIR_NEW_ARRAY(qir_pass_arena(pass), qir_value *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_op *dq = qir_op_feeder(op, i, QIR_OP_dequantize);
        in[i] = dq ? qir_op_operand(dq, 0) : NULL;
        if (!in[i] || !qir_opcode_computes_on(op->opcode, in[i]->type) || in[i]->type->quant != in[0]->type->quant)
            return false;
    }
    if (!begin(pass))
        return false;
    return replace_dequantized(rw, op, in);
}

/* The op in front of quantize `q`, if the quantize may move above it. */
static qir_op *movable(const qir_op *q, bool (*kind)(const qir_op *))
{
    qir_op *op = qir_value_op(qir_op_operand(q, 0));
    bool ends = op && is_bounding(op) && !qir_op_feeder(op, 0, QIR_OP_dequantize);
    bool fits = op && kind(op) && !ends && qir_opcode_computes_on(op->opcode, q->results[0].type) &&
                qir_value_has_one_use(&op->results[0]);
    return fits ? op : NULL;
}

/* `q` is a quantize or storage_cast behind `op`: `op` on the quantized operand 0 takes its place. */
static bool hoist(qir_rewriter *rw, qir_op *q, qir_op *op, void *pass)
{
    qir_value *x = qir_op_operand(op, 0);
    const qir_type *t = shaped(q, x->type, q->results[0].type->quant);
    qir_value *qx = t ? unary(rw, q, q->opcode, x, t) : NULL;
    qir_value *moved = qx ? copy_on(rw, q, op, with_first(pass, op, qx)) : NULL;
    if (!moved)
        return false;
    qir_rewriter_replace(rw, q, moved);
    return true;
}

static bool hoist_quantize(qir_rewriter *rw, qir_op *q, void *pass)
{
    qir_op *op = q->opcode == QIR_OP_quantize ? movable(q, moves_data) : NULL;
    if (!op || qir_value_const(qir_op_operand(op, 0)) || !begin(pass))
        return false;
    return hoist(rw, q, op, pass);
}

static bool hoist_quantize_concat(qir_rewriter *rw, qir_op *q, void *pass)
{
    qir_op *op = q->opcode == QIR_OP_quantize ? movable(q, is_concat) : NULL;
    if (!op || !begin(pass))
        return false;
    qir_value **in = QIR_NEW_ARRAY(qir_pass_arena(pass), qir_value *, op->noperands);
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *x = qir_op_operand(op, i);
        const qir_type *t = shaped(q, x->type, q->results[0].type->quant);
        in[i] = t ? unary(rw, q, QIR_OP_quantize, x, t) : NULL;
        if (!in[i])
            return false;
    }
    qir_value *joined = copy_on(rw, q, op, in);
    if (!joined)
        return false;
    qir_rewriter_replace(rw, q, joined);
    return true;
}

/* requantize needs a ratio of scales that the arithmetic covers. */
static bool is_stored(const qir_type *t)
{
    return qir_type_is_byte_quant(t) || qir_type_is_word_quant(t);
}

static bool can_requantize(const qir_type *x, const qir_type *y)
{
    return is_stored(x) && is_stored(y) &&
           qir_requant_multiplier_ok(
               qir_requant_multiplier(x->quant->scale[0], 1.0f, y->quant->scale[0]), y->quant);
}

static bool merge_pair(qir_rewriter *rw, qir_op *q, void *pass)
{
    qir_op *dq = q->opcode == QIR_OP_quantize ? qir_op_feeder(q, 0, QIR_OP_dequantize) : NULL;
    qir_value *x = dq ? qir_op_operand(dq, 0) : NULL;
    const qir_type *y = q->results[0].type;
    if (!x || !(x->type == y || can_requantize(x->type, y)) || !begin(pass))
        return false;
    qir_value *v = x->type == y ? x : unary(rw, q, QIR_OP_requantize, x, y);
    if (!v)
        return false;
    qir_rewriter_replace(rw, q, v);
    return true;
}

/* Models that keep integers between QuantizeLinear and DequantizeLinear.  A pad's value and bounds
 * are real numbers for quantized operands, integers for plain ones: those stay. */
static bool hoist_storage_cast(qir_rewriter *rw, qir_op *cast, void *pass)
{
    const qir_type *y = cast->results[0].type;
    if (cast->opcode != QIR_OP_storage_cast || !qir_type_is_byte_quant(y))
        return false;
    qir_op *op = qir_value_op(qir_op_operand(cast, 0));
    if (!op || !moves_data(op) || is_bounding(op) || op->opcode == QIR_OP_pad ||
        qir_op_operand(op, 0)->type->quant || !qir_value_has_one_use(&op->results[0]) ||
        !begin(pass))
        return false;
    return hoist(rw, cast, op, pass);
}

static bool merge_casts(qir_rewriter *rw, qir_op *cast, void *pass)
{
    qir_op *inner =
        cast->opcode == QIR_OP_storage_cast ? qir_op_feeder(cast, 0, QIR_OP_storage_cast) : NULL;
    if (!inner || qir_op_operand(inner, 0)->type != cast->results[0].type || !begin(pass))
        return false;
    qir_rewriter_replace(rw, cast, qir_op_operand(inner, 0));
    return true;
}

static bool erase_unused(qir_rewriter *rw, qir_op *op, void *pass)
{
    (void)pass;
    if (!qir_op_is_dead(op))
        return false;
    qir_rewriter_erase(rw, op);
    return true;
}

static bool run(qir_pass *p, qir_module *m)
{
    static const qir_pattern patterns[] = {
        qir_quantize_result, /* only with `values` */
        erase_unused,
        merge_casts,
        qir_clamp_quantized,
        merge_pair,
        sink_dequantize,
        sink_dequantize_concat,
        hoist_quantize,
        hoist_quantize_concat,
        hoist_storage_cast,
    };
    bool values = qir_pass_bool(p, "values");
    unsigned errors = qir_diag_error_count(qir_context_diag(m->ctx));
    qir_for_each_func(f, m)
        qir_rewrite_greedily(f, patterns + !values, sizeof patterns / sizeof patterns[0] - !values, p);
    return qir_diag_error_count(qir_context_diag(m->ctx)) == errors;
}

static const qir_pass_option options[] = {
    {"values", QIR_OPT_BOOL, "false",
     "also quantize results: of pools, means, resize, clamp, leaky_relu as their operand, of sigmoid, hard_sigmoid, "
     "tanh as the op implies"},
    {NULL, QIR_OPT_BOOL, NULL, NULL}};
static const char *const statistics[] = {"moved", "quantized", NULL};

QIR_PASS(propagate_qdq, .name = "propagate-qdq", .alias = "PropagateQuantizationOps{values=true}",
         .summary = "Moves quantize and dequantize through ops that only move data.",
         .doc = "Changes: order of `quantize`, `dequantize`, `storage_cast` and ops with rule SAME "
                "or SHARED; pairs that meet become nothing or `requantize`.\nRequires: nothing.\n"
                "Leaves: values, except that a changed pair of parameters is rounded once instead "
                "of twice.",
         .options = options, .statistics = statistics, .run = run)
