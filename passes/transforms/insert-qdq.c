/* insert-qdq: replaces each observe op by quantize + dequantize with the parameters of its range.
 * Observed constants are quantized on the spot and only dequantized in the graph.  Where the parameters
 * come from run time, choose_qparams measures them. */
#include <string.h>
#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/support/map.h"
#include "quant_util.h"

typedef struct converter {
    qir_pass *pass;
    qir_map types; /* observer id -> its type, where parameters are known */
} converter;

static const void *key_of(int64_t id)
{
    return (const void *)(uintptr_t)(id + 1);
}

static bool is_kind(const qir_op *op, const char *kind)
{
    return strcmp(qir_op_string(op, "kind"), kind) == 0;
}

/* --- types ----------------------------------------------------------------------------------- */

static const qir_type *factor(const converter *c, const qir_op *op, size_t i)
{
    size_t n;
    const int64_t *of = qir_op_ints(op, "of", &n);
    return i < n ? qir_map_get(&c->types, key_of(of[i])) : NULL;
}

/* Scale of a bias: the product of two scales, per channel where one of them is. */
static const qir_type *derived_type(const converter *c, const qir_op *op)
{
    const qir_type *a = factor(c, op, 0), *b = factor(c, op, 1);
    if (!a || !b) {
        (void)qir_error(qir_context_diag(qir_op_module(op)->ctx), op->loc, "quant.derived",
                        "a derived scale needs two operands with known scales");
        return NULL;
    }
    size_t n = a->quant->count > b->quant->count ? a->quant->count : b->quant->count;
    float *scale = QIR_NEW_ARRAY(qir_pass_arena(c->pass), float, n);
    for (size_t i = 0; i < n; i++)
        scale[i] = a->quant->scale[i % a->quant->count] * b->quant->scale[i % b->quant->count];
    return qir_observed_type_of(op, n > 1 ? 0 : -1, scale, n);
}

/* Not where they come from run time, or where nothing was measured. */
static bool has_parameters(const qir_op *op)
{
    return qir_op_operand(op, 1) || qir_op_attr(op, "lo") || qir_op_attr(op, "scale");
}

static const qir_type *own_type(const qir_op *op)
{
    const qir_value *codes = qir_op_operand(op, 1);
    return codes ? codes->type : qir_observed_type(op);
}

static bool note_type(converter *c, const qir_op *op)
{
    const qir_type *t = has_parameters(op) ? own_type(op) : NULL;
    qir_map_put(&c->types, key_of(qir_op_int(op, "id")), (void *)t);
    return t || !has_parameters(op);
}

/* --- conversion ------------------------------------------------------------------------------ */

static qir_value *quantized(qir_builder *b, qir_op *op, const qir_type *type)
{
    qir_value *x = qir_op_operand(op, 0);
    qir_const *c = qir_value_const(x);
    if (qir_op_operand(op, 1))
        return qir_op_operand(op, 1);
    if (!c)
        return qir_build1(b, QIR_OP_quantize, QIR_OPERANDS(x), QIR_NO_ATTRS, type);
    qir_const *q = qir_quantize_const(b->module, c, type);
    return q ? &q->value : NULL;
}

static bool replace(converter *c, qir_op *op, qir_value *v)
{
    if (!v)
        return false;
    qir_replace_op(op, v);
    qir_pass_count(c->pass, "pairs", 1);
    return true;
}

static bool convert(converter *c, qir_op *op, const qir_type *type)
{
    qir_builder b = qir_builder_before(op);
    qir_value *q = type ? quantized(&b, op, type) : NULL;
    return q && replace(c, op, qir_build1(&b, QIR_OP_dequantize, QIR_OPERANDS(q), QIR_NO_ATTRS, NULL));
}

/* The elements that share parameters: a row, or the whole tensor. */
static const qir_attr *block_of(const converter *c, const qir_op *op)
{
    const qir_type *t = op->results[0].type;
    int64_t *block = QIR_NEW_ARRAY(qir_pass_arena(c->pass), int64_t, t->rank);
    bool rows = qir_op_bool(op, "rows");
    for (unsigned d = 0; d < t->rank; d++)
        block[d] = rows && d + 1 < t->rank ? 1 : t->dims[d];
    return qir_attr_ints(qir_op_module(op)->ctx, block, t->rank);
}

static bool convert_dynamic(converter *c, qir_op *op)
{
    qir_builder b = qir_builder_before(op);
    const qir_attr *block = block_of(c, op);
    qir_named_attr stored[] = {{"block", block},
                               {"dtype", qir_op_attr(op, "dtype")},
                               {"qmin", qir_op_attr(op, "qmin")},
                               {"qmax", qir_op_attr(op, "qmax")},
                               {NULL, NULL},
                               {NULL, NULL},
                               {NULL, NULL}};
    qir_value *x = qir_op_operand(op, 0);
    qir_named_attr measured[7];
    memcpy(measured, stored, sizeof stored);
    measured[4] = (qir_named_attr){"symmetric", qir_op_attr(op, "symmetric")};
    measured[5] = (qir_named_attr){"eps", qir_op_attr(op, "eps")};
    qir_value *scale = qir_build1(&b, QIR_OP_choose_qparams, QIR_OPERANDS(x), measured, NULL);
    qir_value *zp = scale ? &qir_value_op(scale)->results[1] : NULL;
    qir_value *q = scale ? qir_build1(&b, QIR_OP_quantize_affine, QIR_OPERANDS(x, scale, zp), stored, NULL)
                         : NULL;
    qir_named_attr blocks[] = {{"block", block}, {NULL, NULL}};
    return q && replace(c, op, qir_build1(&b, QIR_OP_dequantize_affine, QIR_OPERANDS(q, scale, zp),
                                          blocks, NULL));
}

static bool drop(converter *c, qir_op *op)
{
    qir_replace_op(op, qir_op_operand(op, 0));
    qir_pass_count(c->pass, "unmeasured", 1);
    return true;
}

static bool convert_any(converter *c, qir_op *op)
{
    if (is_kind(op, "placeholder"))
        return convert_dynamic(c, op);
    if (is_kind(op, "derived"))
        return convert(c, op, derived_type(c, op));
    return has_parameters(op) ? convert(c, op, own_type(op)) : drop(c, op);
}

static bool run_func(converter *c, qir_func *f)
{
    qir_for_each_op(op, f->body)
        if (op->opcode == QIR_OP_observe && !note_type(c, op))
            return false;
    qir_for_each_op(op, f->body)
        if (op->opcode == QIR_OP_observe && !convert_any(c, op))
            return false;
    return true;
}

static bool run(qir_pass *p, qir_module *m)
{
    converter c = {.pass = p};
    bool ok = true;
    qir_for_each_func(f, m)
        ok = ok && run_func(&c, f);
    qir_map_free(&c.types);
    qir_erase_unused_consts(m);
    return ok;
}

static const char *const statistics[] = {"pairs", "unmeasured", NULL};

QIR_PASS(insert_qdq, .name = "insert-qdq", .alias = "InsertQuantDeQuant",
         .summary = "Replaces observers by quantize/dequantize pairs.",
         .doc =
             "Changes: `observe` with a range becomes `quantize`, `dequantize`; of a constant: a "
             "quantized constant (its codes, where a pass chose them) and `dequantize`; a placeholder: `choose_qparams`, `quantize_affine`, "
             "`dequantize_affine`; without a range it disappears.\nRequires: "
             "apply-calibration.\nLeaves: float ops between the pairs.\nScale and zero point: "
             "PyTorch's formula (docs/quantization.md, parameters).",
         .requires = QIR_STAGE_OBSERVED, .sets = QIR_STAGE_QDQ, .clears = QIR_STAGE_OBSERVED,
         .statistics = statistics, .run = run)
