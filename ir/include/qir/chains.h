/* Weights as chains of products that i16 can sum: products of a u8 and an i8, added in pairs by an
 * instruction that saturates, are exact in any order while the positive weights of a lane sum up to at most
 * 128, and the negative ones too (255 * 128 <= 32767).
 *
 * A step is four values of k times a block of columns; its lanes are the pairs of those k in each column.
 * Steps go into chains of equal length, wherever in k they come from: each has the offset of its operands.
 * What is too large for one step is split into two.  Zeros fill the chains up. */
#ifndef QIR_CHAINS_H
#define QIR_CHAINS_H

#include <stdint.h>
#include "qir/support/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { QIR_CHAIN_COLUMNS = 16, QIR_CHAIN_K = 4, QIR_CHAIN_MOST = 8 };

typedef struct qir_chains {
    int64_t length, blocks, count; /* steps of a chain; blocks of columns; chains of all blocks */
    int32_t *first;                /* chain that a block begins with, and one more */
    int32_t *offset;               /* of the operands of each step */
    int8_t *weights;               /* of each step [column][k] */
} qir_chains;

/* packed: [block][k / QIR_CHAIN_K][column][k], `groups` values of k / QIR_CHAIN_K. */
void qir_chains_make(qir_arena *arena, const int8_t *packed, int64_t blocks, int64_t groups, int64_t length,
                     qir_chains *out);
/* How many that are. */
int64_t qir_chains_count(qir_arena *arena, const int8_t *packed, int64_t blocks, int64_t groups, int64_t length);

#ifdef __cplusplus
}
#endif
#endif
