/* Building ops: those of constants are evaluated at once. */
#include <string.h>

#include "core/fe.h"

static bool all_constant(const qir_op *op, int64_t limit)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        if (v && (v->kind != QIR_VALUE_CONST || qir_type_elements(v->type) > limit))
            return false;
    }
    for (unsigned i = 0; i < op->nresults; i++)
        if (qir_type_elements(op->results[i].type) > limit)
            return false;
    return op->noperands && op->nresults;
}

/* A rearranged or scaled weight keeps its name: the largest operand gives it. */
static const char *folded_name(fe_builder *fe, const qir_op *op)
{
    const qir_value *largest = NULL;
    int64_t most = 1;
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *v = qir_op_operand(op, i);
        int64_t n = v ? qir_type_elements(v->type) : 0;
        if (n > most)
            most = n, largest = v;
    }
    return largest ? fe_const_base(fe, largest) : fe_identifier(fe, fe->node.result);
}

static bool load_operands(const qir_op *op, qir_tensor *in)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *v = qir_op_operand(op, i);
        if (!v)
            continue;
        in[i].type = v->type;
        in[i].data = (void *)(uintptr_t)qir_const_data(qir_value_const(v));
        if (!in[i].data)
            return false;
    }
    return true;
}

/* A large result takes the place of an operand that nothing reads again. */
static qir_value *keep(fe_builder *fe, const qir_op *op, const char *name, const qir_tensor *result)
{
    qir_const *from = qir_value_const(qir_op_operand(op, 0));
    size_t bytes = qir_type_bytes(result->type);
    if (op->noperands != 1 || !qir_map_has(&fe->spare, from) ||
        bytes > qir_type_bytes(from->value.type))
        return fe_add_const(fe, name, result->type, result->data, true, op->loc);
    void *place = (void *)(uintptr_t)qir_const_data(from);
    memcpy(place, result->data, bytes);
    return fe_add_const(fe, name, result->type, place, false, op->loc);
}

/* Replaces the op just built by constants; all its operands are constants. */
static bool fold(fe_builder *fe, qir_op *op, qir_value **out)
{
    qir_tensor *in = QIR_NEW_ARRAY(fe->scratch, qir_tensor, op->noperands);
    qir_tensor *results = QIR_NEW_ARRAY(fe->scratch, qir_tensor, op->nresults);
    if (!load_operands(op, in) || !qir_eval_op(op, in, results, fe->scratch, fe->diag))
        return false;
    const char *name = folded_name(fe, op);
    for (unsigned i = 0; i < op->nresults; i++)
        out[i] = keep(fe, op, name, &results[i]);
    qir_op_erase(op);
    return true;
}

bool fe_built(fe_builder *fe, const qir_op *op)
{
    if (op)
        return true;
    qir_note(fe->diag, fe->node.loc, "while importing node '%s' (%s)", fe->b.loc->text, fe->node.op);
    fe->failed = true;
    return false;
}

static bool emit(fe_builder *fe, qir_opcode opcode, qir_value *const *operands, uint32_t noperands,
                 const qir_named_attr *attrs, const qir_type *result, int64_t fold_limit,
                 qir_value **out, unsigned n)
{
    if (fe->failed)
        return false;
    qir_op *op = qir_build(&fe->b, opcode, operands, noperands, attrs, result);
    if (!fe_built(fe, op))
        return false;
    QIR_ASSERT(op->nresults == n, "the caller expects another number of results");
    if (all_constant(op, fold_limit)) {
        fe->failed = !fold(fe, op, out);
        return !fe->failed;
    }
    for (unsigned i = 0; i < n; i++)
        out[i] = qir_op_result(op, i);
    return true;
}

/* Dequantized weights stay visible for the quantization passes. */
static int64_t fold_limit(qir_opcode opcode)
{
    bool dequantizes = opcode == QIR_OP_dequantize || opcode == QIR_OP_dequantize_affine;
    return dequantizes ? -1 : FE_FOLD_LIMIT;
}

qir_value *fe_emit(fe_builder *fe, qir_opcode opcode, qir_value *const *operands,
                   uint32_t noperands, const qir_named_attr *attrs, const qir_type *result)
{
    qir_value *v;
    return emit(fe, opcode, operands, noperands, attrs, result, fold_limit(opcode), &v, 1) ? v
                                                                                           : NULL;
}

qir_value *fe_emit_folded(fe_builder *fe, qir_opcode opcode, qir_value *const *operands,
                          uint32_t noperands, const qir_named_attr *attrs, const qir_type *result)
{
    qir_value *v;
    return emit(fe, opcode, operands, noperands, attrs, result, QIR_MAX_ELEMENTS, &v, 1) ? v : NULL;
}

bool fe_emit_n(fe_builder *fe, qir_opcode opcode, qir_value *const *operands, uint32_t noperands,
               const qir_named_attr *attrs, qir_value **out, unsigned n)
{
    return emit(fe, opcode, operands, noperands, attrs, NULL, fold_limit(opcode), out, n);
}

qir_value *fe_emit1(fe_builder *fe, qir_opcode opcode, qir_value *x, const qir_named_attr *attrs)
{
    return x ? fe_emit(fe, opcode, &x, 1, attrs, NULL) : NULL;
}

qir_value *fe_emit2(fe_builder *fe, qir_opcode opcode, qir_value *a, qir_value *b)
{
    return a && b ? fe_emit(fe, opcode, QIR_OPERANDS(a, b), QIR_NO_ATTRS, NULL) : NULL;
}
