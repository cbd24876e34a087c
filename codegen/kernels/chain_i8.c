/* int8 convolution and linear whose products go through i16, in chains of steps that the weights prove exact. */
#include "kernels/gemm.h"
#include "qir/support/assert.h"

static void products(qcg *g, void *ctx, const qcg_block *b)
{
    qcg_gemm m = ((const qcg_products_i8 *)ctx)->m;
    m.a = qcg_products_i8_rows(g, ctx, b);
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

bool qcg_lower_chain_i8(qcg *g, const qir_kernel_plan *p)
{
    qcg_weights w;
    qcg_products_i8 r;
    qcg_chains chains;
    if (!qcg_weights_get(g, 1, &w))
        return false;
    w.raised = p->raised ? 128 : 0;
    if (!qcg_products_i8_begin(g, p, g->machine->chains, &w, &r))
        return false;
    put_chains(g, p, &chains);
    r.m.chains = &chains;
    r.m.w = chains.weights;
    qcg_products_i8_walk(g, &r, products, &r);
    return true;
}
