/* Regions of ops that work row by row (qir/rows.h) as code. */
#ifndef QIR_CODEGEN_ROWS_H
#define QIR_CODEGEN_ROWS_H

#include "build.h"
#include "qir/rows.h"

/* Makes the function of a region, whose first op is number k, and those of the parts that it calls.  False: diagnosed. */
bool qcg_lower_rows(qcg *g, const qir_rows *r, size_t k, const char *features, qcg_call *call);

#endif
