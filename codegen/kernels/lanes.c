/* Neighbouring f32 values: see lanes.h. */
#include "kernels/lanes.h"

#include "kernels/window.h"
#include "qir/support/assert.h"

enum { LANES = 16 };

void qcg_lanes_each(qcg *g, int64_t count, unsigned width, qcg_lanes_fn fn, void *ctx)
{
    int64_t done = count / width * width;
    if (done) {
        llb_loop l;
        llb_begin(g, &l, 0, done, width);
        fn(g, ctx, l.iv, width);
        llb_end(g, &l);
    }
    for (unsigned w = width / 2; w > 0; w /= 2) {
        if (!(count & w))
            continue;
        fn(g, ctx, llb_i64(g, done), w);
        done += w;
    }
}

llb_val qcg_lanes_load(qcg *g, llb_val ptr, llb_val j, unsigned n)
{
    return llb_load(g, llb_vec(llb_float(g), n), llb_index(g, ptr, j, 4), 4);
}

void qcg_lanes_store(qcg *g, llb_val v, llb_val ptr, llb_val j)
{
    llb_store(g, v, llb_index(g, ptr, j, 4), 4);
}

static void copy_lanes(qcg *g, void *ctx, llb_val j, unsigned n)
{
    const llb_val *ptr = ctx;
    qcg_lanes_store(g, qcg_lanes_load(g, ptr[1], j, n), ptr[0], j);
}

void qcg_lanes_copy(qcg *g, llb_val to, llb_val from, int64_t count)
{
    qcg_lanes_each(g, count, LANES, copy_lanes, (llb_val[]){to, from});
}

/* --- sixteen lanes ----------------------------------------------------------------------------- */
/* i1 lanes, true below n. */
static llb_val first_lanes(qcg *g, unsigned n)
{
    llb_val bit[LANES];
    for (unsigned i = 0; i < LANES; i++)
        bit[i] = LLVMConstInt(llb_int(g, 1), i < n, 0);
    return LLVMConstVector(bit, LANES);
}

llb_val qcg_lanes_load16(qcg *g, llb_val ptr, llb_val j, unsigned n)
{
    if (n == LANES)
        return qcg_lanes_load(g, ptr, j, LANES);
    llb_val at = llb_index(g, ptr, j, 4);
    llb_type types[] = {llb_vec(llb_float(g), LANES), LLVMTypeOf(at)};
    llb_val args[] = {at, LLVMConstInt(llb_int(g, 32), 4, 0), first_lanes(g, n),
                      llb_f32s(g, 0.0f, LANES)};
    return llb_intrinsic(g, "llvm.masked.load", types, 2, args, 4);
}

llb_val qcg_lanes_keep(qcg *g, llb_val v, unsigned n)
{
    return n == LANES ? v
                      : LLVMBuildSelect(g->b, first_lanes(g, n), v, llb_f32s(g, 0.0f, LANES), "");
}

/* Lanes are never -0, so adding a term of 0 changes nothing. */
void qcg_lanes_sum(qcg *g, int64_t count, unsigned sums, qcg_terms_fn fn, void *ctx, llb_val *out)
{
    int64_t done = count / LANES * LANES;
    llb_val acc[QCG_LANES_SUMS];
    QIR_ASSERT(sums <= QCG_LANES_SUMS, "too many sums at once");
    for (unsigned i = 0; i < sums; i++)
        acc[i] = llb_f32s(g, 0.0f, LANES);
    if (done) {
        llb_loop l;
        llb_begin(g, &l, 0, done, LANES);
        for (unsigned i = 0; i < sums; i++)
            acc[i] = llb_carry(g, &l, acc[i]);
        for (unsigned i = 0; i < sums; i++)
            llb_next(&l, i, LLVMBuildFAdd(g->b, acc[i], fn(g, ctx, l.iv, i, LANES), ""));
        llb_end(g, &l);
        for (unsigned i = 0; i < sums; i++)
            acc[i] = l.value[i];
    }
    unsigned rest = (unsigned)(count - done);
    for (unsigned i = 0; i < sums; i++) {
        if (rest)
            acc[i] = LLVMBuildFAdd(g->b, acc[i], fn(g, ctx, llb_i64(g, done), i, rest), "");
        out[i] = llb_tree_fadd(g, acc[i]);
    }
}

typedef struct dot {
    llb_val x, w;
    int64_t stride;
} dot;

static llb_val dot_terms(qcg *g, void *ctx, llb_val j, unsigned i, unsigned n)
{
    const dot *d = ctx;
    llb_val w = qcg_lanes_load16(g, llb_at(g, d->w, i * d->stride), j, n);
    return LLVMBuildFMul(g->b, qcg_lanes_load16(g, d->x, j, n), w, "");
}

void qcg_lanes_dot(qcg *g, llb_val x, llb_val w, int64_t stride, int64_t count, unsigned rows,
                   llb_val *out)
{
    dot d = {x, w, stride};
    qcg_lanes_sum(g, count, rows, dot_terms, &d, out);
}

void qcg_lanes_products(qcg *g, llb_val out, llb_val x, llb_val w, int64_t count, int64_t n)
{
    unsigned rows = n < QCG_LANES_SUMS ? (unsigned)n : QCG_LANES_SUMS;
    llb_val sum[QCG_LANES_SUMS];
    llb_loop l;
    llb_begin(g, &l, 0, n, rows);
    llb_val i = qcg_overlap(g, l.iv, n, rows);
    qcg_lanes_dot(g, x, llb_index(g, w, i, count * 4), count * 4, count, rows, sum);
    for (unsigned r = 0; r < rows; r++)
        qcg_lanes_store(g, sum[r], out, llb_add(g, i, llb_i64(g, r)));
    llb_end(g, &l);
}

/* --- the largest ------------------------------------------------------------------------------- */
static llb_val larger(qcg *g, llb_val m, llb_val x)
{
    llb_val wins = LLVMBuildOr(g->b, LLVMBuildFCmp(g->b, LLVMRealOGT, x, m, ""),
                               LLVMBuildFCmp(g->b, LLVMRealUNO, x, x, ""), "");
    return LLVMBuildSelect(g->b, wins, x, m, "");
}

/* Vectors may overlap: a value counts as often as one likes. */
llb_val qcg_lanes_max(qcg *g, llb_val ptr, int64_t count)
{
    unsigned n = 1;
    while (n < 8 && 2 * n <= count)
        n *= 2;
    llb_loop l;
    llb_val m = qcg_lanes_load(g, ptr, llb_i64(g, 0), n);
    llb_begin(g, &l, 0, count, n);
    m = llb_carry(g, &l, m);
    llb_next(&l, 0, larger(g, m, qcg_lanes_load(g, ptr, qcg_overlap(g, l.iv, count, n), n)));
    llb_end(g, &l);
    for (m = l.value[0]; n > 1; n /= 2)
        m = larger(g, llb_slice(g, m, 0, n / 2), llb_slice(g, m, n / 2, n / 2));
    return m;
}
