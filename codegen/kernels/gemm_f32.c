/* Float convolution and linear: sixteen lanes of k per output, folded in the order of qir_dot16.
 * Both operands are rows padded with zeros to a multiple of sixteen.  A few rows of the weight at a
 * time are multiplied with all rows of the panel; those of a quantized one are made in the
 * workspace. */
#include <math.h>
#include "kernels/codes.h"
#include "kernels/gemm.h"
#include "kernels/weights.h"
#include "qir/support/arena.h"
#include "qir/support/checked.h"

enum { LANES = 16, MAX_TILE = 2 };

typedef struct job {
    const qir_kernel_plan *p;
    qcg_window win;
    qcg_codes codes;
    llb_val w, bias; /* w of codes: the rows in work */
    int64_t n;       /* outputs per group */
    int64_t rows_per_tile, cols_per_tile;
} job;

static llb_val finish(qcg *g, const job *j, llb_val sum, llb_val column, unsigned at)
{
    float min = qir_op_float(g->op, "min"), max = qir_op_float(g->op, "max");
    if (j->bias) {
        llb_val p = llb_at(g, llb_index(g, j->bias, column, 4), at * 4);
        sum = LLVMBuildFAdd(g->b, sum, llb_load(g, llb_float(g), p, 4), "");
    }
    if (min > -INFINITY)
        sum = llb_fmax(g, llb_f32s(g, min, 1), sum);
    if (max < INFINITY)
        sum = llb_fmin(g, llb_f32s(g, max, 1), sum);
    return sum;
}

/* Vectors of the level that the lanes take. */
static unsigned pieces(const qcg *g)
{
    unsigned lanes = qir_level_get(g->level)->vector_bytes / 4;
    return lanes < LANES ? LANES / lanes : 1;
}

/* Products of vector `piece` of the lanes, a and w at the first row's k: few vectors live at a time. */
static void add_products(qcg *g, const job *j, llb_val a, llb_val w, unsigned piece, llb_loop *l)
{
    unsigned rows = (unsigned)j->rows_per_tile, cols = (unsigned)j->cols_per_tile, n = pieces(g);
    int64_t stride = j->p->k_stride * 4, at = piece * (LANES / n) * 4;
    llb_type t = llb_vec(llb_float(g), LANES / n);
    llb_val x[MAX_TILE], y[MAX_TILE];
    for (unsigned r = 0; r < rows; r++)
        x[r] = llb_load(g, t, llb_at(g, a, r * stride + at), 4);
    for (unsigned c = 0; c < cols; c++)
        y[c] = llb_load(g, t, llb_at(g, w, c * stride + at), 4);
    for (unsigned i = 0; i < rows * cols; i++) {
        llb_val term = LLVMBuildFMul(g->b, x[i / cols], y[i % cols], "");
        llb_next(l, i * n + piece, LLVMBuildFAdd(g->b, l->phi[i * n + piece], term, ""));
    }
}

/* One tile: a, w at their first rows; out at its first element; column: of the whole op. */
static void tile(qcg *g, const job *j, llb_val a, llb_val w, llb_val out, llb_val column)
{
    const qir_kernel_plan *p = j->p;
    unsigned count = (unsigned)(j->rows_per_tile * j->cols_per_tile), cols = (unsigned)j->cols_per_tile;
    unsigned n = pieces(g);
    llb_loop l;
    llb_begin(g, &l, 0, p->k_stride, LANES);
    for (unsigned i = 0; i < count * n; i++)
        llb_carry(g, &l, llb_f32s(g, 0.0f, LANES / n));
    for (unsigned i = 0; i < n; i++)
        add_products(g, j, llb_index(g, a, l.iv, 4), llb_index(g, w, l.iv, 4), i, &l);
    llb_end(g, &l);
    for (unsigned i = 0; i < count; i++) {
        llb_val v = finish(g, j, llb_tree_fadd(g, llb_concat_all(g, l.value + i * n, n)), column, i % cols);
        llb_store(g, v, llb_at(g, out, i / cols * p->w.o * 4 + i % cols * 4), 4);
    }
}

/* `count` outputs from `column` on, whose weights stand at `w`, for panel_rows rows at `a`; out: row
 * 0 of the whole result row. */
static void columns_product(qcg *g, const job *j, llb_val a, llb_val w, llb_val out, llb_val column,
                            int64_t count)
{
    const qir_kernel_plan *p = j->p;
    llb_loop lr, lc;
    llb_begin(g, &lr, 0, p->panel_rows, j->rows_per_tile);
    llb_val r = qcg_overlap(g, lr.iv, p->panel_rows, j->rows_per_tile);
    llb_begin(g, &lc, 0, count, j->cols_per_tile);
    llb_val c = qcg_overlap(g, lc.iv, count, j->cols_per_tile), at = llb_add(g, column, c);
    tile(g, j, llb_index(g, a, r, p->k_stride * 4), llb_index(g, w, c, p->k_stride * 4),
         llb_index(g, llb_index(g, out, r, p->w.o * 4), at, 4), at);
    llb_end(g, &lc);
    llb_end(g, &lr);
}

/* Rows of the weight for the outputs from `column` on. */
static llb_val weight_rows(qcg *g, const job *j, llb_val column)
{
    llb_loop l;
    if (!j->p->weight_bytes)
        return llb_index(g, j->w, column, j->p->k_stride * 4);
    llb_begin(g, &l, 0, j->p->weight_rows, 1);
    llb_val to = llb_index(g, j->w, l.iv, j->p->k_stride * 4);
    qcg_codes_row(g, &j->codes, llb_add(g, column, l.iv), to, j->p->k_stride);
    llb_end(g, &l);
    return j->w;
}

/* All outputs of one group. */
static void group_product(qcg *g, const job *j, llb_val a, llb_val out, llb_val group)
{
    int64_t count = j->p->weight_rows;
    qcg_share s;
    qcg_share_begin(g, &s, j->n, count, true);
    llb_val first = qcg_overlap(g, s.loop.iv, j->n, count);
    llb_val column = llb_add(g, llb_mul_const(g, group, j->n), first);
    columns_product(g, j, a, weight_rows(g, j, column), out, column, count);
    qcg_share_end(g, &s);
}

static void products(qcg *g, void *ctx, const qcg_block *b)
{
    const job *j = ctx;
    llb_loop l;
    llb_begin(g, &l, 0, j->p->w.groups, 1);
    if (!j->p->direct)
        qcg_panel_gather(g, &j->win, l.iv);
    group_product(g, j, j->p->direct ? b->rows : j->win.panel, b->out, l.iv);
    llb_end(g, &l);
}

static bool get_weights(qcg *g, job *j)
{
    const qir_kernel_plan *p = j->p;
    if (p->weight_bytes) {
        j->w = llb_at(g, g->ws, (int64_t)(p->band_bytes + p->panel_bytes));
        return qcg_codes_get(g, 1, &j->codes);
    }
    j->w = qcg_weights_packed(g, p->w.groups, qir_level_get(g->level)->fgemm);
    return j->w != NULL;
}

static int64_t at_most(int64_t v, int64_t most)
{
    return v < most ? v : most;
}

bool qcg_lower_gemm_f32(qcg *g, const qir_kernel_plan *p)
{
    const void *bias;
    job j = {.p = p, .n = p->w.o / p->w.groups};
    if (!get_weights(g, &j) || !qcg_bias_data(g, &bias))
        return false;
    qcg_window_init(g, &j.win, p, 0);
    j.win.inner = j.n / p->weight_rows;
    j.bias = bias ? qcg_const(g, bias, (size_t)p->w.o * 4, 64) : NULL;
    j.cols_per_tile = at_most(j.n, MAX_TILE);
    unsigned sums = MAX_TILE * MAX_TILE * pieces(g);
    j.rows_per_tile = at_most(p->panel_rows, sums < g->machine->registers ? MAX_TILE : 1);
    qcg_window_walk(g, &j.win, 4, products, &j);
    return true;
}
