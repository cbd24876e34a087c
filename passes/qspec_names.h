/* Names of specs in annotations: the module attribute `quant.specs`. */
#ifndef QIR_PASSES_QSPEC_NAMES_H
#define QIR_PASSES_QSPEC_NAMES_H

#include "qir/ir.h"
#include "qir/qspec.h"

typedef struct qir_qspec_names qir_qspec_names;

/* The list of `m`; without one, "act" and "weight" are the default quantizer's.  Lives in `arena`.  NULL:
 * diagnosed. */
const qir_qspec_names *qir_qspec_names_read(qir_module *m, qir_arena *arena);

/* The spec that an entry names or spells.  NULL: diagnosed at `loc`. */
const qir_qspec *qir_qspec_names_get(const qir_qspec_names *n, const char *entry,
                                     const qir_loc *loc);

#endif
