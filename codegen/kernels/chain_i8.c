/* int8 convolution and linear whose products go through i16, in chains of steps that the weights prove exact. */
#include "kernels/gemm.h"
#include "kernels/sums.h"
#include "qir/support/assert.h"

typedef struct job {
    qcg_window win;
    qcg_gemm m;
    qcg_sums sums;
    qcg_chains chains;
} job;

static void products(qcg *g, void *ctx, const qcg_block *b)
{
    const job *j = ctx;
    qcg_gemm m = j->m;
    if (!j->win.plan->direct)
        qcg_panel_gather(g, &j->win, llb_i64(g, 0));
    m.a = b->rows ? b->rows : j->win.panel;
    m.out = b->out;
    qcg_gemm_emit(g, &m);
}

static void put_chains(qcg *g, const qir_kernel_plan *p, qcg_chains *out)
{
    enum { ALIGN = 64 };
    qir_chains c;
    bool ok = qir_plan_chains(g->op, g->arena, p->chain, &c);
    QIR_ASSERT(ok, "the plan found chains");
    (void)ok;
    size_t steps = (size_t)(c.count * c.length);
    *out = (qcg_chains){.length = c.length};
    out->first = qcg_const(g, c.first, ((size_t)c.blocks + 1) * sizeof *c.first, ALIGN);
    out->offset = qcg_const(g, c.offset, steps * sizeof *c.offset, ALIGN);
    out->weights = qcg_const(g, c.weights, steps * QIR_CHAIN_COLUMNS * QIR_CHAIN_K, ALIGN);
}

static void set_product(job *j, const qir_kernel_plan *p, const qcg_machine *machine)
{
    j->m = (qcg_gemm){.m = machine, .lines = 1, .sections = 1, .parts = 1, .e = &j->sums.e, .chains = &j->chains};
    j->m.rows = p->panel_rows;
    j->m.n = p->w.o;
    j->m.kblocks = p->k_stride / QIR_CHAIN_K;
    j->m.a_stride = p->pitch;
}

bool qcg_lower_chain_i8(qcg *g, const qir_kernel_plan *p)
{
    qcg_weights w;
    if (!qcg_weights_get(g, 1, &w))
        return false;
    job j = {0};
    w.raised = p->raised ? 128 : 0;
    qcg_window_init(g, &j.win, p, qir_op_operand(g->op, 0)->type->quant->zero_point[0]);
    put_chains(g, p, &j.chains);
    set_product(&j, p, g->machine->chains);
    if (!qcg_sums_get(g, &w, j.m.m->lanes, true, &j.sums))
        return false;
    int64_t out_elem = qcg_epilogue_elem(&j.sums.e);
    j.m.w = j.chains.weights;
    j.m.bias = j.sums.start;
    j.m.scale = j.sums.e.scale;
    j.m.out_stride = p->w.o * out_elem;
    j.win.inner = qcg_gemm_units(g, &j.m);
    qcg_window_walk(g, &j.win, out_elem, products, &j);
    return true;
}
