/* What makes a candidate interesting to qir-reduce. */
#ifndef QIR_REDUCE_PREDICATE_H
#define QIR_REDUCE_PREDICATE_H

#include "qir/ir.h"
#ifdef QCC_WITH_LLVM
#include "verify.h"
#endif

/* --- script.c: -test=SCRIPT ---------------------------------------------------------------------- */
typedef struct script {
    char *command;       /* whole path of the program */
    char folder[64];     /* where candidates are written */
    unsigned slots;
    bool verbose; /* what the script prints is shown */
} script;

/* False: diagnosed (no such program, no room for candidates). */
bool script_open(script *s, qir_diag_engine *diag, const char *command, unsigned slots, bool verbose);
void script_close(script *s);
/* Fits reduce_options.interesting. */
bool script_accepts(void *user, qir_module *candidate, unsigned slot);

#ifdef QCC_WITH_LLVM
/* --- differs.c: -differs=LEVEL,... --------------------------------------------------------------- */
typedef struct differs {
    verify_way ways[VERIFY_MAX_WAYS];
    size_t nways;
} differs;

/* False: diagnosed (no such way). */
bool differs_choose(differs *d, qir_context *ctx, const char *list);
bool differs_accepts(void *user, qir_module *candidate, unsigned slot);
#endif

#endif
