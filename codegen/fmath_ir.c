/* The fp32 programs of qir/fmath.def as LLVM IR: the evaluator reads the same text one float at a
 * time, so both give the same bits. */
#include "fmath_ir.h"

#include <math.h>
#include "qir/eval.h"
#include "qir/support/assert.h"

static llb_type ints_like(qcg *g, llb_val v)
{
    return llb_vec(llb_int(g, 32), llb_lanes(v));
}

static llb_type floats_like(qcg *g, llb_val v)
{
    return llb_vec(llb_float(g), llb_lanes(v));
}

static llb_val magnitude(qcg *g, llb_val v)
{
    llb_val bits = LLVMBuildBitCast(g->b, v, ints_like(g, v), "");
    bits = LLVMBuildAnd(g->b, bits, llb_i32s(g, 0x7fffffff, llb_lanes(v)), "");
    return LLVMBuildBitCast(g->b, bits, LLVMTypeOf(v), "");
}

static llb_val square_root(qcg *g, llb_val v)
{
    llb_type t = LLVMTypeOf(v);
    return llb_intrinsic(g, "llvm.sqrt", &t, 1, &v, 1);
}

/* Adding and subtracting 1.5 * 2^23 leaves the nearest integer. */
static llb_val nearest(qcg *g, llb_val v)
{
    llb_val magic = llb_f32s(g, 12582912.0f, llb_lanes(v));
    return LLVMBuildFSub(g->b, LLVMBuildFAdd(g->b, v, magic, ""), magic, "");
}

#define BUILDER (g->b) /* not spelled out: a and b are parameters below */
#define V llb_val
#define VI llb_val
#define F(c) llb_f32s(g, (c), llb_lanes(x))
#define I(c) llb_i32s(g, (c), llb_lanes(x))
#define ADD(a, b) LLVMBuildFAdd(BUILDER, a, b, "")
#define SUB(a, b) LLVMBuildFSub(BUILDER, a, b, "")
#define MUL(a, b) LLVMBuildFMul(BUILDER, a, b, "")
#define DIV(a, b) LLVMBuildFDiv(BUILDER, a, b, "")
#define NEG(a) LLVMBuildFNeg(BUILDER, a, "")
#define ABS(a) magnitude(g, a)
#define SQRT(a) square_root(g, a)
#define MIN(a, b) llb_fmin(g, a, b)
#define MAX(a, b) llb_fmax(g, a, b)
#define LT(a, b) LLVMBuildFCmp(BUILDER, LLVMRealOLT, a, b, "")
#define GT(a, b) LLVMBuildFCmp(BUILDER, LLVMRealOGT, a, b, "")
#define EQ(a, b) LLVMBuildFCmp(BUILDER, LLVMRealOEQ, a, b, "")
#define SEL(mask, a, b) LLVMBuildSelect(BUILDER, mask, a, b, "")
#define RNE(a) nearest(g, a)
#define TOINT(a) LLVMBuildFPToSI(BUILDER, a, ints_like(g, x), "")
#define TOFLOAT(i) LLVMBuildSIToFP(BUILDER, i, floats_like(g, x), "")
#define IADD(a, b) LLVMBuildAdd(BUILDER, a, b, "")
#define ISUB(a, b) LLVMBuildSub(BUILDER, a, b, "")
#define IAND(a, b) LLVMBuildAnd(BUILDER, a, b, "")
#define IOR(a, b) LLVMBuildOr(BUILDER, a, b, "")
#define SHL(a, n) LLVMBuildShl(BUILDER, a, I(n), "")
#define SHR(a, n) LLVMBuildAShr(BUILDER, a, I(n), "")
#define BITS(a) LLVMBuildBitCast(BUILDER, a, ints_like(g, x), "")
#define FROMBITS(i) LLVMBuildBitCast(BUILDER, i, floats_like(g, x), "")
#define CALL(name, a) emit_##name(g, NULL, a)
#define FM_ARG(i) F(args[i])
#define FM_BEGIN(name, x)                                                                          \
    static llb_val emit_##name(qcg *g, const float *args, llb_val x)                               \
    {                                                                                              \
        (void)args;
#define FM_BEGIN2(name, x, y)                                                                      \
    static llb_val emit_##name(qcg *g, llb_val x, llb_val y)                                       \
    {
#define FM_END(name, result)                                                                       \
    return result;                                                                                 \
    }
#include "qir/fmath.def"

llb_val qcg_fm_exp(qcg *g, llb_val x)
{
    return emit_exp(g, NULL, x);
}

llb_val qcg_fm_log(qcg *g, llb_val x)
{
    return emit_log(g, NULL, x);
}

llb_val qcg_fm_sigmoid(qcg *g, llb_val x)
{
    return emit_sigmoid(g, NULL, x);
}

llb_val qcg_fm_tanh(qcg *g, llb_val x)
{
    return emit_tanh(g, NULL, x);
}

llb_val qcg_fm_floor(qcg *g, llb_val x)
{
    return emit_floor(g, NULL, x);
}

llb_val qcg_fm_round(qcg *g, llb_val x)
{
    return emit_round(g, NULL, x);
}

llb_val qcg_fm_pow(qcg *g, llb_val x, llb_val y)
{
    return emit_pow(g, x, y);
}

typedef llb_val (*program)(qcg *g, const float *args, llb_val x);

llb_val qcg_fm_unary(qcg *g, const qir_op *op, llb_val x)
{
    static const struct {
        qir_opcode opcode;
        program emit;
    } programs[] = {
#define U(name, expr, ...) {QIR_OP_##name, emit_##name},
#include "unary.def"
    };
    qir_unary_f32 f32;
    qir_unary_f64 f64;
    float args[4];
    bool known = qir_unary_get(op, &f32, &f64, args);
    QIR_ASSERT(known, "op without scalar function");
    (void)known;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (programs[i].opcode == op->opcode)
            return programs[i].emit(g, args, x);
    QIR_UNREACHABLE("unary op without program");
}
