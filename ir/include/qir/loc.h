/* Source locations: where a value came from, kept through every pass. */
#ifndef QIR_LOC_H
#define QIR_LOC_H

#include <stdint.h>

typedef struct qir_loc qir_loc;

typedef enum qir_loc_kind {
    QIR_LOC_FILE, /* file:line:col; a binary offset when line is 0 */
    QIR_LOC_NAME, /* node or module path of the model: loc("conv1") */
    QIR_LOC_FUSED /* several: loc(fused["conv1", "bn1"]) */
} qir_loc_kind;

/* Arena (context); immutable. */
struct qir_loc {
    qir_loc_kind kind;
    const char *text;          /* file or name, interned */
    uint32_t line, col;        /* 1-based; 0 = unknown */
    uint64_t offset;           /* byte offset in a binary file */
    uint32_t nparts;           /* fused */
    const qir_loc *const *parts;
    const qir_loc *listed; /* file:line:col in a listing of the module, for debug information; or NULL */
};

#endif
