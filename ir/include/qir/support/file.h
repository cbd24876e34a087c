/* Whole files in, whole files out. */
#ifndef QIR_SUPPORT_FILE_H
#define QIR_SUPPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include "qir/diag.h"
#include "qir/support/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_bytes {
    const unsigned char *data; /* NUL-terminated one past `len` */
    size_t len;
} qir_bytes;

/* Reads a regular file (or "-": standard input) whole into `arena`.  Refuses directories, devices,
 * files larger than `max_bytes` (`limit_flag` names the option that raises it, or NULL).  False:
 * diagnosed. */
bool qir_read_file(qir_diag_engine *diag, qir_arena *arena, const char *path, size_t max_bytes,
                   const char *limit_flag, qir_bytes *out);

/* A set of output files that appear together or not at all: staged without names (else under random
 * ones) in the directories of their targets, which they replace on commit.  A link to a regular file
 * is replaced, not followed; the mode is 0666 less the umask.  "-" is standard output; FIFOs and
 * devices are written directly. */
typedef struct qir_output_set qir_output_set;

qir_output_set *qir_output_set_create(qir_diag_engine *diag);

/* Stages one file; data is written at once.  False: diagnosed, set unusable. */
bool qir_output_add(qir_output_set *set, const char *path, const void *data, size_t len);

/* Gives all staged files their names.  On failure removes what it created; false: diagnosed. */
bool qir_output_commit(qir_output_set *set);

/* Removes what was staged and not committed, and frees the set. */
void qir_output_set_destroy(qir_output_set *set);

/* Removes every staged file of every live set; async-signal-safe, for SIGINT and SIGTERM handlers. */
void qir_output_abandon_all(void);

#ifdef __cplusplus
}
#endif
#endif
