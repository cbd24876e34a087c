/* The sums of one register tile whose products go through i16: chains of steps (qir/chains.h). */
#include "kernels/gemm.h"

/* Products of one step, row by row, of vectors in i16. */
static void step(qcg *g, const qcg_gemm *m, qcg_tile t, llb_val a, llb_val w, llb_val *sums, bool first)
{
    const qcg_machine *vm = m->m;
    int64_t vector = vm->lanes * QIR_CHAIN_K;
    llb_type bytes = llb_vec(llb_int(g, 8), (unsigned)vector);
    llb_val wv[QIR_CHAIN_COLUMNS];
    for (unsigned j = 0; j < t.vectors; j++)
        wv[j] = llb_load(g, bytes, llb_at(g, w, j * vector), 8);
    for (unsigned i = 0; i < t.rows; i++) {
        llb_val x = vm->group(g, llb_at(g, a, i * m->a_stride));
        for (unsigned j = 0; j < t.vectors; j++, sums++) {
            llb_val v = vm->pairs(g, x, wv[j]);
            *sums = first ? v : llb_add(g, *sums, v);
        }
    }
}

static llb_val word(qcg *g, llb_val p)
{
    return LLVMBuildZExt(g->b, llb_load(g, llb_int(g, 32), p, 4), llb_int(g, 64), "");
}

void qcg_chain_products(qcg *g, const qcg_gemm *m, const qcg_tile_at *at, const llb_val *start, llb_val *acc)
{
    const qcg_chains *c = m->chains;
    const qcg_machine *words = m->m->wide;
    int64_t bytes = QIR_CHAIN_COLUMNS * QIR_CHAIN_K;
    unsigned count = at->tile.rows * at->tile.vectors, lanes = m->m->lanes;
    llb_val block = LLVMBuildUDiv(g->b, at->block, llb_i64(g, QIR_CHAIN_COLUMNS / lanes), "");
    llb_val first = llb_index(g, c->first, block, 4), sums[LLB_MAX_CARRY];
    llb_loop l;
    llb_begin_at(g, &l, word(g, first), word(g, llb_at(g, first, 4)), 1);
    for (unsigned i = 0; i < count; i++)
        acc[i] = llb_carry(g, &l, start[i]);
    llb_val offset = llb_index(g, c->offset, l.iv, c->length * 4), w = llb_index(g, c->weights, l.iv, c->length * bytes);
    for (int64_t s = 0; s < c->length; s++) {
        llb_val a = llb_offset(g, at->a, word(g, llb_at(g, offset, s * 4)));
        step(g, m, at->tile, a, llb_at(g, w, s * bytes), sums, s == 0);
    }
    for (unsigned i = 0; i < count; i++)
        llb_next(&l, i, words->dot(g, acc[i], sums[i], llb_i16s(g, 1, 2 * lanes)));
    llb_end(g, &l);
    for (unsigned i = 0; i < count; i++)
        acc[i] = l.value[i];
}
