/* Integer depthwise convolution: one vector of channels, several neighbouring output positions.
 *
 * Kernel rows are taken in groups of the machine's kgroup (pairs for vpmaddwd), so that one loaded
 * and widened column serves every window it belongs to. */
#include "kernels/gemm.h"
#include "kernels/sums.h"
#include "qir/support/checked.h"

typedef struct dw {
    const qir_kernel_plan *p;
    const qcg_machine *m;
    qcg_window win;
    qcg_sums sums;
    llb_val w;
    int64_t rows, groups; /* kernel rows over all planes; groups of kgroup of them */
    unsigned positions;
} dw;

/* Offset in the band of kernel row `row` (planes and rows counted together). */
static int64_t row_offset(const dw *d, int64_t row)
{
    const qir_window *w = &d->p->w;
    int64_t line = (row / w->kernel[1]) * d->p->band_rows + row % w->kernel[1] * w->dilation[1];
    return line * d->p->band_width * w->c * 2;
}

static llb_val weight(qcg *g, const dw *d, llb_val w, int64_t col, int64_t group)
{
    unsigned count = d->m->lanes * d->m->kgroup;
    llb_type t = llb_vec(llb_int(g, 16), count);
    return llb_load(g, t, llb_at(g, w, (group * d->p->w.kernel[2] + col) * count * 2), 16);
}

/* The windows that see band column `column`: adds its products to their accumulators. */
static void column(qcg *g, const dw *d, llb_val x, int64_t at, llb_val w, llb_val *held,
                   llb_val *acc)
{
    const qir_window *q = &d->p->w;
    llb_type t = llb_vec(llb_int(g, 16), d->m->lanes);
    for (int64_t group = 0; group < d->groups; group++) {
        llb_val v[2] = {NULL, NULL};
        for (unsigned i = 0; i < d->m->kgroup; i++) {
            int64_t row = group * d->m->kgroup + i;
            if (row < d->rows)
                v[i] = llb_load(g, t, llb_at(g, x, row_offset(d, row) + at * q->c * 2), 2);
        }
        for (unsigned p = 0; p < d->positions; p++) {
            int64_t tap = at - (int64_t)p * q->stride[2];
            if (tap < 0 || tap % q->dilation[2] || tap / q->dilation[2] >= q->kernel[2])
                continue;
            int64_t col = tap / q->dilation[2];
            llb_val wv = held ? held[group * q->kernel[2] + col] : weight(g, d, w, col, group);
            acc[p] = d->m->pair(g, acc[p], v[0], v[1], wv);
        }
    }
}

static bool column_used(const dw *d, int64_t at)
{
    const qir_window *q = &d->p->w;
    for (unsigned p = 0; p < d->positions; p++) {
        int64_t tap = at - (int64_t)p * q->stride[2];
        if (tap >= 0 && tap % q->dilation[2] == 0 && tap / q->dilation[2] < q->kernel[2])
            return true;
    }
    return false;
}

/* One vector of channels along one output row.  x: band at the row and channel; out likewise. */
static void channel_row(qcg *g, const dw *d, llb_val x, llb_val w, llb_val bias, llb_val scale,
                        llb_val out, unsigned tail)
{
    const qir_window *q = &d->p->w;
    llb_val held[QCG_MAX_HELD], start = llb_load(g, llb_vec(llb_int(g, 32), d->m->lanes), bias, 4);
    bool hold = q->kernel[2] * d->groups <= d->m->held;
    for (int64_t i = 0; hold && i < q->kernel[2] * d->groups; i++)
        held[i] = weight(g, d, w, i % q->kernel[2], i / q->kernel[2]);
    llb_loop l;
    llb_begin(g, &l, 0, q->out[2], d->positions);
    llb_val at = qcg_overlap(g, l.iv, q->out[2], d->positions), acc[QCG_MAX_POSITIONS];
    for (unsigned p = 0; p < d->positions; p++)
        acc[p] = start;
    llb_val src = llb_index(g, x, at, q->stride[2] * q->c * 2);
    int64_t width = (d->positions - 1) * q->stride[2] + (q->kernel[2] - 1) * q->dilation[2] + 1;
    for (int64_t c = 0; c < width; c++)
        if (column_used(d, c))
            column(g, d, src, c, w, hold ? held : NULL, acc);
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
    d.rows = p->w.kernel[0] * p->w.kernel[1];
    d.groups = qir_ceil_div(d.rows, d.m->kgroup);
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
