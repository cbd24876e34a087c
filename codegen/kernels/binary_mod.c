/* The exact remainder of two f32: long division in f64, 28 bits of the quotient at a time, where
 * every product and difference is exact. */
#include <math.h>
#include "kernels/binary.h"

enum { STEPS = 10, STEP_BITS = 28 }; /* quotients reach 2^277 */

static llb_val f64s(qcg *g, llb_val like, double v)
{
    return qcg_lane_const(g, QCG_F64, v, llb_lanes(like));
}

static llb_val less(qcg *g, llb_val a, llb_val b)
{
    return LLVMBuildFCmp(g->b, LLVMRealOLT, a, b, "");
}

/* a mod b of magnitudes, b > 0. */
static llb_val divide(qcg *g, llb_val a, llb_val b)
{
    llb_type i32s = llb_vec(llb_int(g, 32), llb_lanes(a));
    llb_val top = LLVMBuildFMul(g->b, b, f64s(g, a, ldexp(1.0, (STEPS - 1) * STEP_BITS)), "");
    llb_loop l;
    llb_begin(g, &l, 0, STEPS, 1);
    llb_val r = llb_carry(g, &l, a), by = llb_carry(g, &l, top);
    llb_val q = LLVMBuildFPToSI(g->b, LLVMBuildFDiv(g->b, r, by, ""), i32s, "");
    q = LLVMBuildSIToFP(g->b, q, LLVMTypeOf(a), "");
    llb_val next = LLVMBuildFSub(g->b, r, LLVMBuildFMul(g->b, q, by, ""), "");
    /* the quotient may have been rounded up to the next integer */
    next = LLVMBuildSelect(g->b, less(g, next, f64s(g, a, 0.0)),
                           LLVMBuildFAdd(g->b, next, by, ""), next, "");
    llb_next(&l, 0, next);
    llb_next(&l, 1, LLVMBuildFMul(g->b, by, f64s(g, a, ldexp(1.0, -STEP_BITS)), ""));
    llb_end(g, &l);
    return l.value[0];
}

static llb_val bits(qcg *g, llb_val v, int32_t mask)
{
    llb_type i32s = llb_vec(llb_int(g, 32), llb_lanes(v));
    return LLVMBuildAnd(g->b, LLVMBuildBitCast(g->b, v, i32s, ""), llb_i32s(g, mask, llb_lanes(v)), "");
}

static llb_val magnitude(qcg *g, llb_val v)
{
    return LLVMBuildBitCast(g->b, bits(g, v, 0x7fffffff), LLVMTypeOf(v), "");
}

/* The remainder with the sign of a; no number where there is none. */
static llb_val truncated(qcg *g, llb_val a, llb_val b)
{
    unsigned n = llb_lanes(a);
    llb_type f32s = LLVMTypeOf(a), f64 = qcg_lane_type(g, QCG_F64, n);
    llb_val inf = llb_f32s(g, INFINITY, n), zero = llb_f32s(g, 0.0f, n);
    llb_val pa = magnitude(g, a), pb = magnitude(g, b);
    llb_val a_ok = less(g, pa, inf), b_inf = LLVMBuildFCmp(g->b, LLVMRealOEQ, pb, inf, "");
    llb_val b_ok = LLVMBuildAnd(g->b, less(g, zero, pb), less(g, pb, inf), "");
    llb_val da = LLVMBuildFPExt(g->b, LLVMBuildSelect(g->b, a_ok, pa, zero, ""), f64, "");
    llb_val db = LLVMBuildFPExt(
        g->b, LLVMBuildSelect(g->b, b_ok, pb, llb_f32s(g, 1.0f, n), ""), f64, "");
    llb_val r = LLVMBuildFPTrunc(g->b, divide(g, da, db), f32s, "");
    r = LLVMBuildSelect(g->b, b_inf, pa, r, "");
    r = LLVMBuildOr(g->b, bits(g, r, 0x7fffffff), bits(g, a, INT32_MIN), "");
    llb_val exists = LLVMBuildAnd(g->b, a_ok, LLVMBuildOr(g->b, b_ok, b_inf, ""), "");
    return LLVMBuildSelect(g->b, exists, LLVMBuildBitCast(g->b, r, f32s, ""), llb_f32s(g, NAN, n), "");
}

llb_val qcg_float_mod(qcg *g, const llb_val *in)
{
    llb_val r = truncated(g, in[0], in[1]), zero = llb_f32s(g, 0.0f, llb_lanes(in[0]));
    if (qir_op_bool(g->op, "truncated"))
        return r;
    llb_val sides = LLVMBuildXor(g->b, less(g, r, zero), less(g, in[1], zero), "");
    llb_val moves = LLVMBuildAnd(g->b, sides, LLVMBuildFCmp(g->b, LLVMRealONE, r, zero, ""), "");
    return LLVMBuildSelect(g->b, moves, LLVMBuildFAdd(g->b, r, in[1], ""), r, "");
}
