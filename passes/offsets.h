/* Blocks of memory that are live at the same time get offsets that do not overlap.  Private to passes/. */
#ifndef QIR_PASSES_OFFSETS_H
#define QIR_PASSES_OFFSETS_H

#include <stdint.h>
#include "qir/support/arena.h"

typedef struct qir_plan_block {
    size_t bytes;
    uint32_t first, last; /* positions between which it is live, both included */
    size_t offset;        /* set by qir_plan_pack */
} qir_plan_block;

/* Returns how much memory that takes; no packing takes less than `bound`. */
size_t qir_plan_pack(qir_plan_block *blocks, size_t n, size_t bound, qir_arena *arena);

#endif
