/* Which ops are integer and which are float, and why. */
#include "gains.h"
#include "qir/ops.h"
#include "qir/quant.h"

static const qir_opcode edges[] = {QIR_OP_quantize, QIR_OP_dequantize, QIR_OP_requantize,
                                   QIR_OP_choose_qparams, QIR_OP_quantize_affine,
                                   QIR_OP_dequantize_affine};

/* Bookkeeping ops that compute nothing at run time. */
static const qir_opcode silent[] = {QIR_OP_return, QIR_OP_observe, QIR_OP_prepack, QIR_OP_relayout,
                                    QIR_OP_storage_cast};

static bool is_among(qir_opcode op, const qir_opcode *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == op)
            return true;
    return false;
}

qir_op_arith qir_op_arithmetic(const qir_op *op)
{
    if (is_among(op->opcode, edges, sizeof edges / sizeof edges[0]))
        return QIR_ARITH_EDGE;
    if (is_among(op->opcode, silent, sizeof silent / sizeof silent[0]) || op->nresults == 0 ||
        qir_op_has_trait(op, QIR_TRAIT_VIEW))
        return QIR_ARITH_NONE;
    if (qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_DYNAMIC)
        return QIR_ARITH_INTEGER;
    if (qir_type_is_float(op->results[0].type))
        return QIR_ARITH_FLOAT;
    for (uint32_t i = 0; i < op->noperands; i++)
        if (op->operands[i].value && !qir_value_const(op->operands[i].value) &&
            qir_type_is_float(op->operands[i].value->type))
            return QIR_ARITH_FLOAT;
    return QIR_ARITH_INTEGER;
}

const char *qir_float_reason(const qir_op *op)
{
    qir_context *ctx = qir_op_module(op)->ctx;
    const qir_attr *a = qir_dict_get(op->attrs, qir_intern_cstr(ctx, QIR_ATTR_FLOAT_REASON));
    if (a && a->kind == QIR_ATTR_STRING)
        return a->u.s;
    return qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_NONE ? "it has no integer form"
                                                                  : "the model is not quantized";
}

/* The type of a quantized constant that a real op reads, or NULL. */
static const qir_type *stored_codes(const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *v = qir_op_operand(op, i);
        if (v && v->type->quant && qir_value_const(v))
            return v->type;
    }
    return NULL;
}

/* "int4 weights, group 32" */
static void report_codes(const qir_op *op, const qir_type *t, qir_strbuf *out)
{
    const qir_quant *q = t->quant;
    qir_strbuf_printf(out, "float, %s%u %s, ", qir_dtype_is_signed(t->dtype) ? "int" : "uint",
                      qir_dtype_bits(t->dtype), op->opcode == QIR_OP_gather ? "table" : "weights");
    if (q->group)
        qir_strbuf_printf(out, "group %lld", (long long)q->group);
    else
        qir_strbuf_puts(out, q->axis < 0 ? "per tensor" : "per channel");
}

/* "int8 dynamic", and how the weight differs from 8 bits per channel: "/ int4 group 32". */
static void put_dynamic(const qir_op *op, qir_strbuf *out)
{
    const qir_type *w = op->operands[qir_op_weight(op)].value->type;
    w = w->kind == QIR_PACKED ? w->logical : w;
    qir_strbuf_puts(out, "int8 dynamic");
    if (qir_dtype_bits(w->dtype) != 8 || w->quant->group)
        qir_strbuf_printf(out, " / int%u", qir_dtype_bits(w->dtype));
    if (w->quant->group)
        qir_strbuf_printf(out, " group %lld", (long long)w->quant->group);
}

/* " of int16": operands that are wider than 8 bits. */
static void put_wide_operands(const qir_op *op, qir_strbuf *out)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        if (v && qir_type_is_word_quant(v->type)) {
            qir_strbuf_puts(out, " of int16");
            return;
        }
    }
}

static void report_op(const qir_op *op, qir_op_arith arith, qir_strbuf *out)
{
    const char *where = op->loc ? qir_loc_text(qir_op_module(op)->ctx, op->loc) : "?";
    const qir_type *t = op->results[0].type;
    qir_strbuf_printf(out, "%s '%s': ", qir_op_name(op), where);
    if (arith == QIR_ARITH_FLOAT && stored_codes(op))
        report_codes(op, stored_codes(op), out);
    else if (arith == QIR_ARITH_FLOAT)
        qir_strbuf_printf(out, "float: %s", qir_float_reason(op));
    else if (qir_op_desc_get(op->opcode)->qrule.kind == QIR_QR_DYNAMIC)
        put_dynamic(op, out);
    else if (t->quant)
        qir_strbuf_printf(out, "int%u", qir_dtype_bits(t->dtype));
    else
        qir_strbuf_puts(out, qir_dtype_name(t->dtype));
    if (arith == QIR_ARITH_INTEGER)
        put_wide_operands(op, out);
    qir_gains_print(op, out);
}

/* The column of ExecuTorch. */
static void report_xnnpack(const qir_op *op, int64_t counts[4], qir_strbuf *out)
{
    static const char *const names[] = {"no: ", "float", "int8", "int8 dynamic"};
    const char *why;
    qir_xnnpack_kind kind = qir_xnnpack_takes(op, &why);
    counts[kind]++;
    qir_strbuf_printf(out, "; XNNPACK: %s%s\n", names[kind], why ? why : "");
}

qir_quant_counts qir_quant_report(const qir_module *m, qir_strbuf *out)
{
    qir_quant_counts n = {0};
    int64_t xnnpack[4] = {0};
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body) {
            qir_op_arith arith = qir_op_arithmetic(op);
            n.integer += arith == QIR_ARITH_INTEGER;
            n.floating += arith == QIR_ARITH_FLOAT;
            n.edges += arith == QIR_ARITH_EDGE;
            if (arith != QIR_ARITH_INTEGER && arith != QIR_ARITH_FLOAT)
                continue;
            report_op(op, arith, out);
            report_xnnpack(op, xnnpack, out);
        }
    qir_strbuf_printf(out, "%lld integer ops, %lld float ops, %lld conversions\n",
                      (long long)n.integer, (long long)n.floating, (long long)n.edges);
    qir_strbuf_printf(out, "ExecuTorch's XNNPACK: %lld int8 ops, %lld dynamic, %lld float, %lld not taken\n",
                      (long long)xnnpack[QIR_XNNPACK_STATIC], (long long)xnnpack[QIR_XNNPACK_DYNAMIC],
                      (long long)xnnpack[QIR_XNNPACK_FLOAT], (long long)xnnpack[QIR_XNNPACK_NOT]);
    return n;
}
