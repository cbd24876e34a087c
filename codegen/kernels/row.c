/* Folding rows of values: see row.h. */
#include "kernels/row.h"

#include "qir/support/arena.h"

enum { LANES = 16, UNROLL = 16 };

qcg_row qcg_row_even(int64_t count, int64_t stride)
{
    return (qcg_row){.count = count, .even = true, .stride = stride};
}

qcg_row qcg_row_make(qcg *g, const int64_t *offset, int64_t count)
{
    qcg_row r = {.count = count, .offset = offset, .even = true};
    r.stride = count > 1 ? offset[1] - offset[0] : 0;
    for (int64_t j = 0; j < count; j++)
        r.even = r.even && offset[j] == j * r.stride;
    if (r.even || count <= UNROLL)
        return r;
    r.table = qcg_const(g, offset, (size_t)count * sizeof *offset, 64);
    return r;
}

llb_val qcg_row_at(qcg *g, const qcg_row *r, llb_val ptr, llb_val j)
{
    if (r->even)
        return llb_index(g, ptr, j, r->stride);
    if (LLVMIsAConstantInt(j))
        return llb_at(g, ptr, r->offset[LLVMConstIntGetSExtValue(j)]);
    return llb_offset(g, ptr, llb_load(g, llb_int(g, 64), llb_index(g, r->table, j, 8), 8));
}

llb_val qcg_row_fold(qcg *g, const qcg_row *r, llb_val ptr, llb_val acc, qcg_fold_fn fn, void *ctx)
{
    if (r->count <= UNROLL) {
        for (int64_t j = 0; j < r->count; j++) {
            llb_val index = llb_i64(g, j);
            acc = fn(g, ctx, acc, qcg_row_at(g, r, ptr, index), index);
        }
        return acc;
    }
    llb_loop l;
    llb_begin(g, &l, 0, r->count, 1);
    acc = llb_carry(g, &l, acc);
    llb_next(&l, 0, fn(g, ctx, acc, qcg_row_at(g, r, ptr, l.iv), l.iv));
    llb_end(g, &l);
    return l.value[0];
}

static llb_val add_value(qcg *g, const qcg_row *r, llb_val ptr, llb_val j, llb_val acc,
                         qcg_value_fn fn, void *ctx)
{
    return LLVMBuildFAdd(g->b, acc, fn(g, ctx, qcg_row_at(g, r, ptr, j), j), "");
}

llb_val qcg_row_sum16(qcg *g, const qcg_row *r, llb_val ptr, unsigned n, qcg_value_fn fn, void *ctx)
{
    llb_val lane[LANES];
    int64_t done = r->count / LANES * LANES;
    for (int i = 0; i < LANES; i++)
        lane[i] = llb_f32s(g, 0.0f, n);
    if (done) {
        llb_loop l;
        llb_begin(g, &l, 0, done, LANES);
        for (int i = 0; i < LANES; i++)
            lane[i] = llb_carry(g, &l, lane[i]);
        for (int i = 0; i < LANES; i++)
            llb_next(&l, (unsigned)i,
                     add_value(g, r, ptr, llb_add(g, l.iv, llb_i64(g, i)), lane[i], fn, ctx));
        llb_end(g, &l);
        for (int i = 0; i < LANES; i++)
            lane[i] = l.value[i];
    }
    for (int i = 0; i < r->count - done; i++)
        lane[i] = add_value(g, r, ptr, llb_i64(g, done + i), lane[i], fn, ctx);
    /* lanes are never -0, so adding a lane that is still +0 changes nothing */
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            if (i + half < r->count)
                lane[i] = LLVMBuildFAdd(g->b, lane[i], lane[i + half], "");
    return lane[0];
}
