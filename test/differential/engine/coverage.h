/* Counts of what was compiled: op, types, kernel, level. */
#ifndef QCC_DIFFER_COVERAGE_H
#define QCC_DIFFER_COVERAGE_H

#include "qir/ir.h"
#include "qir/target_info.h"

/* Adds every op of main, as it stands before code generation, under `level`. */
void coverage_add(qir_strbuf *out, qir_module *m, qir_level level);

#endif
