/* B' and A' in additions and shifts, and the table of what there is. */
#include "kernels/winograd_transforms.h"

llb_val qcg_twice(qcg *g, llb_val v)
{
    return llb_add(g, v, v);
}

llb_val qcg_four_times(qcg *g, llb_val v)
{
    bool words = LLVMGetIntTypeWidth(LLVMGetElementType(LLVMTypeOf(v))) == 32;
    return LLVMBuildShl(g->b, v, (words ? llb_i32s : llb_i16s)(g, 2, llb_lanes(v)), "");
}

/* B' of the points 0, 1, -1, infinity. */
static void operands2(qcg *g, const llb_val *d, llb_val *v)
{
    v[0] = llb_sub(g, d[0], d[2]);
    v[1] = llb_add(g, d[1], d[2]);
    v[2] = llb_sub(g, d[2], d[1]);
    v[3] = llb_sub(g, d[1], d[3]);
}

/* B' of the points 0, 1, -1, 2, -2, infinity; rows 1 and 2 with their signs changed. */
static void operands4(qcg *g, const llb_val *d, llb_val *v)
{
    llb_val a = llb_sub(g, d[4], d[2]), b = qcg_twice(g, llb_sub(g, d[3], d[1]));
    v[0] = llb_add(g, qcg_four_times(g, llb_sub(g, d[0], d[2])), a);
    v[1] = llb_sub(g, qcg_four_times(g, llb_add(g, d[1], d[2])), llb_add(g, d[3], d[4]));
    v[2] = llb_sub(g, qcg_four_times(g, llb_sub(g, d[2], d[1])), llb_sub(g, d[4], d[3]));
    v[3] = llb_add(g, a, b);
    v[4] = llb_sub(g, a, b);
    v[5] = llb_sub(g, llb_sub(g, d[5], d[3]), qcg_twice(g, b));
}

/* A': both results twice. */
static void results2(qcg *g, const llb_val *m, llb_val *y)
{
    y[0] = llb_add(g, llb_add(g, m[0], m[1]), m[2]);
    y[1] = llb_sub(g, llb_sub(g, m[1], m[2]), m[3]);
}

/* A': results 24, 12, 6 and 6 times. */
static void results4(qcg *g, const llb_val *m, llb_val *y)
{
    llb_val a = llb_add(g, m[1], m[2]), b = llb_sub(g, m[1], m[2]);
    llb_val c = llb_add(g, m[3], m[4]), d = llb_sub(g, m[3], m[4]);
    y[0] = llb_add(g, llb_add(g, m[0], c), qcg_four_times(g, a));
    y[1] = llb_add(g, qcg_twice(g, b), d);
    y[2] = llb_add(g, a, c);
    y[3] = llb_add(g, llb_add(g, b, qcg_twice(g, d)), m[5]);
}

const qcg_transforms *qcg_transforms_of(const qir_winograd *form)
{
    static const qcg_transforms two = {.weights = {{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}},
                                   .operands = operands2,
                                   .results = results2,
                                   .twos = {1, 1},
                                   .every = 2,
                                   .inverse = 1};
    static const qcg_transforms four = {
        .weights = {{6, 0, 0}, {1, 1, 1}, {1, -1, 1}, {1, 2, 4}, {1, -2, 4}, {0, 0, 6}},
        .operands = operands4,
        .results = results4,
        .twos = {3, 2, 1, 1},
        .every = 6,
        .inverse = 0x38e38e39};
    return form->tile == 2 ? &two : &four;
}

unsigned qcg_winograd_side(const qir_winograd *form)
{
    return (unsigned)form->tile + QCG_TAPS - 1;
}
