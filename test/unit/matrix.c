/* The linear algebra behind corrections of weights: sums in their one order to the bit, factors and
 * solutions against doubles, and matrices that have no factor.
 *
 * RUN: unit-matrix | FileCheck %s
 * CHECK: gram: 0 of 40 products differ
 * CHECK: upper: 0 of 40 upper triangles differ
 * CHECK: cholesky: 0 of 30 factors are off
 * CHECK: solve: 0 of 30 solutions are off
 * CHECK: refused: 3 of 3
 * CHECK: threads: 0 of 4 results differ
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "matrix.h"

enum { MOST = 300, EDGE = 2 };

static uint64_t state = 1;

static uint32_t next(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

/* Rows are EDGE longer than the matrix is wide. */
static qir_matrix make(int64_t rows, int64_t columns)
{
    qir_matrix m = {malloc((size_t)(rows * (columns + EDGE)) * sizeof(float)), rows, columns,
                    columns + EDGE};
    for (int64_t i = 0; i < rows * m.stride; i++)
        m.data[i] = (float)next() / 0x1p31f - 0.4f;
    return m;
}

static float *at(const qir_matrix *m, int64_t i, int64_t k)
{
    return &m->data[i * m->stride + k];
}

static qir_matrix copy_of(const qir_matrix *m)
{
    qir_matrix c = make(m->rows, m->columns);
    memcpy(c.data, m->data, (size_t)(m->rows * m->stride) * sizeof(float));
    return c;
}

/* The definition. */
static float element(float start, const qir_matrix *a, int64_t i, const qir_matrix *b, int64_t k,
                     float sign)
{
    for (int64_t from = 0; from < a->rows; from += QIR_GRAM_ROWS) {
        float sum = 0.0f;
        for (int64_t r = from; r < a->rows && r < from + QIR_GRAM_ROWS; r++)
            sum += sign * *at(a, r, i) * *at(b, r, k);
        start += sum;
    }
    return start;
}

static int product_differs(bool upper)
{
    int64_t rows = 1 + next() % MOST, m = 1 + next() % 80, n = upper ? m : 1 + next() % 80;
    qir_matrix a = make(rows, m), b = upper ? copy_of(&a) : make(rows, n), c = make(m, n);
    qir_matrix before = copy_of(&c);
    float sign = next() % 2 ? 1.0f : -1.0f;
    qir_gram_add(&a, &b, sign, upper, &c, 1);
    int wrong = 0;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = upper ? i : 0; k < n; k++)
            wrong += *at(&c, i, k) != element(*at(&before, i, k), &a, i, &b, k, sign);
        for (int64_t k = n; k < c.stride; k++) /* beyond the matrix nothing changes */
            wrong += *at(&c, i, k) != *at(&before, i, k);
    }
    free(a.data), free(b.data), free(c.data), free(before.data);
    return wrong != 0;
}

/* x^T x and half the identity, whole. */
static qir_matrix positive(int64_t n)
{
    qir_matrix x = make(n + 5, n), h = make(n, n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < n; k++) {
            double sum = i == k ? 0.5 : 0.0;
            for (int64_t r = 0; r < x.rows; r++)
                sum += (double)*at(&x, r, i) * (double)*at(&x, r, k);
            *at(&h, i, k) = (float)sum;
        }
    free(x.data);
    return h;
}

static int factor_is_off(int64_t n)
{
    qir_matrix h = positive(n), u = copy_of(&h);
    int wrong = !qir_cholesky(&u, 1);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = i; k < n; k++) {
            double sum = 0.0;
            for (int64_t r = 0; r <= i; r++)
                sum += (double)*at(&u, r, i) * (double)*at(&u, r, k);
            double size = sqrt((double)*at(&h, i, i) * (double)*at(&h, k, k));
            wrong += !(fabs(sum - (double)*at(&h, i, k)) < 1e-5 * size);
        }
    free(h.data), free(u.data);
    return wrong != 0;
}

static int solution_is_off(int64_t n)
{
    qir_matrix h = positive(n), u = copy_of(&h), x = make(n, 3), b = make(n, 3);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < 3; k++) {
            double sum = 0.0;
            for (int64_t r = 0; r < n; r++)
                sum += (double)*at(&h, i, r) * (double)*at(&x, r, k);
            *at(&b, i, k) = (float)sum;
        }
    int wrong = !qir_cholesky(&u, 1);
    qir_cholesky_solve(&u, &b, 1);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < 3; k++)
            wrong += !(fabsf(*at(&x, i, k) - *at(&b, i, k)) < 5e-3f);
    free(h.data), free(u.data), free(x.data), free(b.data);
    return wrong != 0;
}

static int refused(float value, int64_t where)
{
    qir_matrix h = positive(100);
    *at(&h, where, where) = value;
    int no = !qir_cholesky(&h, 1);
    free(h.data);
    return no;
}

/* What is computed, on this many threads: a product, an upper triangle, a factor and a solution. */
enum { RESULTS = 4, LARGE = 800 };
static void compute(const qir_matrix *in, unsigned threads, qir_matrix *out)
{
    for (int i = 0; i < RESULTS; i++)
        out[i] = copy_of(in);
    qir_gram_add(in, in, 1.0f, false, &out[0], threads);
    qir_gram_add(in, in, 1.0f, true, &out[1], threads);
    for (int64_t i = 0; i < in->rows; i++)
        *at(&out[2], i, i) += 800.0f;
    qir_cholesky(&out[2], threads);
    qir_cholesky_solve(&out[2], &out[3], threads);
}

static int threads_differ(void)
{
    qir_matrix in = make(LARGE, LARGE), one[RESULTS], more[RESULTS];
    compute(&in, 1, one);
    compute(&in, 5, more);
    int wrong = 0;
    for (int i = 0; i < RESULTS; i++) {
        wrong += memcmp(one[i].data, more[i].data, (size_t)(LARGE * in.stride) * sizeof(float)) != 0;
        free(one[i].data), free(more[i].data);
    }
    free(in.data);
    return wrong;
}

int main(void)
{
    int gram = 0, upper = 0, factors = 0, solutions = 0;
    for (int i = 0; i < 40; i++) {
        gram += product_differs(false);
        upper += product_differs(true);
    }
    printf("gram: %d of 40 products differ\nupper: %d of 40 upper triangles differ\n", gram, upper);
    for (int i = 0; i < 30; i++) {
        int64_t n = 1 + next() % 150;
        factors += factor_is_off(n);
        solutions += solution_is_off(n);
    }
    printf("cholesky: %d of 30 factors are off\nsolve: %d of 30 solutions are off\n", factors, solutions);
    printf("refused: %d of 3\n", refused(0.0f, 0) + refused(-1.0f, 70) + refused(NAN, 99));
    printf("threads: %d of 4 results differ\n", threads_differ());
    return 0;
}
