/* Memory for large temporary data: anonymous, or of a temporary file without a name, whose pages the
 * system writes out, and which is gone with the process however that ends. */
#ifndef QIR_PAGES_H
#define QIR_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include "qir/diag.h"

typedef struct qir_pages {
    char *data; /* NULL: none */
    size_t bytes;
    bool in_file;
} qir_pages;

/* The file is in the folder that TMPDIR names, else in /tmp, and as long as it can get from the start.
 * False: diagnosed. */
bool qir_pages_map(qir_pages *p, size_t bytes, bool in_file, qir_diag_engine *diag);
/* Takes pages of a file out of memory; they keep what is in them. */
void qir_pages_rest(const qir_pages *p);
void qir_pages_unmap(qir_pages *p);

#endif
