/* Rows are taken evenly but for a jitter that is the same in every run, and gathered in blocks.  Means are
 * not known before the end: rows are centred by those of the first block, and what these lack is taken
 * off then.  Few rows for many columns are one block that stays. */
#include "hessian.h"

#include <math.h>

enum { LEAST_ROWS = 8192, FEW = 4 /* times fewer than columns */ };

/* Rows gathered, less `shift`, and their sums so far. */
typedef struct block {
    qir_matrix rows;
    float *shift;
    double *sum;
} block;

typedef struct part { /* one group */
    block x, error;
    qir_matrix square, cross;
} part;

struct qir_hessian {
    qir_hessian_options opts;
    qir_patches patches;
    part *parts;
    int64_t total, wanted; /* positions: of all samples, to take */
    int64_t taken, next;   /* so far; number of the next one */
    int64_t seen;          /* positions of the samples before */
    uint64_t random;
    bool shifted, few;
};

/* --- which positions --------------------------------------------------------------------------- */
/* One somewhere in each of `wanted` equal parts of all. */
static void choose_next(qir_hessian *h)
{
    h->random = h->random * 6364136223846793005u + 1442695040888963407u;
    int64_t first = h->taken * h->total / h->wanted, end = (h->taken + 1) * h->total / h->wanted;
    h->next = first + (int64_t)((h->random >> 33) % (uint64_t)(end - first));
}

/* --- creation ---------------------------------------------------------------------------------- */
static qir_matrix matrix(qir_arena *arena, int64_t rows, int64_t columns)
{
    return (qir_matrix){QIR_NEW_ARRAY(arena, float, (size_t)(rows * columns)), rows, columns, columns};
}

static block new_block(qir_arena *arena, int64_t rows, int64_t columns)
{
    block b = {matrix(arena, rows, columns), QIR_NEW_ARRAY(arena, float, (size_t)columns),
               QIR_NEW_ARRAY(arena, double, (size_t)columns)};
    b.rows.rows = 0;
    return b;
}

static void open_part(const qir_hessian *h, part *p, qir_arena *arena)
{
    int64_t k = h->patches.columns, rows = h->few ? h->wanted : QIR_GRAM_ROWS;
    p->x = new_block(arena, rows, k);
    if (h->opts.inexact)
        p->error = new_block(arena, rows, k);
    if (h->few)
        return;
    p->square = matrix(arena, k, k);
    if (h->opts.inexact)
        p->cross = matrix(arena, k, k);
}

qir_hessian *qir_hessian_create(const qir_op *op, int64_t samples, const qir_hessian_options *o,
                                qir_arena *arena)
{
    qir_hessian *h = QIR_NEW(arena, qir_hessian);
    *h = (qir_hessian){.opts = *o, .random = 1};
    qir_patches_get(op, &h->patches);
    int64_t rows = o->rows * h->patches.columns;
    h->total = h->patches.positions * samples;
    h->wanted = rows > LEAST_ROWS ? rows : LEAST_ROWS;
    h->wanted = h->wanted < h->total ? h->wanted : h->total;
    h->few = h->wanted * FEW < h->patches.columns;
    h->parts = QIR_NEW_ARRAY(arena, part, (size_t)h->patches.groups);
    for (int64_t g = 0; g < h->patches.groups; g++)
        open_part(h, &h->parts[g], arena);
    if (h->wanted) /* operands without elements have no positions */
        choose_next(h);
    return h;
}

/* --- sums -------------------------------------------------------------------------------------- */
static void set_shift(block *b)
{
    for (int64_t i = 0; i < b->rows.columns; i++) {
        double sum = 0.0;
        for (int64_t r = 0; r < b->rows.rows; r++)
            sum += (double)b->rows.data[r * b->rows.stride + i];
        b->shift[i] = (float)(sum / (double)b->rows.rows);
    }
}

static void centre(block *b)
{
    for (int64_t r = 0; r < b->rows.rows; r++)
        for (int64_t i = 0; i < b->rows.columns; i++) {
            float *v = &b->rows.data[r * b->rows.stride + i];
            *v -= b->shift[i];
            b->sum[i] += (double)*v;
        }
}

static void flush_part(qir_hessian *h, part *p)
{
    block *blocks[] = {&p->x, &p->error};
    for (int i = 0; h->opts.centred && i < 1 + h->opts.inexact; i++) {
        if (!h->shifted)
            set_shift(blocks[i]);
        centre(blocks[i]);
    }
    qir_gram_add(&p->x.rows, &p->x.rows, 1.0f, true, &p->square, h->opts.threads);
    if (h->opts.inexact)
        qir_gram_add(&p->error.rows, &p->x.rows, 1.0f, false, &p->cross, h->opts.threads);
    p->x.rows.rows = p->error.rows.rows = 0;
}

static void flush(qir_hessian *h)
{
    for (int64_t g = 0; g < h->patches.groups; g++)
        flush_part(h, &h->parts[g]);
    h->shifted = true;
}

static void add_row(qir_hessian *h, int64_t g, int64_t position, const float *x, const float *real)
{
    part *p = &h->parts[g];
    float *row = p->x.rows.data + p->x.rows.rows++ * p->x.rows.stride;
    qir_patches_row(&h->patches, x, g, position, row);
    if (!h->opts.inexact)
        return;
    float *error = p->error.rows.data + p->error.rows.rows++ * p->error.rows.stride;
    qir_patches_row(&h->patches, real, g, position, error);
    for (int64_t i = 0; i < h->patches.columns; i++)
        error[i] -= row[i];
}

void qir_hessian_add(qir_hessian *h, const float *x, const float *real)
{
    int64_t end = h->seen + h->patches.positions;
    while (h->taken < h->wanted && h->next < end) {
        for (int64_t g = 0; g < h->patches.groups; g++)
            add_row(h, g, h->next - h->seen, x, real);
        if (!h->few && h->parts[0].x.rows.rows == QIR_GRAM_ROWS)
            flush(h);
        if (++h->taken < h->wanted)
            choose_next(h);
    }
    h->seen = end;
}

/* --- the end ----------------------------------------------------------------------------------- */
/* The mean of a^T b less the product of what the means still are. */
static void finish(qir_matrix *c, const block *a, const block *b, int64_t n)
{
    for (int64_t i = 0; i < c->rows; i++)
        for (int64_t k = 0; k < c->columns; k++) {
            double square = (double)c->data[i * c->stride + k];
            double means = a->sum[i] / (double)n * (b->sum[k] / (double)n);
            c->data[i * c->stride + k] = (float)(square / (double)n - means);
        }
}

static void finish_rows(const qir_hessian *h, block *b)
{
    if (h->opts.centred) {
        set_shift(b);
        centre(b);
    }
    float scale = 1.0f / sqrtf((float)h->taken);
    for (int64_t i = 0; i < b->rows.rows * b->rows.columns; i++)
        b->rows.data[i] *= scale;
}

static void finish_part(const qir_hessian *h, part *p)
{
    if (h->few) {
        finish_rows(h, &p->x);
        if (h->opts.inexact)
            finish_rows(h, &p->error);
        return;
    }
    finish(&p->square, &p->x, &p->x, h->taken);
    if (h->opts.inexact)
        finish(&p->cross, &p->error, &p->x, h->taken);
}

void qir_hessian_finish(qir_hessian *h)
{
    if (!h->few)
        flush(h);
    for (int64_t g = 0; g < h->patches.groups; g++)
        finish_part(h, &h->parts[g]);
}

unsigned qir_hessian_threads(const qir_hessian *h)
{
    return h->opts.threads;
}

const qir_patches *qir_hessian_patches(const qir_hessian *h)
{
    return &h->patches;
}

const qir_matrix *qir_hessian_of(const qir_hessian *h, int64_t group)
{
    return &h->parts[group].square;
}

const qir_matrix *qir_hessian_cross(const qir_hessian *h, int64_t group)
{
    return &h->parts[group].cross;
}

const qir_matrix *qir_hessian_rows(const qir_hessian *h, int64_t group)
{
    return &h->parts[group].x.rows;
}

const qir_matrix *qir_hessian_errors(const qir_hessian *h, int64_t group)
{
    return &h->parts[group].error.rows;
}
