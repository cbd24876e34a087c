/* The largest float of a row: see row.h. */
#include "kernels/row.h"

#include "qir/target_info.h"

static unsigned width(const qcg *g)
{
    return qir_level_get(g->level)->vector_bytes / sizeof(float);
}

static llb_val larger(qcg *g, void *ctx, llb_val m, llb_val at, llb_val j)
{
    (void)ctx, (void)j;
    llb_val x = llb_load(g, llb_float(g), at, 4);
    llb_val wins = LLVMBuildOr(g->b, LLVMBuildFCmp(g->b, LLVMRealOGT, x, m, ""),
                               LLVMBuildFCmp(g->b, LLVMRealUNO, x, x, ""), "");
    return LLVMBuildSelect(g->b, wins, x, m, "");
}

/* `fold` of the lanes with one another, down to one. */
static llb_val over_lanes(qcg *g, llb_val v, llb_val (*fold)(qcg *g, llb_val a, llb_val b))
{
    for (unsigned n = llb_lanes(v) / 2; n; n /= 2)
        v = fold(g, llb_slice(g, v, 0, n), llb_slice(g, v, n, n));
    return v;
}

static llb_val either(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildOr(g->b, a, b, "");
}

/* The largest of neighbouring elements, lane by lane; *odd: lanes that are not 0 where there was a NaN. */
static llb_val largest_lanes(qcg *g, llb_val at, int64_t count, llb_val *odd)
{
    unsigned n = width(g);
    llb_type floats = llb_vec(llb_float(g), n), words = llb_vec(llb_int(g, 32), n);
    llb_loop l;
    llb_val last = llb_load(g, floats, llb_at(g, at, (count - n) * 4), 4);
    llb_val nan = LLVMBuildFCmp(g->b, LLVMRealUNO, last, last, "");
    llb_val seen = LLVMBuildSExt(g->b, nan, words, "");
    llb_begin(g, &l, 0, count / n * n, n);
    llb_val m = llb_carry(g, &l, last);
    seen = llb_carry(g, &l, seen);
    llb_val x = llb_load(g, floats, llb_index(g, at, l.iv, 4), 4);
    nan = LLVMBuildFCmp(g->b, LLVMRealUNO, x, x, "");
    llb_next(&l, 0, llb_fmax(g, x, m));
    llb_next(&l, 1, either(g, seen, LLVMBuildSExt(g->b, nan, words, "")));
    llb_end(g, &l);
    *odd = l.value[1];
    return l.value[0];
}

/* With a NaN among them they are compared one by one. */
llb_val qcg_row_max(qcg *g, llb_val at, int64_t count, int64_t step)
{
    qcg_row row = qcg_row_even(count, step);
    llb_val odd, first = llb_load(g, llb_float(g), at, 4);
    llb_if c;
    if (step != 4 || count < 2 * (int64_t)width(g))
        return qcg_row_fold(g, &row, at, first, larger, NULL);
    llb_val m = largest_lanes(g, at, count, &odd);
    llb_store(g, over_lanes(g, m, llb_fmax), g->ws, 4);
    odd = over_lanes(g, odd, either);
    llb_then(g, &c, LLVMBuildICmp(g->b, LLVMIntNE, odd, llb_i32s(g, 0, 1), ""));
    llb_store(g, qcg_row_fold(g, &row, at, first, larger, NULL), g->ws, 4);
    llb_else(g, &c);
    llb_endif(g, &c);
    return llb_load(g, llb_float(g), g->ws, 4);
}
