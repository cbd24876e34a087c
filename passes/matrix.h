/* The linear algebra behind corrections of weights, in fp32 and in one order of summation whatever the
 * processor and the number of `threads`, at most, that share the work (qir/support/parallel.h): no library whose
 * kernels differ from machine to machine. */
#ifndef QIR_MATRIX_H
#define QIR_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

/* Row-major, with `stride` elements from row to row. */
typedef struct qir_matrix {
    float *data;
    int64_t rows, columns, stride;
} qir_matrix;

/* c += sign * a^T b.  Each element takes one sum over at most QIR_GRAM_ROWS rows at a time, ascending
 * from zero, then adds it.  `upper`: of c only what lies on or above its diagonal counts. */
enum { QIR_GRAM_ROWS = 128 };
void qir_gram_add(const qir_matrix *a, const qir_matrix *b, float sign, bool upper,
                  const qir_matrix *c, unsigned threads);

/* The upper triangle of a symmetric positive definite matrix becomes U with a = U^T U; what lies
 * below the diagonal is not read and left as anything.  False: a pivot is not positive. */
bool qir_cholesky(const qir_matrix *a, unsigned threads);

/* U^T U x = b, in place of b (as many rows as U). */
void qir_cholesky_solve(const qir_matrix *u, const qir_matrix *b, unsigned threads);

#endif
