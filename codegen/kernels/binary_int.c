/* Integer arithmetic that is defined for all operands: quotients by zero are 0, the one that does not
 * fit wraps, shifts by the width and more leave nothing but the sign. */
#include "kernels/binary.h"

static bool is_signed(const qcg *g)
{
    return qir_dtype_is_signed(qcg_operand_type(g, 0)->dtype);
}

static llb_val number(llb_val like, long long v)
{
    llb_type t = LLVMTypeOf(like);
    if (LLVMGetTypeKind(t) != LLVMVectorTypeKind)
        return LLVMConstInt(t, (unsigned long long)v, 1);
    llb_val all[QCG_ELEMENTWISE_WIDTH];
    unsigned n = LLVMGetVectorSize(t);
    for (unsigned i = 0; i < n; i++)
        all[i] = LLVMConstInt(LLVMGetElementType(t), (unsigned long long)v, 1);
    return LLVMConstVector(all, n);
}

static llb_val equals(qcg *g, llb_val a, long long v)
{
    return LLVMBuildICmp(g->b, LLVMIntEQ, a, number(a, v), "");
}

static llb_val choose(qcg *g, llb_val cond, llb_val a, llb_val b)
{
    return LLVMBuildSelect(g->b, cond, a, b, "");
}

/* A divisor without the values that trap: 1 in place of 0 and -1. */
static llb_val safe_divisor(qcg *g, llb_val b)
{
    llb_val bad = equals(g, b, 0);
    if (is_signed(g))
        bad = LLVMBuildOr(g->b, bad, equals(g, b, -1), "");
    return choose(g, bad, number(b, 1), b);
}

llb_val qcg_int_div(qcg *g, const llb_val *in)
{
    llb_val by = safe_divisor(g, in[1]), zero = number(in[0], 0), q;
    if (is_signed(g)) {
        q = LLVMBuildSDiv(g->b, in[0], by, "");
        q = choose(g, equals(g, in[1], -1), LLVMBuildNeg(g->b, in[0], ""), q);
    } else {
        q = LLVMBuildUDiv(g->b, in[0], by, "");
    }
    return choose(g, equals(g, in[1], 0), zero, q);
}

/* Divided by 1 in place of 0 and -1 nothing remains, as it should. */
llb_val qcg_int_mod(qcg *g, const llb_val *in)
{
    llb_val by = safe_divisor(g, in[1]), zero = number(in[0], 0);
    if (!is_signed(g))
        return LLVMBuildURem(g->b, in[0], by, "");
    llb_val r = LLVMBuildSRem(g->b, in[0], by, "");
    if (qir_op_bool(g->op, "truncated"))
        return r;
    llb_val sides = LLVMBuildICmp(g->b, LLVMIntSLT, LLVMBuildXor(g->b, r, by, ""), zero, "");
    llb_val moves = LLVMBuildAnd(g->b, sides, LLVMBuildNot(g->b, equals(g, r, 0), ""), "");
    return choose(g, moves, llb_add(g, r, by), r);
}

/* a^b for b from 0 on, by squaring. */
static llb_val power(qcg *g, llb_val a, llb_val b)
{
    bool wide = qcg_compute_lane(g, qcg_result_type(g)->dtype) == QCG_I64;
    llb_val one = number(a, 1);
    llb_loop l;
    llb_begin(g, &l, 0, wide ? 64 : 32, 1);
    llb_val r = llb_carry(g, &l, one), x = llb_carry(g, &l, a), rest = llb_carry(g, &l, b);
    llb_val odd = equals(g, LLVMBuildAnd(g->b, rest, one, ""), 1);
    llb_next(&l, 0, choose(g, odd, LLVMBuildMul(g->b, r, x, ""), r));
    llb_next(&l, 1, LLVMBuildMul(g->b, x, x, ""));
    llb_next(&l, 2, LLVMBuildLShr(g->b, rest, one, ""));
    llb_end(g, &l);
    return l.value[0];
}

llb_val qcg_int_pow(qcg *g, const llb_val *in)
{
    llb_val a = in[0], b = in[1], one = number(a, 1), zero = number(a, 0);
    llb_val r = power(g, a, b);
    if (!is_signed(g))
        return r;
    /* negative exponents truncate 1 / a^|b| */
    llb_val odd = equals(g, LLVMBuildAnd(g->b, b, one, ""), 1);
    llb_val inverse = choose(g, equals(g, a, -1), choose(g, odd, number(a, -1), one), zero);
    inverse = choose(g, equals(g, a, 1), one, inverse);
    return choose(g, LLVMBuildICmp(g->b, LLVMIntSLT, b, zero, ""), inverse, r);
}

/* Is the shift below the width of the lanes? */
static llb_val within(qcg *g, llb_val by)
{
    llb_type t = LLVMTypeOf(by);
    unsigned bits = LLVMGetIntTypeWidth(llb_lanes(by) > 1 ? LLVMGetElementType(t) : t);
    return LLVMBuildICmp(g->b, LLVMIntULT, by, number(by, bits), "");
}

llb_val qcg_int_shift_left(qcg *g, const llb_val *in)
{
    llb_val ok = within(g, in[1]), zero = number(in[0], 0);
    return choose(g, ok, LLVMBuildShl(g->b, in[0], choose(g, ok, in[1], zero), ""), zero);
}

llb_val qcg_int_shift_right(qcg *g, const llb_val *in)
{
    llb_val ok = within(g, in[1]), zero = number(in[0], 0);
    llb_val by = choose(g, ok, in[1], zero);
    if (!is_signed(g))
        return choose(g, ok, LLVMBuildLShr(g->b, in[0], by, ""), zero);
    llb_val sign = choose(g, LLVMBuildICmp(g->b, LLVMIntSLT, in[0], zero, ""), number(zero, -1), zero);
    return choose(g, ok, LLVMBuildAShr(g->b, in[0], by, ""), sign);
}

llb_val qcg_int_larger(qcg *g, const llb_val *in)
{
    LLVMIntPredicate wins = is_signed(g) ? LLVMIntSGT : LLVMIntUGT;
    return choose(g, LLVMBuildICmp(g->b, wins, in[0], in[1], ""), in[0], in[1]);
}

llb_val qcg_int_smaller(qcg *g, const llb_val *in)
{
    LLVMIntPredicate wins = is_signed(g) ? LLVMIntSLT : LLVMIntULT;
    return choose(g, LLVMBuildICmp(g->b, wins, in[0], in[1], ""), in[0], in[1]);
}
