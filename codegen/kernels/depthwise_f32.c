/* Float depthwise convolution: taps are a row, channels the lanes; each channel's sum has the order
 * of qir_dot16. */
#include <math.h>
#include "kernels/gemm.h"
#include "kernels/row.h"
#include "kernels/weights.h"
#include "qir/support/arena.h"
#include "qir/support/checked.h"

enum { WIDTH = 8 };

typedef struct dw {
    const qir_kernel_plan *p;
    qcg_window win;
    qcg_row row;
    llb_val w, bias; /* [taps][c], [c] */
    llb_val at_w;    /* w at the current channels */
    unsigned lanes;
} dw;

static llb_val term(qcg *g, void *ctx, llb_val at, llb_val j)
{
    const dw *d = ctx;
    llb_type t = llb_vec(llb_float(g), d->lanes);
    llb_val w = llb_load(g, t, llb_index(g, d->at_w, j, d->p->w.c * 4), 4);
    return LLVMBuildFMul(g->b, llb_load(g, t, at, 4), w, "");
}

static void channels(qcg *g, dw *d, llb_val src, llb_val dst, llb_val c, unsigned n)
{
    float min = qir_op_float(g->op, "min"), max = qir_op_float(g->op, "max");
    d->lanes = n;
    d->at_w = llb_index(g, d->w, c, 4);
    llb_val v = qcg_row_sum16(g, &d->row, llb_index(g, src, c, 4), n, term, d);
    if (d->bias) {
        llb_val b = llb_load(g, llb_vec(llb_float(g), n), llb_index(g, d->bias, c, 4), 4);
        v = LLVMBuildFAdd(g->b, v, b, "");
    }
    if (min > -INFINITY)
        v = llb_fmax(g, llb_f32s(g, min, n), v);
    if (max < INFINITY)
        v = llb_fmin(g, llb_f32s(g, max, n), v);
    llb_store(g, v, llb_index(g, dst, c, 4), 4);
}

static void position(qcg *g, dw *d, llb_val src, llb_val dst)
{
    int64_t done = d->p->w.c / WIDTH * WIDTH;
    if (done) {
        llb_loop l;
        llb_begin(g, &l, 0, done, WIDTH);
        channels(g, d, src, dst, l.iv, WIDTH);
        llb_end(g, &l);
    }
    for (unsigned n = WIDTH / 2; n > 0; n /= 2) {
        if (!(d->p->w.c & n))
            continue;
        channels(g, d, src, dst, llb_i64(g, done), n);
        done += n;
    }
}

static void block(qcg *g, dw *d, llb_val out)
{
    const qir_window *q = &d->p->w;
    int64_t line = d->p->band_width * q->c * 4;
    llb_loop lr, lw;
    llb_begin(g, &lr, 0, d->p->block, 1);
    llb_val src = llb_index(g, d->win.band, lr.iv, q->stride[1] * line);
    llb_val dst = llb_index(g, out, lr.iv, q->out[2] * q->c * 4);
    llb_begin(g, &lw, 0, q->out[2], 1);
    position(g, d, llb_index(g, src, lw.iv, q->stride[2] * q->c * 4),
             llb_index(g, dst, lw.iv, q->c * 4));
    llb_end(g, &lw);
    llb_end(g, &lr);
}

static void blocks(qcg *g, dw *d)
{
    const qir_window *q = &d->p->w;
    int64_t row = q->out[2] * q->c * 4;
    llb_loop ln, ld, lh;
    llb_begin(g, &ln, 0, q->n, 1);
    llb_begin(g, &ld, 0, q->out[0], 1);
    llb_begin(g, &lh, 0, q->out[1], d->p->block);
    llb_val h = lh.iv;
    if (q->out[1] % d->p->block)
        h = llb_smin(g, h, llb_i64(g, q->out[1] - d->p->block));
    llb_val image =
        llb_index(g, qcg_operand(g, 0), ln.iv, q->in[0] * q->in[1] * q->in[2] * q->c * 4);
    qcg_band_fill(g, &d->win, image, ld.iv, h);
    llb_val plane = llb_add(g, llb_mul_const(g, ln.iv, q->out[0]), ld.iv);
    block(g, d, llb_index(g, llb_index(g, g->out, plane, q->out[1] * row), h, row));
    llb_end(g, &lh);
    llb_end(g, &ld);
    llb_end(g, &ln);
}

static void tap_offsets(qcg *g, dw *d)
{
    const qir_window *q = &d->p->w;
    int64_t line = d->p->band_width * q->c * 4, n = 0;
    int64_t *at = QIR_NEW_ARRAY(g->arena, int64_t, (size_t)q->taps);
    for (int64_t i = 0; i < q->kernel[0]; i++)
        for (int64_t j = 0; j < q->kernel[1]; j++)
            for (int64_t k = 0; k < q->kernel[2]; k++)
                at[n++] = (i * d->p->band_rows + j * q->dilation[1]) * line +
                          k * q->dilation[2] * q->c * 4;
    d->row = qcg_row_make(g, at, q->taps);
}

bool qcg_lower_depthwise_f32(qcg *g, const qir_kernel_plan *p)
{
    qcg_weights w;
    const void *bias;
    if (!qcg_weights_get(g, p->w.groups, &w) || !qcg_bias_data(g, &bias))
        return false;
    dw d = {.p = p};
    qcg_window_init(g, &d.win, p, 0);
    float *t = QIR_NEW_ARRAY(g->arena, float, (size_t)(p->w.c * w.k));
    for (int64_t c = 0; c < p->w.c; c++)
        for (int64_t k = 0; k < w.k; k++)
            t[k * p->w.c + c] = w.f32[c * w.k + k];
    d.w = qcg_const(g, t, (size_t)(p->w.c * w.k) * 4, 64);
    d.bias = bias ? qcg_const(g, bias, (size_t)p->w.c * 4, 64) : NULL;
    tap_offsets(g, &d);
    blocks(g, &d);
    return true;
}
