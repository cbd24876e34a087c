/* Folding rows of values: see row.h. */
#include "kernels/row.h"

#include "machine.h"
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

/* A sum of sixteen lanes on its way. */
typedef struct summing {
    const qcg_row *r;
    llb_val ptr;
    unsigned n; /* rows */
    qcg_value_fn fn;
    void *ctx;
} summing;

static llb_val add_value(qcg *g, const summing *s, llb_val j, llb_val acc)
{
    return LLVMBuildFAdd(g->b, acc, s->fn(g, s->ctx, qcg_row_at(g, s->r, s->ptr, j), j), "");
}

/* Lane `first` and every `step`th after it. */
static void sum_lanes(qcg *g, const summing *s, int first, int step, llb_val *lane)
{
    int64_t done = s->r->count / LANES * LANES;
    for (int i = first; i < LANES; i += step)
        lane[i] = llb_f32s(g, 0.0f, s->n);
    if (done) {
        llb_loop l;
        unsigned k = 0;
        llb_begin(g, &l, 0, done, LANES);
        for (int i = first; i < LANES; i += step)
            lane[i] = llb_carry(g, &l, lane[i]);
        for (int i = first; i < LANES; i += step)
            llb_next(&l, k++, add_value(g, s, llb_add(g, l.iv, llb_i64(g, i)), lane[i]));
        llb_end(g, &l);
        k = 0;
        for (int i = first; i < LANES; i += step)
            lane[i] = l.value[k++];
    }
    for (int i = first; i < s->r->count - done; i += step)
        lane[i] = add_value(g, s, llb_i64(g, done + i), lane[i]);
}

/* Sums in flight that leave registers for a product and its factors. */
static int lanes_at_once(const qcg *g, unsigned n)
{
    unsigned bytes = qir_level_get(g->level)->vector_bytes, each = (n * 4 + bytes - 1) / bytes;
    int lanes = LANES;
    while (lanes > 1 && (unsigned)(lanes + 2) * each + 1 > g->machine->registers)
        lanes /= 2;
    return lanes;
}

/* The sum of lane `first` and every `step`th after it: of the tree of qir_sum16 the node above them.  Lanes are never
 * -0, so adding a lane that is still +0 changes nothing. */
static llb_val tree(qcg *g, const summing *s, int first, int step, llb_val *lane)
{
    int count = LANES / step;
    if (count == lanes_at_once(g, s->n))
        sum_lanes(g, s, first, step, lane);
    if (count == 1)
        return lane[first];
    llb_val a = tree(g, s, first, 2 * step, lane);
    return first + step < s->r->count ? LLVMBuildFAdd(g->b, a, tree(g, s, first + step, 2 * step, lane), "") : a;
}

llb_val qcg_row_sum16(qcg *g, const qcg_row *r, llb_val ptr, unsigned n, qcg_value_fn fn, void *ctx)
{
    llb_val lane[LANES];
    return tree(g, &(summing){r, ptr, n, fn, ctx}, 0, 1, lane);
}
