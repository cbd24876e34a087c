/* int8 convolution without panels: each row of a register tile is an output position, whose window is
 * read where it lies.  Along a kernel row the window's elements are neighbours: runs of k, at constant
 * distances.  Reading on to the end of a whole step is harmless: the weights there are 0. */
#include "kernels/gemm.h"

typedef struct job {
    const qir_kernel_plan *p;
    qcg_products_i8 r;
    int64_t row, plane; /* bytes of the operand from one input row or plane to the next */
} job;

/* Rows and planes as they lie in the band, or in the operand. */
static void set_distances(job *j)
{
    const qir_kernel_plan *p = j->p;
    const qir_window *w = &p->w;
    int64_t position = w->c * (int64_t)p->elem;
    j->row = (p->has_band ? p->band_width : w->in[2]) * position;
    j->plane = (p->has_band ? p->band_rows : w->in[1]) * j->row;
}

static void set_product(job *j)
{
    const qir_kernel_plan *p = j->p;
    const qir_window *w = &p->w;
    qcg_gemm *m = &j->r.m;
    int64_t position = w->c * (int64_t)p->elem, rows = w->kernel[0] * w->kernel[1];
    m->lines = p->block;
    m->rows = w->out[2];
    m->a_line = w->stride[1] * j->row;
    m->a_stride = w->stride[2] * position;
    m->runs[0] = (qcg_axis){w->kernel[0], p->has_band ? j->plane : w->dilation[0] * j->plane};
    m->runs[1] = (qcg_axis){w->kernel[1], w->dilation[1] * j->row};
    m->runs[2] = (qcg_axis){p->sections / rows, w->dilation[2] * position};
    m->kblocks = p->k_stride / p->sections / p->kgroup;
    if (w->stride[2] == 1 && w->dilation[2] == 1 && w->c % p->kgroup == 0)
        m->taps = (unsigned)w->kernel[2];
}

static void products(qcg *g, void *ctx, const qcg_block *b)
{
    const job *j = ctx;
    const qir_window *w = &j->p->w;
    qcg_gemm m = j->r.m;
    m.out = b->out;
    m.a = j->r.win.band;
    if (j->p->in_place) {
        m.a = llb_index(g, b->image, b->plane, w->stride[0] * j->plane);
        m.a = llb_index(g, m.a, b->row, w->stride[1] * j->row);
    }
    qcg_gemm_emit(g, &m);
}

bool qcg_lower_conv_i8(qcg *g, const qir_kernel_plan *p)
{
    job j = {.p = p};
    if (!qcg_products_i8_init(g, p, &j.r))
        return false;
    set_distances(&j);
    set_product(&j);
    qcg_products_i8_walk(g, &j.r, products, &j);
    return true;
}
