/* Products of a transposed matrix with another: tiles of the result stay in registers while packed
 * panels of both operands go by. */
#include <string.h>
#include "matrix.h"
#include "qir/support/parallel.h"

enum { TILE_ROWS = 4, TILE_COLUMNS = 8, BLOCK = 64 };

typedef float tile[TILE_ROWS][TILE_COLUMNS];

/* `width` columns from `first` of `rows` rows from `from`, zeros beyond the last column. */
static void pack(const qir_matrix *m, int64_t from, int64_t rows, int64_t first, int64_t width,
                 float sign, float *out)
{
    int64_t n = m->columns - first < width ? m->columns - first : width;
    for (int64_t r = 0; r < rows; r++, out += width) {
        const float *in = m->data + (from + r) * m->stride + first;
        for (int64_t i = 0; i < n; i++)
            out[i] = sign * in[i];
        memset(out + n, 0, (size_t)(width - n) * sizeof *out);
    }
}

static void multiply(const float *a, const float *b, int64_t rows, tile out)
{
    tile sum = {{0}};
    for (int64_t r = 0; r < rows; r++, a += BLOCK, b += TILE_COLUMNS)
        for (int i = 0; i < TILE_ROWS; i++)
            for (int k = 0; k < TILE_COLUMNS; k++)
                sum[i][k] += a[i] * b[k];
    memcpy(out, sum, sizeof sum);
}

static void add_tile(const qir_matrix *c, int64_t row, int64_t column, tile t)
{
    int64_t m = c->rows - row < TILE_ROWS ? c->rows - row : TILE_ROWS;
    int64_t n = c->columns - column < TILE_COLUMNS ? c->columns - column : TILE_COLUMNS;
    for (int64_t i = 0; i < m; i++)
        for (int64_t k = 0; k < n; k++)
            c->data[(row + i) * c->stride + column + k] += t[i][k];
}

/* Rows `first` up to `first + BLOCK` of c. */
static void add_block(const float *a, int64_t first, const float *b, int64_t column, int64_t rows,
                      const qir_matrix *c)
{
    tile t;
    for (int64_t i = 0; i < BLOCK && first + i < c->rows; i += TILE_ROWS) {
        multiply(a + i, b, rows, t);
        add_tile(c, first + i, column, t);
    }
}

typedef struct product {
    const qir_matrix *a, *b, *c;
    float sign;
    bool upper;
} product;

/* Turn: one block of rows of the result, of all rows of the operands. */
static void add_blocks(void *user, unsigned worker, int64_t turn)
{
    (void)worker;
    const product *p = user;
    float left[QIR_GRAM_ROWS * BLOCK], right[QIR_GRAM_ROWS * TILE_COLUMNS];
    int64_t i = turn * BLOCK;
    for (int64_t from = 0; from < p->a->rows; from += QIR_GRAM_ROWS) {
        int64_t rows = p->a->rows - from < QIR_GRAM_ROWS ? p->a->rows - from : QIR_GRAM_ROWS;
        pack(p->a, from, rows, i, BLOCK, p->sign, left);
        for (int64_t k = p->upper ? i : 0; k < p->c->columns; k += TILE_COLUMNS) {
            pack(p->b, from, rows, k, TILE_COLUMNS, 1.0f, right);
            add_block(left, i, right, k, rows, p->c);
        }
    }
}

void qir_gram_add(const qir_matrix *a, const qir_matrix *b, float sign, bool upper,
                  const qir_matrix *c, unsigned threads)
{
    product p = {a, b, c, sign, upper};
    int64_t work = a->rows * c->rows * c->columns / (upper ? 2 : 1);
    qir_parallel_for(qir_threads_for(threads, work), (c->rows + BLOCK - 1) / BLOCK, add_blocks, &p);
}
