/* One output file before it has its name (private to ir/support). */
#ifndef QIR_SUPPORT_STAGED_H
#define QIR_SUPPORT_STAGED_H

#include <stdbool.h>
#include <stddef.h>

typedef struct qir_staged {
    int fd;     /* -1: closed */
    char *path; /* NULL: has no name yet (O_TMPFILE) or nothing is staged */
    int slot;   /* in the table for signal handlers; -1: none */
} qir_staged;

#define QIR_STAGED_NONE {.fd = -1, .slot = -1}

/* Opens a new file in the directory of `target`.  All functions: 0, else an errno. */
int qir_staged_open(qir_staged *s, const char *target);
/* Writes everything, to disk. */
int qir_staged_write(qir_staged *s, const void *data, size_t len);
/* Gives the file its name, replacing what has that name.  `created`: nothing had it. */
int qir_staged_commit(qir_staged *s, const char *target, bool *created);
/* Removes what was not committed; idempotent. */
void qir_staged_drop(qir_staged *s);

/* write(2) until all is written. */
int qir_write_all(int fd, const void *data, size_t len);

#endif
