/* Physical layout questions that passes and code generation share. */
#ifndef QIR_LAYOUT_H
#define QIR_LAYOUT_H

#include "qir/ir.h"

#ifdef __cplusplus
extern "C" {
#endif

/* True if element i of `b` lies where element perm(i) of `a` lies, so that one buffer serves both:
 * dimension d of `b` is dimension perm[d] of `a` (perm NULL: the same dimensions). */
bool qir_layout_agrees(const qir_type *a, const int64_t *perm, const qir_type *b);

/* True if the elements of `t` lie in row-major order, whatever its order is called. */
bool qir_layout_is_row_major(const qir_type *t);

/* Ops whose result is operand 0's bytes: VIEW ops, relayouts and transposes whose physical orders
 * agree, and slices of neighbouring elements (not of constants).  They need neither code nor buffer. */
bool qir_op_is_view(const qir_op *op);

/* The value whose buffer holds `v`: looks through views. */
qir_value *qir_value_root(qir_value *v);
/* Where in that buffer it begins, in bytes, and whether it is all of it. */
size_t qir_value_offset(const qir_value *v);
bool qir_value_is_whole(const qir_value *v);

#ifdef __cplusplus
}
#endif
#endif
