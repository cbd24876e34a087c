/* Sharing of quantization parameters: a union-find over (edge | value), as PyTorch's PT2E does it.
 *
 * An edge is one operand slot of one op, a value one result.  Annotated edges and values are keys;
 * keys that must have equal parameters end in one group, and a group gets one observer. */
#ifndef QIR_SHARING_H
#define QIR_SHARING_H

#include "qir/ir.h"
#include "qir/qspec.h"

typedef struct qir_sharing qir_sharing;

/* Reads the annotations of `f` and resolves them; group numbers start at `first_group` and ascend
 * in program order.  NULL: diagnosed.  Arena. */
qir_sharing *qir_sharing_build(qir_func *f, qir_arena *arena, int64_t first_group);

/* Group of operand `i` of `op`, or of `v`; -1 when it is not quantized. */
int64_t qir_sharing_of_edge(const qir_sharing *s, const qir_op *op, uint32_t i);
int64_t qir_sharing_of_value(const qir_sharing *s, const qir_value *v);
/* How the group is quantized: OWN, FIXED or DERIVED, with the axis resolved.  The operands of a DERIVED
 * one are those of qir_sharing_user. */
const qir_qspec *qir_sharing_spec(const qir_sharing *s, int64_t group);
/* The op whose annotation holds the group's spec. */
const qir_op *qir_sharing_user(const qir_sharing *s, int64_t group);
/* One past the last group. */
int64_t qir_sharing_end(const qir_sharing *s);

#endif
