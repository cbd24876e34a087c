/* Counts of what was compiled: op, types, level. */
#ifndef QCC_DIFFER_COVERAGE_H
#define QCC_DIFFER_COVERAGE_H

#include "qir/ir.h"

/* Adds every op of main, as it stands before code generation, under `level`. */
void coverage_add(qir_strbuf *out, qir_module *m, const char *level);

#endif
