/* Strided copies: what ops that move elements are made of. */
#ifndef QIR_CODEGEN_KERNELS_COPY_H
#define QIR_CODEGEN_KERNELS_COPY_H

#include "kernels/nest.h"

/* A nest between result and operand `i`, whose axis a is the operand's axis axis_of[a] (NULL: the
 * same); dimensions are the result's. */
void qcg_copy_nest(qcg *g, qcg_nest *n, unsigned i, const int64_t *axis_of);

/* Copies pointer 1 to pointer 0 of the nest; elem[0] == elem[1]. */
void qcg_copy(qcg *g, qcg_nest *n);

/* `count` neighbouring elements. */
void qcg_copy_block(qcg *g, llb_val to, llb_val from, int64_t count, int64_t elem);

/* Operand 0, `count` elements, to the result; nothing where both are the same memory. */
void qcg_copy_unless_there(qcg *g, int64_t count, int64_t elem);

#endif
