/* int8 convolution and linear: one integer product per group, whose sums go through the epilogue. */
#include "kernels/gemm.h"
#include "qir/support/checked.h"

bool qcg_products_i8_begin(qcg *g, const qir_kernel_plan *p, const qcg_machine *m, const qcg_weights *w,
                           qcg_products_i8 *r)
{
    *r = (qcg_products_i8){.m = {.m = m, .lines = 1, .sections = 1, .parts = 1}};
    if (!qcg_sums_get(g, w, m->lanes, true, &r->sums))
        return false;
    r->out_elem = qcg_epilogue_elem(&r->sums.e);
    r->m.bias = r->sums.start;
    r->m.e = &r->sums.e;
    r->m.scale = r->sums.e.scale;
    r->m.rows = p->panel_rows;
    r->m.pairs = p->pairs;
    r->m.n = w->n;
    r->m.kblocks = qir_ceil_div(p->k, p->kgroup);
    r->m.a_stride = p->pitch * (int64_t)p->elem;
    r->m.out_stride = p->w.o * r->out_elem;
    qcg_window_init(g, &r->win, p, qir_op_operand(g->op, 0)->type->quant->zero_point[0]);
    return true;
}

/* Is the last block filled to half at most?  (Vectors that a dot step picks or turns are short anyway.) */
static bool is_halved(const qcg_gemm *m, const qir_kernel_plan *p)
{
    int64_t tail = m->n % m->m->lanes;
    return tail && 2 * tail <= m->m->lanes && p->w.groups == 1 && m->parts == 1 && !m->m->pick && !m->m->turn;
}

static llb_val weights_of(qcg *g, const qcg_gemm *m, const qir_kernel_plan *p)
{
    int64_t sections = p->own_weights ? p->sections : 0;
    if (m->halved)
        return qcg_weights_halved(g, p->packing, sections);
    return sections ? qcg_weights_cut(g, p->w.groups, p->packing, sections)
                    : qcg_weights_packed(g, p->w.groups, p->packing);
}

bool qcg_products_i8_init(qcg *g, const qir_kernel_plan *p, qcg_products_i8 *r)
{
    const qir_packing_info *packing = qir_packing_get(p->packing);
    qcg_weights w;
    if (!qcg_weights_get(g, p->w.groups, &w) ||
        !qcg_products_i8_begin(g, p, qcg_machine_of(g->machine, p->packing), &w, r))
        return false;
    r->m.parts = (unsigned)qir_dtype_bits(packing->elem) / (unsigned)packing->bits;
    r->m.halved = is_halved(&r->m, p);
    r->m.w = weights_of(g, &r->m, p);
    return r->m.w != NULL;
}

void qcg_products_i8_walk(qcg *g, qcg_products_i8 *r, qcg_block_fn fn, void *ctx)
{
    r->win.inner = qcg_gemm_units(g, &r->m);
    qcg_window_walk(g, &r->win, r->out_elem, fn, ctx);
}

llb_val qcg_products_i8_rows(qcg *g, const qcg_products_i8 *r, const qcg_block *b)
{
    if (b->rows)
        return b->rows;
    qcg_panel_gather(g, &r->win, llb_i64(g, 0));
    return r->win.panel;
}

/* One product per group. */
static void products(qcg *g, void *ctx, const qcg_block *b)
{
    const qcg_products_i8 *r = ctx;
    const qir_kernel_plan *p = r->win.plan;
    qcg_gemm m = r->m;
    int64_t padded = qir_ceil_div(m.n, m.m->lanes) * m.m->lanes;
    llb_loop l;
    llb_begin(g, &l, 0, p->w.groups, 1);
    if (!p->direct)
        qcg_panel_gather(g, &r->win, l.iv);
    m.a = p->direct ? b->rows : r->win.panel;
    m.w = llb_index(g, m.w, l.iv, padded * m.kblocks * m.m->kgroup * m.m->elem_bytes);
    m.bias = llb_index(g, m.bias, l.iv, padded * 4);
    if (m.scale)
        m.scale = llb_index(g, m.scale, l.iv, padded * 4);
    m.out = llb_index(g, b->out, l.iv, m.n * r->out_elem);
    qcg_gemm_emit(g, &m);
    llb_end(g, &l);
}

bool qcg_lower_gemm_i8(qcg *g, const qir_kernel_plan *p)
{
    qcg_products_i8 r;
    if (!qcg_products_i8_init(g, p, &r))
        return false;
    qcg_products_i8_walk(g, &r, products, &r);
    return true;
}
