/* Live ranges of buffers, and the check that a plan respects them.  Private to passes/. */
#ifndef QIR_PASSES_PLAN_H
#define QIR_PASSES_PLAN_H

#include "qir/ir.h"
#include "qir/support/map.h"
#include "qir/target_info.h"

enum { QIR_PLAN_ALIGN = 64 };

/* Memory that must hold one thing from op `first` to op `last` (positions in the function; the ops of a region have
 * one).  What a region has for itself is the workspace of its last op. */
typedef struct qir_range {
    qir_op *op;       /* that writes it */
    uint32_t result;  /* which of its results */
    bool workspace;   /* of `op`; else its result */
    size_t bytes;     /* a multiple of QIR_PLAN_ALIGN */
    uint32_t first, last;
    size_t offset;
    int32_t out;      /* >= 0: in the caller's buffer for this result, takes no memory here */
    int32_t inplace;  /* >= 0: lives on in the memory of this earlier range, which ends here */
    uint32_t home;    /* the range whose memory it uses at last: follows inplace */
} qir_range;

typedef struct qir_ranges {
    qir_range *data; /* arena; in program order */
    size_t len;
    uint32_t nops;
    size_t layers; /* the most that an op reads, writes and works in, each by itself */
} qir_ranges;

typedef struct qir_plan_options {
    qir_level level;
    bool inplace, direct; /* elementwise in place; results straight to the caller's buffers */
} qir_plan_options;

/* Ranges of all results and workspaces of `f`; offsets are not set. */
qir_ranges qir_plan_ranges(qir_func *f, const qir_plan_options *opts, qir_arena *arena);

/* False, after a diagnostic, if ops marked as a region cannot be one (qir/rows.h). */
bool qir_plan_check_rows(const qir_func *f, qir_level level, qir_arena *arena, qir_diag_engine *diag);

/* Sums of live bytes, by position. */
size_t *qir_plan_live(const qir_ranges *ranges, qir_arena *arena);
/* Largest sum of live bytes: no plan needs less. */
size_t qir_plan_bound(const qir_ranges *ranges, qir_arena *arena);

/* Can `op` write its result over operand `i`? */
bool qir_plan_may_share(const qir_op *op, uint32_t i);

#endif
