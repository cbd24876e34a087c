/* Float convolution and linear: sixteen lanes of k per output, folded in the order of qir_dot16.
 * Both operands are rows padded with zeros to a multiple of sixteen. */
#include <math.h>
#include "kernels/gemm.h"
#include "kernels/weights.h"
#include "qir/support/arena.h"
#include "qir/support/checked.h"

enum { LANES = 16, MAX_TILE = 2 };

typedef struct job {
    const qir_kernel_plan *p;
    qcg_window win;
    llb_val w, bias;
    int64_t n; /* outputs per group */
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

/* One tile: a, w at their first rows; out at its first element; column: of the whole op. */
static void tile(qcg *g, const job *j, llb_val a, llb_val w, llb_val out, llb_val column)
{
    const qir_kernel_plan *p = j->p;
    unsigned rows = (unsigned)j->rows_per_tile, cols = (unsigned)j->cols_per_tile;
    int64_t stride = p->k_stride * 4;
    llb_type t = llb_vec(llb_float(g), LANES);
    llb_val x[MAX_TILE], y[MAX_TILE];
    llb_loop l;
    llb_begin(g, &l, 0, p->k_stride, LANES);
    for (unsigned i = 0; i < rows * cols; i++)
        llb_carry(g, &l, llb_f32s(g, 0.0f, LANES));
    for (unsigned r = 0; r < rows; r++)
        x[r] = llb_load(g, t, llb_at(g, llb_index(g, a, l.iv, 4), r * stride), 4);
    for (unsigned c = 0; c < cols; c++)
        y[c] = llb_load(g, t, llb_at(g, llb_index(g, w, l.iv, 4), c * stride), 4);
    for (unsigned i = 0; i < rows * cols; i++) {
        llb_val term = LLVMBuildFMul(g->b, x[i / cols], y[i % cols], "");
        llb_next(&l, i, LLVMBuildFAdd(g->b, l.phi[i], term, ""));
    }
    llb_end(g, &l);
    for (unsigned i = 0; i < rows * cols; i++) {
        llb_val v = finish(g, j, llb_tree_fadd(g, l.value[i]), column, i % cols);
        llb_store(g, v, llb_at(g, out, i / cols * p->w.o * 4 + i % cols * 4), 4);
    }
}

static llb_val overlap(qcg *g, llb_val at, int64_t size, int64_t step)
{
    return size % step ? llb_smin(g, at, llb_i64(g, size - step)) : at;
}

/* All outputs of one group for panel_rows rows at `a`; out: row 0 of the whole result row. */
static void group_product(qcg *g, const job *j, llb_val a, llb_val out, llb_val group)
{
    const qir_kernel_plan *p = j->p;
    llb_loop lr, lc;
    llb_begin(g, &lr, 0, p->panel_rows, j->rows_per_tile);
    llb_val r = overlap(g, lr.iv, p->panel_rows, j->rows_per_tile);
    llb_begin(g, &lc, 0, j->n, j->cols_per_tile);
    llb_val c = overlap(g, lc.iv, j->n, j->cols_per_tile);
    llb_val column = llb_add(g, llb_mul_const(g, group, j->n), c);
    tile(g, j, llb_index(g, a, r, p->k_stride * 4), llb_index(g, j->w, column, p->k_stride * 4),
         llb_index(g, llb_index(g, out, r, p->w.o * 4), column, 4), column);
    llb_end(g, &lc);
    llb_end(g, &lr);
}

static void products(qcg *g, const job *j, llb_val a, llb_val out)
{
    llb_loop l;
    llb_begin(g, &l, 0, j->p->w.groups, 1);
    if (!j->p->direct)
        qcg_panel_gather(g, &j->win, l.iv);
    group_product(g, j, a, out, l.iv);
    llb_end(g, &l);
}

static void direct(qcg *g, const job *j)
{
    const qir_kernel_plan *p = j->p;
    int64_t positions = p->w.n * p->w.out[0] * p->w.out[1] * p->w.out[2];
    llb_loop l;
    llb_begin(g, &l, 0, positions, p->block);
    llb_val at = overlap(g, l.iv, positions, p->block);
    llb_val src = llb_index(g, qcg_operand(g, 0), at, p->k * 4);
    if (!p->in_place)
        qcg_panel_direct(g, &j->win, src);
    products(g, j, p->in_place ? src : j->win.panel, llb_index(g, g->out, at, p->w.o * 4));
    llb_end(g, &l);
}

static void blocked(qcg *g, const job *j)
{
    const qir_kernel_plan *p = j->p;
    const qir_window *w = &p->w;
    int64_t row = w->out[2] * w->o * 4;
    llb_loop ln, ld, lh;
    llb_begin(g, &ln, 0, w->n, 1);
    llb_begin(g, &ld, 0, w->out[0], 1);
    llb_begin(g, &lh, 0, w->out[1], p->block);
    llb_val h = overlap(g, lh.iv, w->out[1], p->block);
    llb_val image =
        llb_index(g, qcg_operand(g, 0), ln.iv, w->in[0] * w->in[1] * w->in[2] * w->c * 4);
    qcg_band_fill(g, &j->win, image, ld.iv, h);
    llb_val plane = llb_add(g, llb_mul_const(g, ln.iv, w->out[0]), ld.iv);
    products(g, j, j->win.panel,
             llb_index(g, llb_index(g, g->out, plane, w->out[1] * row), h, row));
    llb_end(g, &lh);
    llb_end(g, &ld);
    llb_end(g, &ln);
}

bool qcg_lower_gemm_f32(qcg *g, const qir_kernel_plan *p)
{
    qcg_weights w;
    const void *bias;
    if (!qcg_weights_get(g, p->w.groups, &w) || !qcg_bias_data(g, &bias))
        return false;
    job j = {.p = p, .n = w.n};
    qcg_window_init(g, &j.win, p, 0);
    j.w = qcg_weights_pack_f32(g, &w, p->k_stride);
    j.bias = bias ? qcg_const(g, bias, (size_t)p->w.o * 4, 64) : NULL;
    j.rows_per_tile = p->panel_rows < MAX_TILE ? p->panel_rows : MAX_TILE;
    j.cols_per_tile = w.n < MAX_TILE ? w.n : MAX_TILE;
    if (p->direct)
        direct(g, &j);
    else
        blocked(g, &j);
    return true;
}
