/* Nests over blocks: see blocks.h. */
#include "kernels/blocks.h"

static void each(qcg *g, qcg_blocks *b, unsigned d, qcg_region_fn fn, void *ctx)
{
    if (d == b->x->rank) {
        fn(g, b, ctx);
        return;
    }
    int64_t block = b->block[d], whole = b->x->dims[d] / block, rest = b->x->dims[d] % block;
    if (whole) {
        b->parts[d] = (qcg_part){0, whole, block};
        each(g, b, d + 1, fn, ctx);
    }
    if (rest) {
        b->parts[d] = (qcg_part){whole, 1, rest};
        each(g, b, d + 1, fn, ctx);
    }
}

void qcg_blocks_each(qcg *g, qcg_blocks *b, qcg_region_fn fn, void *ctx)
{
    each(g, b, 0, fn, ctx);
}

qcg_nest qcg_blocks_nest(const qcg_blocks *b, bool inside)
{
    qcg_nest n = {.rank = 2 * b->x->rank};
    for (unsigned d = 0; d < b->x->rank; d++) {
        n.dim[2 * d] = b->parts[d].count;
        n.dim[2 * d + 1] = inside ? b->parts[d].size : 1;
    }
    return n;
}

void qcg_blocks_pointer(qcg *g, const qcg_blocks *b, qcg_nest *n, qir_dtype dtype,
                        const int64_t *strides, llb_val ptr, bool params)
{
    unsigned p = n->nptr++;
    int64_t start = 0;
    n->elem[p] = (int64_t)qir_dtype_bytes(dtype);
    for (unsigned d = 0; d < b->x->rank; d++) {
        int64_t one = strides[d] * n->elem[p], block = params ? one : one * b->block[d];
        start += b->parts[d].first * block;
        n->step[p][2 * d] = block;
        n->step[p][2 * d + 1] = params ? 0 : one;
    }
    n->ptr[p] = llb_at(g, ptr, start);
}
