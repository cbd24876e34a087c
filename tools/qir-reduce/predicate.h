/* What makes a candidate interesting to qir-reduce. */
#ifndef QIR_REDUCE_PREDICATE_H
#define QIR_REDUCE_PREDICATE_H

#include "qir/ir.h"

/* --- script.c: -test=SCRIPT ---------------------------------------------------------------------- */
typedef struct script {
    const char *command; /* path of the program */
    char folder[64];     /* where candidates are written */
    unsigned slots;
    bool verbose; /* what the script prints is shown */
} script;

/* False: diagnosed (no such program, no room for candidates). */
bool script_open(script *s, qir_diag_engine *diag, const char *command, unsigned slots, bool verbose);
void script_close(script *s);
/* Fits reduce_options.interesting. */
bool script_accepts(void *user, qir_module *candidate, unsigned slot);

#endif
