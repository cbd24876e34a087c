/* Builder: infers result types, creates, inserts. */
#include "qir/builder.h"

#include "qir/support/assert.h"

qir_builder qir_builder_at_end(qir_block *b)
{
    return (qir_builder){.module = b->parent->module, .block = b};
}

qir_builder qir_builder_before(qir_op *op)
{
    return (qir_builder){
        .module = qir_op_module(op), .block = op->parent, .before = op, .loc = op->loc};
}

qir_builder qir_builder_after(qir_op *op)
{
    return (qir_builder){
        .module = qir_op_module(op), .block = op->parent, .before = op->next, .loc = op->loc};
}

qir_op *qir_build_results(qir_builder *b, qir_opcode opcode, qir_value *const *operands,
                          uint32_t noperands, const qir_dict *attrs, const qir_type *const *results,
                          uint32_t nresults)
{
    const qir_type *types[QIR_MAX_RESULTS] = {0};
    QIR_ASSERT(qir_op_takes_results(qir_op_desc_get(opcode), nresults), "number of results");
    for (unsigned i = 0; results && i < nresults; i++)
        types[i] = results[i];
    qir_infer q = {.module = b->module,
                   .opcode = opcode,
                   .loc = b->loc,
                   .attrs = attrs,
                   .operands = operands,
                   .noperands = noperands,
                   .results = types,
                   .nresults = nresults};
    if (!qir_infer_op(&q))
        return NULL;
    qir_op *op = qir_op_create(b->module, opcode, operands, noperands, types, (uint16_t)nresults,
                               attrs, b->loc);
    if (b->before)
        qir_op_insert_before(op, b->before);
    else
        qir_op_append(b->block, op);
    return op;
}

qir_op *qir_build_dict(qir_builder *b, qir_opcode opcode, qir_value *const *operands,
                       uint32_t noperands, const qir_dict *attrs, const qir_type *const *results)
{
    return qir_build_results(b, opcode, operands, noperands, attrs, results,
                             qir_op_desc_get(opcode)->nresults);
}

qir_op *qir_build(qir_builder *b, qir_opcode opcode, qir_value *const *operands, uint32_t noperands,
                  const qir_named_attr *attrs, const qir_type *result)
{
    const qir_dict *dict = NULL;
    for (; attrs && attrs->name; attrs++)
        if (attrs->value)
            dict = qir_dict_set(b->module->ctx, dict, attrs->name, attrs->value);
    const qir_type *types[QIR_MAX_RESULTS] = {result};
    return qir_build_dict(b, opcode, operands, noperands, dict, types);
}

qir_value *qir_build1(qir_builder *b, qir_opcode opcode, qir_value *const *operands,
                      uint32_t noperands, const qir_named_attr *attrs, const qir_type *result)
{
    qir_op *op = qir_build(b, opcode, operands, noperands, attrs, result);
    return op ? &op->results[0] : NULL;
}
