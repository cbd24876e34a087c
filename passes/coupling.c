/* A matrix has its Cholesky factor.  Of few rows the inverse (x x^T + d I)^-1 grows column by column; with the
 * columns before k in it, v = inverse x_k and s = 1 + x_k . v give pivot_k^2 = d s and gain_k = pivot_k v / s. */
#include "coupling.h"

#include <math.h>
#include <stdlib.h>

/* --- order ------------------------------------------------------------------------------------- */
typedef struct column {
    double diagonal;
    int64_t number;
} column;

static int by_diagonal(const void *a, const void *b)
{
    const column *x = a, *y = b;
    if (x->diagonal != y->diagonal)
        return (x->diagonal > y->diagonal) - (x->diagonal < y->diagonal);
    return (x->number < y->number) - (x->number > y->number);
}

static double diagonal(const qir_matrix *square, const qir_matrix *rows, int64_t i)
{
    if (square->data)
        return (double)square->data[i * square->stride + i];
    double sum = 0.0;
    for (int64_t r = 0; r < rows->rows; r++) {
        double x = (double)rows->data[r * rows->stride + i];
        sum += x * x;
    }
    return sum;
}

/* The column of the largest diagonal last, as it is the first to be rounded.  Returns the mean. */
static double order_columns(qir_coupling *f, const qir_matrix *square, const qir_matrix *rows,
                            qir_arena *arena)
{
    int64_t n = rows->columns;
    double sum = 0.0;
    column *c = QIR_NEW_ARRAY(arena, column, (size_t)n);
    f->order = QIR_NEW_ARRAY(arena, int64_t, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        c[i] = (column){diagonal(square, rows, i), i};
        sum += c[i].diagonal;
    }
    qsort(c, (size_t)n, sizeof *c, by_diagonal);
    for (int64_t i = 0; i < n; i++)
        f->order[i] = c[i].number;
    return sum / (double)n;
}

static qir_matrix matrix(qir_arena *arena, int64_t rows, int64_t columns)
{
    return (qir_matrix){QIR_NEW_ARRAY(arena, float, (size_t)(rows * columns)), rows, columns, columns};
}

/* --- of a matrix ------------------------------------------------------------------------------- */
static bool factor_square(qir_coupling *f, const qir_matrix *h, float damping, qir_arena *arena)
{
    int64_t n = h->rows;
    f->gain = matrix(arena, n, n);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = i; k < n; k++) {
            int64_t a = f->order[i], b = f->order[k];
            f->gain.data[i * n + k] = a < b ? h->data[a * h->stride + b] : h->data[b * h->stride + a];
        }
        f->gain.data[i * n + i] += damping;
    }
    if (!qir_cholesky(&f->gain, f->threads))
        return false;
    for (int64_t i = 0; i < n; i++)
        f->pivot[i] = f->gain.data[i * n + i];
    return true;
}

static void refit_square(const qir_coupling *f, const qir_matrix *cross, const qir_matrix *w,
                         qir_arena *arena)
{
    qir_matrix turned = matrix(arena, cross->rows, cross->columns), lack = matrix(arena, w->rows, w->columns);
    for (int64_t i = 0; i < cross->rows; i++)
        for (int64_t k = 0; k < cross->columns; k++)
            turned.data[i * turned.stride + k] = cross->data[f->order[i] * cross->stride + f->order[k]];
    qir_gram_add(&turned, w, 1.0f, false, &lack, f->threads);
    qir_cholesky_solve(&f->gain, &lack, f->threads);
    for (int64_t i = 0; i < w->rows * w->columns; i++)
        w->data[i] += lack.data[i];
}

/* --- of few rows ------------------------------------------------------------------------------- */
/* Transposed, the columns in order. */
static qir_matrix turn(const qir_coupling *f, const qir_matrix *rows, qir_arena *arena)
{
    qir_matrix t = matrix(arena, rows->columns, rows->rows);
    for (int64_t k = 0; k < t.rows; k++)
        for (int64_t r = 0; r < t.columns; r++)
            t.data[k * t.stride + r] = rows->data[r * rows->stride + f->order[k]];
    return t;
}

/* v = inverse x; returns x . v. */
static double apply(const double *inverse, const float *x, int64_t n, double *v)
{
    double dot = 0.0;
    for (int64_t i = 0; i < n; i++) {
        v[i] = 0.0;
        for (int64_t k = 0; k < n; k++)
            v[i] += inverse[i * n + k] * (double)x[k];
        dot += (double)x[i] * v[i];
    }
    return dot;
}

static void take_column(double *inverse, const double *v, double s, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < n; k++)
            inverse[i * n + k] -= v[i] * v[k] / s;
}

static bool factor_rows(qir_coupling *f, const qir_matrix *rows, double damping, qir_arena *arena)
{
    int64_t n = rows->rows;
    f->inputs = turn(f, rows, arena);
    f->gain = matrix(arena, f->inputs.rows, n);
    f->solver = matrix(arena, n, n);
    double *inverse = QIR_NEW_ARRAY(arena, double, (size_t)(n * n));
    double *v = QIR_NEW_ARRAY(arena, double, (size_t)n);
    if (!(damping > 0.0))
        return false;
    for (int64_t i = 0; i < n; i++)
        inverse[i * n + i] = 1.0 / damping;
    for (int64_t k = 0; k < f->inputs.rows; k++) {
        double s = 1.0 + apply(inverse, f->inputs.data + k * n, n, v), pivot = sqrt(damping * s);
        f->pivot[k] = (float)pivot;
        for (int64_t i = 0; i < n; i++)
            f->gain.data[k * n + i] = (float)(pivot * v[i] / s);
        take_column(inverse, v, s, n);
    }
    for (int64_t i = 0; i < n * n; i++)
        f->solver.data[i] = (float)inverse[i];
    return true;
}

/* (x^T x + d I)^-1 x^T = x^T (x x^T + d I)^-1 */
static void refit_rows(const qir_coupling *f, const qir_matrix *errors, const qir_matrix *w,
                       qir_arena *arena)
{
    qir_matrix turned = turn(f, errors, arena), lack = matrix(arena, errors->rows, w->columns);
    qir_matrix solved = matrix(arena, errors->rows, w->columns), x = matrix(arena, errors->rows, w->rows);
    for (int64_t r = 0; r < x.rows; r++)
        for (int64_t k = 0; k < x.columns; k++)
            x.data[r * x.stride + k] = f->inputs.data[k * f->inputs.stride + r];
    qir_gram_add(&turned, w, 1.0f, false, &lack, f->threads);
    qir_gram_add(&f->solver, &lack, 1.0f, false, &solved, f->threads);
    qir_gram_add(&x, &solved, 1.0f, false, w, f->threads);
}

/* ----------------------------------------------------------------------------------------------- */
bool qir_coupling_make(qir_coupling *f, const qir_hessian *h, int64_t group, double damping,
                     qir_arena *arena)
{
    const qir_matrix *square = qir_hessian_of(h, group), *rows = qir_hessian_rows(h, group);
    *f = (qir_coupling){.threads = qir_hessian_threads(h)};
    double mean = order_columns(f, square, rows, arena);
    f->pivot = QIR_NEW_ARRAY(arena, float, (size_t)rows->columns);
    double extra = mean > 0.0 ? damping * mean : 1.0; /* where no input varies: nearest */
    return square->data ? factor_square(f, square, (float)extra, arena)
                        : factor_rows(f, rows, extra, arena);
}

void qir_coupling_refit(const qir_coupling *f, const qir_hessian *h, int64_t group, const qir_matrix *w,
                      qir_arena *arena)
{
    if (f->inputs.data)
        refit_rows(f, qir_hessian_errors(h, group), w, arena);
    else
        refit_square(f, qir_hessian_cross(h, group), w, arena);
}
