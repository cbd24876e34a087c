/* Runs a function in a forked child; see child.c.  Private to codegen/. */
#ifndef QIR_CODEGEN_CHILD_H
#define QIR_CODEGEN_CHILD_H

#include <stdbool.h>
#include <sys/types.h>
#include "qir/diag.h"
#include "qir/support/strbuf.h"

/* Appends its result to `out`; false: diagnosed. */
typedef bool (*qcg_child_fn)(void *user, qir_strbuf *out);

/* `out` receives what the child's call appended; diagnostics of the child reach `diag` here.  What
 * the child writes to its standard error (LLVM's warnings) is appended to `err` when not NULL.
 * A child that dies becomes an error: code "codegen.memory" when memory or time ran out,
 * "internal.codegen" otherwise. */
bool qcg_run_child(qir_diag_engine *diag, qcg_child_fn fn, void *user, qir_strbuf *out,
                   qir_strbuf *err);

/* The same in two steps, so that several run at a time. */
typedef struct qcg_child {
    pid_t pid;
    int frames, data, err;
} qcg_child;
bool qcg_child_start(qir_diag_engine *diag, qcg_child_fn fn, void *user, qcg_child *c);
/* Waits until it has ended. */
bool qcg_child_finish(qir_diag_engine *diag, const qcg_child *c, qir_strbuf *out, qir_strbuf *err);

#endif
