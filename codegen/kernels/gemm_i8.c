/* int8 convolution and linear: one integer product per group, whose sums go through the epilogue. */
#include "kernels/gemm.h"
#include "kernels/sums.h"
#include "qir/support/checked.h"

typedef struct job {
    const qir_kernel_plan *p;
    qcg_window win;
    qcg_gemm m;
    qcg_sums sums;
    int64_t w_group; /* bytes of one group's weights */
    int64_t padded;  /* columns of one group, padded */
    int64_t out_elem;
} job;

/* One product per group. */
static void products(qcg *g, void *ctx, const qcg_block *b)
{
    const job *j = ctx;
    qcg_gemm m = j->m;
    llb_loop l;
    llb_begin(g, &l, 0, j->p->w.groups, 1);
    if (!j->p->direct)
        qcg_panel_gather(g, &j->win, l.iv);
    m.a = j->p->direct ? b->rows : j->win.panel;
    m.w = llb_index(g, m.w, l.iv, j->w_group);
    m.bias = llb_index(g, m.bias, l.iv, j->padded * 4);
    if (m.scale)
        m.scale = llb_index(g, m.scale, l.iv, j->padded * 4);
    m.out = llb_index(g, b->out, l.iv, m.n * j->out_elem);
    qcg_gemm_emit(g, &m);
    llb_end(g, &l);
}

bool qcg_lower_gemm_i8(qcg *g, const qir_kernel_plan *p)
{
    qcg_weights w;
    if (!qcg_weights_get(g, p->w.groups, &w))
        return false;
    job j = {.p = p, .m = {.sections = 1, .parts = 1}};
    j.m.m = p->wide ? g->machine->wide : g->machine;
    qcg_window_init(g, &j.win, p, qir_op_operand(g->op, 0)->type->quant->zero_point[0]);
    const qir_level_info *level = qir_level_get(g->level);
    j.m.w = qcg_weights_packed(g, p->w.groups, p->wide ? level->wide : level->gemm);
    if (!j.m.w || !qcg_sums_get(g, &w, j.m.m->lanes, true, &j.sums))
        return false;
    j.padded = qir_ceil_div(w.n, j.m.m->lanes) * j.m.m->lanes;
    j.out_elem = j.sums.e.narrow ? 1 : 4;
    j.m.bias = j.sums.start;
    j.m.e = &j.sums.e;
    j.m.scale = j.sums.e.scale;
    j.m.lines = 1;
    j.m.rows = p->panel_rows;
    j.m.pairs = p->pairs;
    j.m.n = w.n;
    j.m.kblocks = qir_ceil_div(p->k, j.m.m->kgroup);
    j.w_group = j.padded * j.m.kblocks * j.m.m->kgroup * j.m.m->elem_bytes;
    j.m.a_stride = p->pitch * (int64_t)p->elem;
    j.m.out_stride = p->w.o * j.out_elem;
    j.win.inner = qcg_gemm_units(&j.m);
    qcg_window_walk(g, &j.win, j.out_elem, products, &j);
    return true;
}
