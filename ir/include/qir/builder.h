/* Builder: creates ops at an insertion point with inferred result types. */
#ifndef QIR_BUILDER_H
#define QIR_BUILDER_H

#include "qir/ir.h"
#include "qir/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_builder {
    qir_module *module;
    qir_block *block;
    qir_op *before;      /* insert before this op; NULL = at the end of the block */
    const qir_loc *loc;  /* given to ops created from here */
} qir_builder;

qir_builder qir_builder_at_end(qir_block *b);
qir_builder qir_builder_before(qir_op *op); /* also takes its loc */
qir_builder qir_builder_after(qir_op *op);

/* Attribute list for calls: QIR_ATTRS({"axis", qir_attr_int(ctx, 1)}, ...). */
typedef struct qir_named_attr {
    const char *name;
    const qir_attr *value; /* NULL entries are skipped */
} qir_named_attr;
#define QIR_ATTRS(...) (qir_named_attr[]){__VA_ARGS__, {NULL, NULL}}
#define QIR_NO_ATTRS ((qir_named_attr *)NULL)
#define QIR_OPERANDS(...) (qir_value *[]){__VA_ARGS__},                                            \
                          (uint32_t)(sizeof((qir_value *[]){__VA_ARGS__}) / sizeof(qir_value *))

/* Creates an op and inserts it.  `result` is the type of result 0 or NULL to infer it (required for
 * ops whose quantized result is free).  Returns NULL after a diagnostic. */
qir_op *qir_build(qir_builder *b, qir_opcode opcode, qir_value *const *operands, uint32_t noperands,
                  const qir_named_attr *attrs, const qir_type *result);
/* The same, returning result 0. */
qir_value *qir_build1(qir_builder *b, qir_opcode opcode, qir_value *const *operands,
                      uint32_t noperands, const qir_named_attr *attrs, const qir_type *result);
/* With a ready dictionary and all result types (NULL entries are inferred). */
/* Of an op that has as many results as it is given (trait RESULTS), too. */
qir_op *qir_build_results(qir_builder *b, qir_opcode opcode, qir_value *const *operands,
                          uint32_t noperands, const qir_dict *attrs, const qir_type *const *results,
                          uint32_t nresults);
qir_op *qir_build_dict(qir_builder *b, qir_opcode opcode, qir_value *const *operands,
                       uint32_t noperands, const qir_dict *attrs, const qir_type *const *results);

#ifdef __cplusplus
}
#endif
#endif
