/* Regions: chains of ops that are computed a few rows at a time, so that what one hands to the next never exists as
 * a whole.  Facts without LLVM, shared by the memory planner and the code generator.
 *
 *   x --op 0--> ring 0 --op 1--> ring 1 --op 2--> y
 *
 * Rows are slices of dimension 2 of one image whose rows lie one behind another (nhwc, one batch entry).  A
 * region runs in blocks: in each the last op makes the next `block` rows of y, every other op the rows that
 * this takes beyond those that are there, and a ring moves the rows that are still needed to its front.
 * An op's part in a block is a smaller op of the same kind, with the padding that it really has: any kernel
 * can make it, and knows nothing of regions.
 *
 * In the text: attribute `rows`, the number of the region, on each of its ops, which stand one behind
 * another, and `row_block` on the last. */
#ifndef QIR_ROWS_H
#define QIR_ROWS_H

#include "qir/ir.h"
#include "qir/target_info.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { QIR_ROWS_STEPS = 16 };

typedef struct qir_rows_step {
    qir_op *op;
    int64_t height, in_height;  /* rows of the result, and of the operand that its rows depend on */
    int64_t span, stride, pad;  /* rows of that under one of the result; how far apart; above the image */
    int64_t rows;               /* of the result in one block */
    int64_t front, ring;        /* rows of the ring: for what only a cold start needs, and all */
    size_t row_bytes, at;       /* of the result; where its ring begins in the memory of the region */
} qir_rows_step;

typedef struct qir_rows {
    unsigned nsteps;
    qir_rows_step step[QIR_ROWS_STEPS];
    int64_t block, nblocks; /* rows of the last result at a time */
    /* Blocks [steady, tail) are alike; of [cold, tail) each can come first. */
    int64_t steady, tail, cold;
    double cycles, apart; /* about how many it takes (see ir/rates.def), and its ops without it */
    size_t ws_at, bytes; /* workspace of the parts, behind the rings; all of the region's own memory */
} qir_rows;

/* What an op does in a block: rows [first, end) of its result from [from, to) of its operand. */
typedef struct qir_rows_part {
    int64_t first, end, from, to;
    int64_t above, below;     /* padding */
    /* The ring of its result: the row at its front, and in the block before; rows [kept, first) are there and stay. */
    int64_t base, base_before, kept;
    int64_t in_base; /* the row at the front of the ring that it reads */
} qir_rows_part;

/* Can `op` be part of a region? */
bool qir_rows_takes(const qir_op *op);
/* Can `next`, the op behind `op`, read what that makes row by row? */
bool qir_rows_follows(const qir_op *op, const qir_op *next);

/* The region of the n ops from `first` on, which follow each other.  False: n is too large, or an operand is no
 * image of rows. */
bool qir_rows_make(qir_level level, qir_op *first, unsigned n, int64_t block, qir_arena *arena,
                   qir_rows *r);
/* Fills span, stride, pad and in_height; height is set. */
void qir_rows_window(const qir_op *op, qir_rows_step *s);
/* How many ops from `op` on bear the number of its region; 0: it is in none. */
unsigned qir_rows_marked(const qir_op *op);
/* The region that begins with `op`, by its attributes; false: there is none. */
bool qir_rows_get(qir_level level, qir_op *op, qir_arena *arena, qir_rows *r);

/* The part of a step in a block; `cold`: nothing was computed before. */
qir_rows_part qir_rows_part_get(const qir_rows *r, unsigned step, int64_t block, bool cold);
/* Do two parts differ only in where they are? */
bool qir_rows_same_op(const qir_rows_part *a, const qir_rows_part *b);
/* That part as an op, which is in no block and in no list of uses. */
qir_op *qir_rows_slice(const qir_rows *r, unsigned step, const qir_rows_part *p, qir_arena *arena);

/* How operand i of a step is read: */
typedef enum qir_rows_access {
    QIR_ROWS_WHOLE, /* all of it in every part */
    QIR_ROWS_INPUT, /* the rows under the windows of the result's */
    QIR_ROWS_ALONG, /* the rows of the result */
} qir_rows_access;
qir_rows_access qir_rows_access_of(const qir_op *op, uint32_t i);
/* Is it the result of the step before? */
bool qir_rows_is_inner(const qir_rows *r, unsigned step, uint32_t i);

#ifdef __cplusplus
}
#endif
#endif
