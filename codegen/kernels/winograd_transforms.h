/* What Winograd's F(t x t, 3x3) does along one axis: the table of its transforms, private to winograd*.c. */
#ifndef QIR_CODEGEN_KERNELS_WINOGRAD_TRANSFORMS_H
#define QIR_CODEGEN_KERNELS_WINOGRAD_TRANSFORMS_H

#include "kernels/winograd.h"

enum { QCG_TAPS = 3, QCG_MOST_TILE = 4, QCG_MOST_SIDE = QCG_MOST_TILE + 2 };

/* Of a size of tile.  Results of place i are odd * 2^twos[i] times too large; a result added `every` times to the
 * sum of place 1 is added as often to all of them. */
typedef struct qcg_transforms {
    signed char weights[QCG_MOST_SIDE][QCG_TAPS]; /* G */
    void (*operands)(qcg *g, const llb_val *d, llb_val *v); /* B' */
    void (*results)(qcg *g, const llb_val *m, llb_val *y);  /* A' */
    unsigned char twos[QCG_MOST_TILE];
    int32_t every;
    uint32_t inverse; /* of odd * odd, modulo 2^32 */
} qcg_transforms;

const qcg_transforms *qcg_transforms_of(const qir_winograd *form);
/* Operands of a tile along an axis. */
unsigned qcg_winograd_side(const qir_winograd *form);

/* 2 v and 4 v. */
llb_val qcg_twice(qcg *g, llb_val v);
llb_val qcg_four_times(qcg *g, llb_val v);

#endif
