/* Objects of modules under test, and the table by which a program on the target finds them. */
#ifndef QCC_DIFFER_CODE_H
#define QCC_DIFFER_CODE_H

#include "qir/target_info.h"
#include "subject.h"

/* All objects for one architecture: a folder with the objects, table.s and data.bin, linked with
 * program/batch.c by whoever runs them. */
typedef struct code_batch {
    const char *folder;
    const char *triple;
    const qir_level *levels; /* ascending */
    size_t nlevels;
    qir_strbuf objects, table, data, coverage;
    size_t cases;
} code_batch;

/* Compiles `m`, whose results are `want`, for all levels.  False: failed, printed. */
bool code_add(code_batch *b, subject *s, qir_module *m, const qir_tensor *want);

/* Writes what was added.  False: printed. */
bool code_finish(code_batch *b, qir_diag_engine *diag);

#endif
