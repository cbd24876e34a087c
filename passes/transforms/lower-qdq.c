/* lower-qdq: dequantize -> float op -> quantize becomes one integer op; so does dequantize_affine ->
 * linear or conv, whose result stays real.
 *
 * What the integer op needs is decided by the rule of the op table (ops.def): lower_accum.c and
 * lower_scaled.c; lower_dynamic.c.  What does not match stays in float between dequantize and quantize; the reason
 * is kept in its attribute `quant.float` and reported under -Wfloat-fallback. */
#include <string.h>
#include "lowering.h"
#include "qir/pass.h"
#include "qir/quant.h"
#include "qir/rewrite.h"
#include "qir/support/assert.h"
#include "qir/support/vec.h"
#include "quant_util.h"

/* --- the result ------------------------------------------------------------------------------- */

/* The one quantized type that all users of the result want. */
static bool match_result(qir_lowering *l)
{
    qir_for_each_use(u, &l->op->results[0]) {
        if (u->user->opcode != QIR_OP_quantize)
            return qir_stays_float(l, "its result is used in float");
        const qir_type *t = u->user->results[0].type;
        if (l->type && l->type != t)
            return qir_stays_float(l, "its result is quantized in two ways");
        l->type = t;
    }
    return qir_opcode_computes_on(l->opcode, l->type) ||
           qir_stays_float(l, "its result is not %s per tensor", qir_widths(l->opcode));
}

/* --- rewriting -------------------------------------------------------------------------------- */

static const qir_dict *plain_attrs(const qir_op *op)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    return qir_dict_set(ctx, op->attrs, qir_intern_cstr(ctx, QIR_ATTR_FLOAT_REASON), NULL);
}

static qir_value *build_integer(qir_lowering *l)
{
    qir_builder b = qir_builder_before(l->op);
    qir_op *op =
        qir_build_dict(&b, l->opcode, l->in, l->count, plain_attrs(l->op), &l->type);
    return op ? &op->results[0] : NULL;
}

/* Ops between dequantize and quantize stand for the quantize too. */
static void replace(qir_lowering *l, qir_value *y)
{
    qir_op *op = l->op;
    if (op->results[0].name && !y->name)
        y->name = op->results[0].name;
    if (l->opcode != op->opcode) {
        qir_replace_op(op, y);
        return;
    }
    qir_for_each_use(u, &op->results[0])
        qir_replace_op(u->user, y);
    qir_op_erase(op);
}

static bool may_lower(qir_lowering *l)
{
    const char *name = qir_intern_cstr(l->module->ctx, QIR_ATTR_KEEP_FLOAT);
    return !qir_dict_get(l->op->attrs, name) || qir_stays_float(l, "it was asked to stay in float");
}

/* Ops with rule SAME or SHARED that could be integer are integer after propagate-qdq. */
static bool has_integer_form(qir_lowering *l)
{
    switch (qir_op_desc_get(l->op->opcode)->qrule.kind) {
    case QIR_QR_ACCUM:
    case QIR_QR_BINARY:
    case QIR_QR_FREE:
    case QIR_QR_FIXED:
    case QIR_QR_LOOKUP: return true;
    case QIR_QR_SAME:
    case QIR_QR_DYNAMIC:
    case QIR_QR_SHARED: return qir_stays_float(l, "its input is not quantized");
    case QIR_QR_NONE: return qir_stays_float(l, "%s has no integer form", qir_op_name(l->op));
    }
    QIR_UNREACHABLE("rule of the op table");
}

static bool fill_operands(qir_lowering *l)
{
    bool accumulates = qir_op_desc_get(l->op->opcode)->qrule.kind == QIR_QR_ACCUM;
    return accumulates ? qir_lower_accum_operands(l) : qir_lower_scaled_operands(l);
}

static void keep_reason(qir_op *op, const char *why)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    const char *name = qir_intern_cstr(ctx, QIR_ATTR_FLOAT_REASON);
    if (!qir_dict_get(op->attrs, name))
        qir_op_set_attr(op, name, qir_attr_string(ctx, why, strlen(why)));
}

static bool lower(qir_pass *p, qir_op *op)
{
    qir_lowering l = {.module = qir_op_module(op), .op = op, .arena = qir_pass_arena(p)};
    l.opcode = op->opcode;
    l.count = op->noperands;
    l.in = QIR_NEW_ARRAY(l.arena, qir_value *, op->noperands);
    bool ok = may_lower(&l) && (qir_is_dynamic_product(op)
                                    ? qir_lower_dynamic_operands(&l)
                                    : has_integer_form(&l) && match_result(&l) && fill_operands(&l));
    if (!ok && l.why)
        keep_reason(op, l.why);
    if (!ok)
        return l.why != NULL;
    if (!qir_pass_may_transform(p))
        return true;
    qir_value *y = l.opcode == op->opcode || qir_lower_as_xnnpack(&l) ? build_integer(&l) : NULL;
    if (!y || !qir_check_accumulator(qir_value_op(y), true))
        return false;
    replace(&l, y);
    qir_pass_count(p, "lowered", 1);
    return true;
}

/* --- the walk --------------------------------------------------------------------------------- */

static bool is_candidate(const qir_op *op)
{
    return qir_op_arithmetic(op) == QIR_ARITH_FLOAT && op->nresults == 1 && op->results[0].uses;
}

static void report_floats(qir_pass *p, const qir_func *f)
{
    qir_diag_engine *diag = qir_context_diag(f->module->ctx);
    qir_for_each_op(op, f->body) {
        if (qir_op_arithmetic(op) != QIR_ARITH_FLOAT)
            continue;
        qir_warning(diag, op->loc, "float-fallback", "%s stays in float: %s", qir_op_name(op),
                    qir_float_reason(op));
        qir_pass_count(p, "float", 1);
    }
}

/* What stood between integers and a float op: a cast, where the op computed in a half type. */
static bool is_edge(const qir_op *op)
{
    return op->opcode == QIR_OP_dequantize || op->opcode == QIR_OP_dequantize_affine ||
           op->opcode == QIR_OP_cast;
}

static void erase_unused(qir_func *f)
{
    QIR_VEC(qir_op *) dead = {0};
    for (qir_op *op = f->body->last; op; op = op->prev)
        if (is_edge(op) && !op->results[0].uses)
            qir_vec_push(&dead, op);
    for (size_t i = 0; i < dead.len; i++)
        qir_erase_dead(dead.data[i]);
    qir_vec_free(&dead);
    qir_erase_unused_consts(f->module);
}

/* Collects first: lowering an op erases the quantize ops behind it. */
static bool lower_func(qir_pass *p, qir_func *f)
{
    QIR_VEC(qir_op *) ops = {0};
    qir_for_each_op(op, f->body)
        if (is_candidate(op))
            qir_vec_push(&ops, op);
    bool ok = true;
    for (size_t i = 0; ok && i < ops.len; i++)
        ok = lower(p, ops.data[i]);
    qir_vec_free(&ops);
    return ok;
}

static bool run(qir_pass *p, qir_module *m)
{
    unsigned errors = qir_diag_error_count(qir_context_diag(m->ctx));
    qir_for_each_func(f, m) {
        if (!lower_func(p, f))
            return false;
        erase_unused(f);
        report_floats(p, f);
    }
    return qir_diag_error_count(qir_context_diag(m->ctx)) == errors; /* -Werror=float-fallback */
}

static const char *const statistics[] = {"lowered", "float", NULL};

QIR_PASS(lower_qdq, .name = "lower-qdq", .alias = "QuantFusion",
         .summary = "Replaces float ops between dequantize and quantize by integer ops.",
         .doc = "Changes: ops whose operands are dequantized and whose result is quantized; float "
                "biases become i32.  linear and conv of inputs with parameters from run time and "
                "quantized weights become linear_dynamic and conv_dynamic.\nRequires: propagate-qdq, or an input with quantize/dequantize "
                "pairs.\nLeaves: float what has no integer form or leaves the limits of its "
                "arithmetic, with `quant.float` = the reason.\nArithmetic: docs/quantization.md.",
         .excludes = QIR_STAGE_OBSERVED, .sets = QIR_STAGE_QUANTIZED, .clears = QIR_STAGE_QDQ,
         .statistics = statistics, .run = run)
