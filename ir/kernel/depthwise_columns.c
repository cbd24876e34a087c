/* Depthwise convolution of bytes by columns: see qir_columns. */
#include "kernel/kernel.h"

#include "qir/support/checked.h"

enum { LINES = 4, PART = 16, MOST_PHASES = 3, ROWS_OF_PAIRS = 3 };

/* Rows that one product takes: bytes where the level has products of those, else pairs of i16. */
static int64_t rows_of_product(qir_level level, const qir_op *op)
{
    const qir_level_info *l = qir_level_get(level);
    if (qir_packing_get(l->gemm)->elem == QIR_i8)
        return qir_plan_weight_is_i8(op) ? 4 : 0;
    return qir_packing_get(l->dw)->kgroup == 2 ? 2 : 0;
}

/* One plane of positions, dense rows, padding that is narrower than the window. */
static bool takes_window(const qir_window *w)
{
    int64_t reach = (w->out[2] - 1) * w->stride[2] + (w->kernel[2] - 1) * w->dilation[2] + 1;
    return w->kernel[0] == 1 && w->stride[0] == 1 && w->begin[0] == 0 && w->out[0] == w->in[0] &&
           w->begin[2] < reach && w->kernel[1] <= 2 * LINES && w->kernel[2] <= 2 * LINES;
}

static int64_t least_common_multiple(int64_t a, int64_t b)
{
    int64_t x = a, y = b;
    while (y) {
        int64_t rest = x % y;
        x = y;
        y = rest;
    }
    return a / x * b;
}

/* Output rows whose input rows fill the groups of four that one of them needs; products of pairs need more
 * registers. */
static void choose_rows(const qir_window *w, int64_t kgroup, qir_columns *c)
{
    bool dense = w->dilation[1] == 1;
    int64_t groups = qir_ceil_div(w->kernel[1], LINES);
    c->rows = dense ? (groups * LINES - w->kernel[1]) / w->stride[1] + 1 : 1;
    int64_t most = kgroup == 2 && w->out[1] > ROWS_OF_PAIRS ? ROWS_OF_PAIRS : w->out[1];
    if (c->rows > most)
        c->rows = most;
    c->lines = w->kernel[1] + (dense ? (c->rows - 1) * w->stride[1] : 0);
    c->cells = qir_ceil_div(c->lines, kgroup);
}

/* Of all blocks of channels: 64 bytes have two ports where fewer have three. */
static int64_t cost_of_blocks(const qir_window *w, int64_t vector)
{
    return qir_ceil_div(w->c, vector) * (vector > 32 ? 8 : 5);
}

/* Whole rows where neighbouring positions stand at neighbouring channels, else blocks of channels, the
 * last of which overlaps. */
static bool choose_vector(qir_level level, const qir_window *w, qir_columns *c)
{
    c->vector = qir_level_get(level)->vector_bytes;
    int64_t period = least_common_multiple(w->c, c->vector) / c->vector;
    c->flat = w->stride[2] == 1 && w->c % 4 == 0 && w->c % c->vector && period <= MOST_PHASES &&
              w->out[2] * w->c >= c->vector * period;
    while (!c->flat && c->vector > PART / 2 &&
           (c->vector > w->c || cost_of_blocks(w, c->vector / 2) < cost_of_blocks(w, c->vector)))
        c->vector /= 2;
    c->phases = c->flat ? period : qir_ceil_div(w->c, c->vector);
    c->pitch = c->flat ? w->c : c->vector;
    return c->vector >= PART;
}

/* Columns under a window, all of them vectors in registers: of 32, which vectors of 64 bytes come with.  The first
 * turn may begin with padding only where it goes on with columns. */
static bool streams(qir_level level, const qir_window *w, int64_t kgroup, const qir_columns *c)
{
    enum { BYTES = 64, COLUMNS = 3 };
    return qir_level_get(level)->vector_bytes == BYTES && !c->flat && c->lines <= LINES && kgroup == LINES &&
           w->kernel[2] <= COLUMNS && w->dilation[2] == 1 && w->stride[2] <= w->kernel[2] &&
           w->begin[2] <= w->kernel[2] - w->stride[2];
}

static int64_t rounded(int64_t v, int64_t to)
{
    return qir_ceil_div(v, to) * to;
}

/* Do windows reach above the operand, or below? */
static bool leaves_rows(const qir_window *w)
{
    int64_t last = (w->out[1] - 1) * w->stride[1] + (w->kernel[1] - 1) * w->dilation[1] - w->begin[1];
    return w->begin[1] > 0 || last >= w->in[1];
}

/* An odd number of lines of cache, so that the planes of a column fall into different sets. */
static void size_planes(qir_kernel_plan *p)
{
    enum { CACHE_LINE = 64 };
    qir_columns *c = &p->columns;
    c->begin = rounded(p->w.begin[2] * c->pitch, PART);
    int64_t row = c->begin + qir_plan_times(p->band_width > p->w.in[2] ? p->band_width : p->w.in[2], c->pitch);
    c->plane = rounded(row + 2 * c->vector, CACHE_LINE) | CACHE_LINE;
    p->panel_bytes = c->streams ? 0 : qir_plan_buffer(qir_plan_times(4 * c->cells, c->plane), 1);
    p->band_bytes = leaves_rows(&p->w) ? qir_plan_buffer(qir_plan_times(p->w.in[2], p->w.c), 1) : 0;
}

/* Vector instructions: four rows are interleaved by 8 (12 as pairs) and stored; a product of pairs needs an
 * addition; a vector of results takes 16 to its bytes. */
static double instructions(const qir_kernel_plan *p)
{
    const qir_window *w = &p->w;
    const qir_columns *c = &p->columns;
    bool pairs = p->kgroup == 2;
    double lines = c->flat ? 1.0 : (double)c->phases, each = c->flat ? (double)w->c / (double)c->vector : 1.0;
    double columns = lines * each * (double)w->in[2], results = lines * each * (double)w->out[2];
    double cells = (double)qir_ceil_div(w->kernel[1] + (c->rows > 1), p->kgroup);
    double products = 4.0 * cells * (double)w->kernel[2] * (pairs ? 2.0 : 1.0);
    double interleave = (double)qir_ceil_div(c->lines, LINES) * (pairs ? 16.0 : 10.0);
    double steps = (double)(w->n * w->out[0] * qir_ceil_div(w->out[1], c->rows));
    return steps * (columns * interleave + results * (double)c->rows * (products + 16.0));
}

bool qir_plan_depthwise_columns(qir_level level, const qir_op *op, qir_kernel_plan *p)
{
    qir_columns *c = &p->columns;
    if (qir_op_weight(op) < 0 || !qir_plan_is_depthwise(op, &p->w) || !qir_plan_is_of_bytes(op) ||
        !takes_window(&p->w))
        return false;
    p->kgroup = rows_of_product(level, op);
    if (!p->kgroup || !choose_vector(level, &p->w, c))
        return false;
    p->own_weights = true;
    p->elem = 1;
    choose_rows(&p->w, p->kgroup, c);
    p->block = c->rows;
    c->streams = streams(level, &p->w, p->kgroup, c);
    size_planes(p);
    qir_plan_spend(p, QIR_RATE_columns, instructions(p));
    return true;
}
