/* Blocks of rows: each is finished by itself, then taken from all that lies below it at once. */
#include <math.h>
#include "matrix.h"
#include "qir/support/parallel.h"

enum { BLOCK = 64 /* rows of a factor, columns of a solution */ };

/* row j of `a` from column j on -= factor * (row i) */
static void subtract_row(const qir_matrix *a, int64_t j, int64_t i, float factor)
{
    float *to = a->data + j * a->stride;
    const float *from = a->data + i * a->stride;
    for (int64_t k = j; k < a->columns; k++)
        to[k] -= factor * from[k];
}

static bool finish_row(const qir_matrix *a, int64_t j)
{
    float *row = a->data + j * a->stride, pivot = row[j];
    if (!(pivot > 0.0f) || !isfinite(pivot))
        return false;
    float root = sqrtf(pivot);
    row[j] = root;
    for (int64_t k = j + 1; k < a->columns; k++)
        row[k] /= root;
    return true;
}

static bool finish_rows(const qir_matrix *a, int64_t first, int64_t last)
{
    for (int64_t j = first; j < last; j++) {
        for (int64_t i = first; i < j; i++)
            subtract_row(a, j, i, a->data[i * a->stride + j]);
        if (!finish_row(a, j))
            return false;
    }
    return true;
}

/* The part of `a` from row and column `first` on. */
static qir_matrix part(const qir_matrix *a, int64_t row, int64_t column, int64_t rows)
{
    return (qir_matrix){a->data + row * a->stride + column, rows, a->columns - column, a->stride};
}

bool qir_cholesky(const qir_matrix *a, unsigned threads)
{
    for (int64_t first = 0; first < a->rows; first += BLOCK) {
        int64_t last = a->rows - first < BLOCK ? a->rows : first + BLOCK;
        if (!finish_rows(a, first, last))
            return false;
        qir_matrix panel = part(a, first, last, last - first), rest = part(a, last, last, a->rows - last);
        qir_gram_add(&panel, &panel, -1.0f, true, &rest, threads);
    }
    return true;
}

static void subtract(float *to, const float *from, float factor, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        to[k] -= factor * from[k];
}

static void divide(float *to, float by, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        to[k] /= by;
}

static void solve(const qir_matrix *u, const qir_matrix *b)
{
    int64_t n = u->rows;
    for (int64_t j = 0; j < n; j++) { /* U^T y = b */
        for (int64_t i = 0; i < j; i++)
            subtract(b->data + j * b->stride, b->data + i * b->stride, u->data[i * u->stride + j],
                     b->columns);
        divide(b->data + j * b->stride, u->data[j * u->stride + j], b->columns);
    }
    for (int64_t j = n; j-- > 0;) { /* U x = y */
        for (int64_t i = j + 1; i < n; i++)
            subtract(b->data + j * b->stride, b->data + i * b->stride, u->data[j * u->stride + i],
                     b->columns);
        divide(b->data + j * b->stride, u->data[j * u->stride + j], b->columns);
    }
}

typedef struct equations {
    const qir_matrix *u, *b;
} equations;

/* Turn: some columns of the solution, which know nothing of the others. */
static void solve_block(void *user, unsigned worker, int64_t turn)
{
    (void)worker;
    const equations *e = user;
    qir_matrix block = part(e->b, 0, turn * BLOCK, e->b->rows);
    block.columns = block.columns < BLOCK ? block.columns : BLOCK;
    solve(e->u, &block);
}

void qir_cholesky_solve(const qir_matrix *u, const qir_matrix *b, unsigned threads)
{
    equations e = {u, b};
    int64_t work = u->rows * u->rows * b->columns;
    qir_parallel_for(qir_threads_for(threads, work), (b->columns + BLOCK - 1) / BLOCK, solve_block, &e);
}
