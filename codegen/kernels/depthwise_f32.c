/* Float depthwise convolution: taps are a row, channels the lanes; each channel's sum has the order
 * of qir_dot16.  Quantized weights, which are few, are stored as the floats they stand for. */
#include <math.h>
#include "build.h"
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
    llb_val w, bias; /* [c / WIDTH][taps][WIDTH], [c] */
    llb_val at_w;    /* w at the current channels */
    unsigned lanes;
} dw;

static llb_val term(qcg *g, void *ctx, llb_val at, llb_val j)
{
    const dw *d = ctx;
    llb_type t = llb_vec(llb_float(g), d->lanes);
    llb_val w = llb_load(g, t, llb_index(g, d->at_w, j, WIDTH * 4), 4);
    return LLVMBuildFMul(g->b, llb_load(g, t, at, 4), w, "");
}

/* n channels from c on; they stand from lane `lane` on in their block of weights. */
static void channels(qcg *g, dw *d, llb_val src, llb_val dst, llb_val c, int64_t lane, unsigned n)
{
    float min = qir_op_float(g->op, "min"), max = qir_op_float(g->op, "max");
    d->lanes = n;
    llb_val block = llb_add(g, c, llb_i64(g, -lane)); /* times WIDTH */
    d->at_w = llb_at(g, llb_index(g, d->w, block, d->p->w.taps * 4), lane * 4);
    /* Registers hold too few weights from position to position.  For x86 LLVM loads the others again by itself. */
    if (!qcg_arch_is(g, "x86_64"))
        d->at_w = llb_hide(g, d->at_w);
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
    qcg_share s;
    if (done) {
        qcg_share_begin(g, &s, done, WIDTH, true);
        channels(g, d, src, dst, s.loop.iv, 0, WIDTH);
        qcg_share_end(g, &s);
    }
    if (done == d->p->w.c)
        return;
    qcg_once_begin(g, &s, true);
    for (unsigned n = WIDTH / 2; n > 0; n /= 2) {
        if (!(d->p->w.c & n))
            continue;
        channels(g, d, src, dst, llb_i64(g, done), done % WIDTH, n);
        done += n;
    }
    qcg_once_end(g, &s);
}

static void block(qcg *g, void *ctx, const qcg_block *b)
{
    dw *d = ctx;
    const qir_window *q = &d->p->w;
    int64_t line = d->p->band_width * q->c * 4;
    llb_loop lr, lw;
    llb_begin(g, &lr, 0, d->p->block, 1);
    llb_val src = llb_index(g, d->win.band, lr.iv, q->stride[1] * line);
    llb_val dst = llb_index(g, b->out, lr.iv, q->out[2] * q->c * 4);
    llb_begin(g, &lw, 0, q->out[2], 1);
    position(g, d, llb_index(g, src, lw.iv, q->stride[2] * q->c * 4),
             llb_index(g, dst, lw.iv, q->c * 4));
    llb_end(g, &lw);
    llb_end(g, &lr);
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
    const void *bias;
    if (!qcg_bias_data(g, &bias))
        return false;
    dw d = {.p = p};
    qcg_window_init(g, &d.win, p, 0);
    d.w = qcg_weights_packed(g, p->w.groups, qir_level_get(g->level)->fdw);
    if (!d.w)
        return false;
    d.bias = bias ? qcg_const(g, bias, (size_t)p->w.c * 4, 64) : NULL;
    tap_offsets(g, &d);
    d.win.inner = p->w.c / WIDTH;
    qcg_window_walk(g, &d.win, 4, block, &d);
    return true;
}
