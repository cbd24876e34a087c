/* FP32-RNE requantization of single vectors: see requant.h. */
#include "kernels/requant.h"

#include "fmath_ir.h"
#include "kernels/element.h"
#include "machine.h"
#include "qir/support/bug.h"

llb_val qcg_to_float(qcg *g, llb_val v)
{
    return LLVMBuildSIToFP(g->b, v, llb_vec(llb_float(g), llb_lanes(v)), "");
}

/* Ranges beyond the integers that floats hold: rounded first, then added and bounded as integers, which
 * saturate. */
static bool is_wide(int32_t lo, int32_t hi)
{
    return (int64_t)hi - lo >= 1 << 22;
}

static llb_val round_wide(qcg *g, llb_val v, int32_t lo, int32_t hi, llb_val zp)
{
    llb_val args[] = {qcg_float_to_int(g, qcg_fm_round(g, v), QIR_i32), zp};
    llb_type t = LLVMTypeOf(zp);
    return llb_clamp_i32(g, llb_intrinsic(g, "llvm.sadd.sat", &t, 1, args, 2), lo, hi);
}

llb_val qcg_round_to_storage(qcg *g, llb_val v, int32_t lo, int32_t hi, int32_t zp)
{
    if (is_wide(lo, hi))
        return round_wide(g, v, lo, hi, llb_i32s(g, zp, llb_lanes(v)));
    if (!QIR_BUG(9))
        v = llb_clamp_f32(g, v, (float)(lo - zp), (float)(hi - zp));
    v = g->machine->rne(g, v);
    return zp ? llb_add(g, v, llb_i32s(g, zp, llb_lanes(v))) : v;
}

llb_val qcg_quantize(qcg *g, llb_val x, const qir_quant *q)
{
    unsigned n = llb_lanes(x);
    llb_val v = LLVMBuildFMul(g->b, x, llb_f32s(g, 1.0f / q->scale[0], n), "");
    llb_val real = LLVMBuildFCmp(g->b, LLVMRealORD, v, v, "");
    v = LLVMBuildSelect(g->b, real, v, llb_f32s(g, 0.0f, n), "");
    return qcg_round_to_storage(g, v, q->qmin, q->qmax, q->zero_point[0]);
}

llb_val qcg_round_around(qcg *g, llb_val v, int32_t lo, int32_t hi, llb_val zp)
{
    unsigned n = llb_lanes(v);
    if (is_wide(lo, hi))
        return round_wide(g, v, lo, hi, zp);
    llb_val least = qcg_to_float(g, LLVMBuildSub(g->b, llb_i32s(g, lo, n), zp, ""));
    llb_val most = qcg_to_float(g, LLVMBuildSub(g->b, llb_i32s(g, hi, n), zp, ""));
    return llb_add(g, g->machine->rne(g, llb_fmin(g, most, llb_fmax(g, least, v))), zp);
}

llb_val qcg_bound_bytes(qcg *g, llb_val bytes, bool is_unsigned, int32_t lo, int32_t hi)
{
    unsigned lanes = llb_lanes(bytes);
    if (lo > (is_unsigned ? 0 : INT8_MIN))
        bytes = (is_unsigned ? llb_umax : llb_smax)(g, bytes, llb_i8s(g, lo, lanes));
    if (hi < (is_unsigned ? UINT8_MAX : INT8_MAX))
        bytes = (is_unsigned ? llb_umin : llb_smin)(g, bytes, llb_i8s(g, hi, lanes));
    return bytes;
}

llb_val qcg_requantize(qcg *g, llb_val acc, llb_val multiplier, int32_t lo, int32_t hi)
{
    llb_val v = LLVMBuildFMul(g->b, qcg_to_float(g, acc), multiplier, "");
    return qcg_round_to_storage(g, v, lo, hi, g->op->results[0].type->quant->zero_point[0]);
}

/* --- fixed point ------------------------------------------------------------------------------ */

/* The upper half of the product, nearest, halves up in magnitude. */
static llb_val high_half(qcg *g, llb_val a, llb_val b)
{
    unsigned n = llb_lanes(a);
    llb_type wide = llb_vec(llb_int(g, 64), n);
    llb_val p = LLVMBuildMul(g->b, LLVMBuildSExt(g->b, a, wide, ""), LLVMBuildSExt(g->b, b, wide, ""), "");
    llb_val negative = LLVMBuildICmp(g->b, LLVMIntSLT, p, llb_splat(g, llb_i64(g, 0), n), "");
    llb_val nudge = LLVMBuildSelect(g->b, negative, llb_splat(g, llb_i64(g, 1 - (1 << 30)), n),
                                    llb_splat(g, llb_i64(g, 1 << 30), n), "");
    p = LLVMBuildSDiv(g->b, llb_add(g, p, nudge), llb_splat(g, llb_i64(g, (int64_t)1 << 31), n), "");
    return LLVMBuildTrunc(g->b, p, llb_vec(llb_int(g, 32), n), "");
}

/* By a power of two, nearest, halves away from 0. */
static llb_val shift_right(qcg *g, llb_val v, llb_val by)
{
    unsigned n = llb_lanes(v);
    llb_type i32s = llb_vec(llb_int(g, 32), n);
    llb_val one = llb_i32s(g, 1, n), zero = llb_i32s(g, 0, n);
    llb_val mask = LLVMBuildSub(g->b, LLVMBuildShl(g->b, one, by, ""), one, "");
    llb_val negative = LLVMBuildICmp(g->b, LLVMIntSLT, v, zero, "");
    llb_val threshold =
        llb_add(g, LLVMBuildAShr(g->b, mask, one, ""), LLVMBuildZExt(g->b, negative, i32s, ""));
    llb_val up = LLVMBuildICmp(g->b, LLVMIntSGT, LLVMBuildAnd(g->b, v, mask, ""), threshold, "");
    return llb_add(g, LLVMBuildAShr(g->b, v, by, ""), LLVMBuildZExt(g->b, up, i32s, ""));
}

/* (acc * fraction + half) >> t with t = 31 - exponent */
static llb_val scale_once(qcg *g, llb_val acc, llb_val fraction, llb_val exponent)
{
    unsigned n = llb_lanes(acc);
    llb_type wide = llb_vec(llb_int(g, 64), n);
    llb_val one = llb_splat(g, llb_i64(g, 1), n);
    llb_val t = LLVMBuildSExt(g->b, LLVMBuildSub(g->b, llb_i32s(g, 31, n), exponent, ""), wide, "");
    llb_val half = LLVMBuildShl(g->b, one, LLVMBuildSub(g->b, t, one, ""), "");
    llb_val p = LLVMBuildMul(g->b, LLVMBuildSExt(g->b, acc, wide, ""),
                             LLVMBuildSExt(g->b, fraction, wide, ""), "");
    return LLVMBuildTrunc(g->b, LLVMBuildAShr(g->b, llb_add(g, p, half), t, ""),
                          llb_vec(llb_int(g, 32), n), "");
}

llb_val qcg_scale_fixed(qcg *g, llb_val acc, llb_val fraction, llb_val exponent, bool once)
{
    if (once)
        return scale_once(g, acc, fraction, exponent);
    llb_val zero = llb_i32s(g, 0, llb_lanes(acc));
    llb_val left = llb_smax(g, exponent, zero);
    llb_val right = llb_smax(g, LLVMBuildNeg(g->b, exponent, ""), zero);
    return shift_right(g, high_half(g, LLVMBuildShl(g->b, acc, left, ""), fraction), right);
}

llb_val qcg_apply_factor(qcg *g, llb_val acc, const qir_factor *f, int32_t lo, int32_t hi)
{
    unsigned n = llb_lanes(acc);
    if (!f->fixed)
        return qcg_requantize(g, acc, llb_f32s(g, f->real, n), lo, hi);
    int32_t zp = g->op->results[0].type->quant->zero_point[0];
    llb_val v = qcg_scale_fixed(g, acc, llb_i32s(g, f->fraction, n), llb_i32s(g, f->exponent, n),
                                f->once);
    return llb_add(g, llb_clamp_i32(g, v, lo - zp, hi - zp), llb_i32s(g, zp, n));
}
