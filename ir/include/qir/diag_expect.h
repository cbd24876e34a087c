/* Checks diagnostics against comments in their source, as MLIR's -verify-diagnostics does:
 *
 *   // expected-error@+1 {{unknown op 'rleu'}}
 *
 * error, warning, remark or note; @above, @below, @+N, @-N or @N (default: the comment's line),
 * @unknown for messages without a place in this file; "-re" after the severity: {{...}} inside the
 * text are POSIX extended regular expressions.  Text matches any part of "message [code]". */
#ifndef QIR_DIAG_EXPECT_H
#define QIR_DIAG_EXPECT_H

#include "qir/diag.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_diag_expect qir_diag_expect;

/* Collects the expectations in lines [first_line, last_line] of `text`; `file` is its name in
 * locations. */
qir_diag_expect *qir_diag_expect_create(const char *file, const char *text, size_t len,
                                        uint32_t first_line, uint32_t last_line);
void qir_diag_expect_destroy(qir_diag_expect *e);

/* A handler for qir_diag_set_handler; `user` is the qir_diag_expect. */
void qir_diag_expect_handler(void *user, const qir_diag *d);

/* True if everything expected came and no error, warning or remark came unexpected (notes may).
 * Else says what is wrong, one line each. */
bool qir_diag_expect_finish(const qir_diag_expect *e, qir_strbuf *report);

#ifdef __cplusplus
}
#endif
#endif
