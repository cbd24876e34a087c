/* Zero points of operands whose products were summed as they are stored: sums of the weights times them. */
#include "kernels/dynamic.h"
#include "kernels/window.h"

/* What the sums of the weights are multiplied by. */
static llb_val zero_factor(qcg *g, const qcg_dynamic *d, llb_val at)
{
    llb_val z = qcg_zero_point(g, llb_load(g, llb_int(g, 32), at, 4));
    return LLVMBuildNeg(g->b, llb_add(g, z, llb_i32s(g, d->operand_raised, 1)), "");
}

static llb_val low_half(qcg *g, llb_val z)
{
    return LLVMBuildAnd(g->b, z, llb_i32s(g, UINT16_MAX, 1), "");
}

/* Sums that fit i16 are multiplied as the low halves of pairs. */
static bool in_pairs(const qcg_gemm *m)
{
    return m->dynamic->words || (m->dynamic->sum_type == QIR_i16 && m->m->wide->kgroup == 2);
}

void qcg_zero_words(qcg *g, const qcg_gemm *m, qcg_dynamic *d, llb_val to)
{
    llb_loop l;
    if ((!d->sums && !d->counted) || !in_pairs(m))
        return;
    llb_begin(g, &l, 0, d->row_step ? m->rows : 1, 1);
    llb_store(g, low_half(g, zero_factor(g, d, llb_index(g, d->zero, l.iv, d->row_step))),
              llb_index(g, to, l.iv, d->row_step), 4);
    llb_end(g, &l);
    d->zero = to;
    d->words = true;
}

/* v + z * sums */
static llb_val add_times(qcg *g, const qcg_gemm *m, llb_val v, llb_val z, llb_val sums)
{
    unsigned lanes = m->m->lanes;
    if (!in_pairs(m))
        return llb_add(g, v, LLVMBuildMul(g->b, llb_splat(g, z, lanes), sums, ""));
    llb_type pairs = llb_vec(llb_int(g, 16), 2 * lanes);
    z = llb_splat(g, m->dynamic->words ? z : low_half(g, z), lanes);
    return m->m->wide->dot(g, v, LLVMBuildBitCast(g->b, z, pairs, ""), LLVMBuildBitCast(g->b, sums, pairs, ""));
}

void qcg_correct(qcg *g, const qcg_gemm *m, const qcg_tile_at *at, const llb_val *sums, llb_val *v)
{
    const qcg_dynamic *d = m->dynamic;
    llb_val zero = llb_index(g, d->zero, at->row, d->row_step);
    if (d->words) /* one for each row would need registers of their own */
        zero = llb_hide(g, zero);
    for (unsigned i = 0; i < at->tile.rows; i++, v += at->tile.vectors) {
        llb_val p = llb_at(g, zero, i * d->row_step);
        llb_val z = d->words ? llb_load(g, llb_int(g, 32), p, 4) : zero_factor(g, d, p);
        for (unsigned j = 0; j < at->tile.vectors; j++)
            v[j] = add_times(g, m, v[j], z, sums[j]);
    }
}
