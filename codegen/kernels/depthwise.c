/* Integer depthwise convolution: one vector of channels, several neighbouring output positions.
 *
 * Kernel rows are taken in groups of the machine's kgroup (pairs for vpmaddwd), so that one loaded
 * and widened column serves every window it belongs to. */
#include "kernels/gemm.h"
#include "kernels/sums.h"
#include "qir/support/arena.h"
#include "qir/support/checked.h"

typedef struct dw {
    const qir_kernel_plan *p;
    const qcg_machine *m;
    qcg_window win;
    qcg_sums sums;
    llb_val w;
    int64_t groups;  /* of kgroup kernel rows, over all planes */
    llb_val offsets; /* in the band, of each row of each group */
    unsigned positions;
} dw;

/* Offset in the band of kernel row `row` (planes and rows counted together). */
static int64_t row_offset(const dw *d, int64_t row)
{
    const qir_window *w = &d->p->w;
    int64_t line = (row / w->kernel[1]) * d->p->band_rows + row % w->kernel[1] * w->dilation[1];
    return line * d->p->band_width * w->c * 2;
}

/* Rows that a last group lacks have weights of zero: any row will do. */
static llb_val row_offsets(qcg *g, const dw *d)
{
    int64_t rows = d->p->w.kernel[0] * d->p->w.kernel[1], all = d->groups * d->m->kgroup;
    int64_t *v = QIR_NEW_ARRAY(g->arena, int64_t, (size_t)all);
    for (int64_t i = 0; i < all; i++)
        v[i] = row_offset(d, i < rows ? i : rows - 1);
    return qcg_const(g, v, (size_t)all * sizeof *v, 64);
}

static llb_val weight(qcg *g, const dw *d, llb_val w, int64_t col)
{
    unsigned count = d->m->lanes * d->m->kgroup;
    return llb_load(g, llb_vec(llb_int(g, 16), count), llb_at(g, w, col * count * 2), 16);
}

/* Column of the window at `at` of position p; -1: it does not see it. */
static int64_t tap_of(const dw *d, int64_t at, unsigned p)
{
    const qir_window *q = &d->p->w;
    int64_t tap = at - (int64_t)p * q->stride[2];
    bool seen = tap >= 0 && tap % q->dilation[2] == 0 && tap / q->dilation[2] < q->kernel[2];
    return seen ? tap / q->dilation[2] : -1;
}

static bool column_used(const dw *d, int64_t at)
{
    for (unsigned p = 0; p < d->positions; p++)
        if (tap_of(d, at, p) >= 0)
            return true;
    return false;
}

/* The windows that see band column `at`: adds its products to their accumulators.  rows: of a group. */
static void column(qcg *g, const dw *d, const llb_val *rows, int64_t at, llb_val w, llb_val *acc)
{
    llb_type t = llb_vec(llb_int(g, 16), d->m->lanes);
    llb_val v[2] = {NULL, NULL};
    for (unsigned i = 0; i < d->m->kgroup; i++)
        v[i] = llb_load(g, t, llb_at(g, rows[i], at * d->p->w.c * 2), 2);
    for (unsigned p = 0; p < d->positions; p++) {
        int64_t col = tap_of(d, at, p);
        if (col >= 0)
            acc[p] = d->m->pair(g, acc[p], v[0], v[1], weight(g, d, w, col));
    }
}

/* The products of all windows, group by group: with all of them there would be more than the registers hold. */
static void windows(qcg *g, const dw *d, llb_val x, llb_val w, llb_val *acc)
{
    const qir_window *q = &d->p->w;
    int64_t width = (d->positions - 1) * q->stride[2] + (q->kernel[2] - 1) * q->dilation[2] + 1;
    int64_t each = q->kernel[2] * d->m->lanes * d->m->kgroup * 2;
    llb_val rows[2], sum[QCG_MAX_POSITIONS];
    llb_loop l;
    llb_begin(g, &l, 0, d->groups, 1);
    for (unsigned p = 0; p < d->positions; p++)
        sum[p] = llb_carry(g, &l, acc[p]);
    for (unsigned i = 0; i < d->m->kgroup; i++) {
        llb_val at = llb_at(g, llb_index(g, d->offsets, l.iv, d->m->kgroup * 8), i * 8);
        rows[i] = llb_offset(g, x, llb_load(g, llb_int(g, 64), at, 8));
    }
    for (int64_t c = 0; c < width; c++)
        if (column_used(d, c))
            column(g, d, rows, c, llb_index(g, w, l.iv, each), sum);
    for (unsigned p = 0; p < d->positions; p++)
        llb_next(&l, p, sum[p]);
    llb_end(g, &l);
    for (unsigned p = 0; p < d->positions; p++)
        acc[p] = l.value[p];
}

/* One vector of channels along one output row.  x: band at the row and channel; out likewise. */
static void channel_row(qcg *g, const dw *d, llb_val x, llb_val w, llb_val bias, llb_val scale,
                        llb_val out, unsigned tail)
{
    const qir_window *q = &d->p->w;
    llb_val start = llb_load(g, llb_vec(llb_int(g, 32), d->m->lanes), bias, 4);
    llb_loop l;
    llb_begin(g, &l, 0, q->out[2], d->positions);
    llb_val at = qcg_overlap(g, l.iv, q->out[2], d->positions), acc[QCG_MAX_POSITIONS];
    for (unsigned p = 0; p < d->positions; p++)
        acc[p] = start;
    windows(g, d, llb_index(g, x, at, q->stride[2] * q->c * 2), w, acc);
    qcg_tile_store s = {.rows = d->positions, .vectors = 1, .tail = tail, .scale = scale};
    s.stride = q->c * qcg_epilogue_elem(&d->sums.e);
    s.out = llb_index(g, out, at, s.stride);
    qcg_epilogue_store(g, &d->sums.e, d->m, &s, acc);
    llb_end(g, &l);
}

static void channel_blocks(qcg *g, const dw *d, llb_val x, llb_val out, int64_t first,
                           int64_t count, unsigned tail)
{
    int64_t lanes = d->m->lanes;
    int64_t w_bytes = d->p->w.kernel[2] * d->groups * lanes * d->m->kgroup * 2;
    qcg_share s;
    qcg_share_begin(g, &s, count, 1, true);
    llb_val block = llb_add(g, s.loop.iv, llb_i64(g, first));
    llb_val scale = d->sums.e.scale ? llb_index(g, d->sums.e.scale, block, lanes * 4) : NULL;
    channel_row(g, d, llb_index(g, x, block, lanes * 2), llb_index(g, d->w, block, w_bytes),
                llb_index(g, d->sums.start, block, lanes * 4), scale,
                llb_index(g, out, block, lanes * qcg_epilogue_elem(&d->sums.e)), tail);
    qcg_share_end(g, &s);
}

static void rows(qcg *g, void *ctx, const qcg_block *b)
{
    const dw *d = ctx;
    const qir_window *q = &d->p->w;
    int64_t whole = q->c / d->m->lanes;
    unsigned tail = (unsigned)(q->c % d->m->lanes);
    llb_loop l;
    llb_begin(g, &l, 0, d->p->block, 1);
    llb_val x = llb_index(g, d->win.band, l.iv, q->stride[1] * d->p->band_width * q->c * 2);
    llb_val row = llb_index(g, b->out, l.iv, q->out[2] * q->c * qcg_epilogue_elem(&d->sums.e));
    if (whole)
        channel_blocks(g, d, x, row, 0, whole, 0);
    if (tail)
        channel_blocks(g, d, x, row, whole, 1, tail);
    llb_end(g, &l);
}

bool qcg_lower_depthwise_i8(qcg *g, const qir_kernel_plan *p)
{
    qcg_weights w;
    if (!qcg_weights_get(g, p->w.groups, &w))
        return false;
    w.groups = 1; /* one matrix: a row of taps per channel */
    w.n = p->w.c;
    dw d = {.p = p, .m = g->machine->wide};
    qcg_window_init(g, &d.win, p, qir_op_operand(g->op, 0)->type->quant->zero_point[0]);
    d.groups = qir_ceil_div(p->w.kernel[0] * p->w.kernel[1], d.m->kgroup);
    d.offsets = row_offsets(g, &d);
    d.positions = d.m->positions;
    while (d.positions > p->w.out[2])
        d.positions /= 2;
    d.w = qcg_weights_packed(g, p->w.groups, qir_level_get(g->level)->dw);
    /* Weights take the registers of a third vector of constants. */
    if (!d.w || !qcg_sums_get(g, &w, d.m->lanes, false, &d.sums))
        return false;
    d.win.inner = p->w.c / d.m->lanes;
    qcg_window_walk(g, &d.win, qcg_epilogue_elem(&d.sums.e), rows, &d);
    return true;
}
