/* Elementwise ops with one operand: bounds, the fp32 programs of qir/fmath.def, integers, and tables
 * for 8-bit quantized values. */
#include <math.h>
#include "fmath_ir.h"
#include "kernels/elementwise.h"
#include "qir/eval.h"
#include "qir/qmath.h"
#include "qir/support/assert.h"

static llb_val bound_float(qcg *g, const llb_val *in)
{
    return qcg_bound_float(g, in[0]);
}

static llb_val bound_int(qcg *g, const llb_val *in)
{
    return qcg_bound_int(g, in[0]);
}

static llb_val bound_stored(qcg *g, const llb_val *in)
{
    return qcg_bound_stored(g, in[0]);
}

static llb_val program(qcg *g, const llb_val *in)
{
    return qcg_fm_unary(g, g->op, in[0]);
}

/* --- integers ----------------------------------------------------------------------------------- */

static llb_val negative(qcg *g, const llb_val *in)
{
    return LLVMBuildNeg(g->b, in[0], "");
}

static llb_val is_below(qcg *g, llb_val a, llb_val b)
{
    bool is_signed = qir_dtype_is_signed(qcg_result_type(g)->dtype);
    return LLVMBuildICmp(g->b, is_signed ? LLVMIntSLT : LLVMIntULT, a, b, "");
}

static llb_val magnitude(qcg *g, const llb_val *in)
{
    llb_val below = is_below(g, in[0], LLVMConstNull(LLVMTypeOf(in[0])));
    return LLVMBuildSelect(g->b, below, negative(g, in), in[0], "");
}

static llb_val sign(qcg *g, const llb_val *in)
{
    llb_type t = LLVMTypeOf(in[0]);
    llb_val zero = LLVMConstNull(t);
    llb_val above = LLVMBuildZExt(g->b, is_below(g, zero, in[0]), t, "");
    return LLVMBuildSelect(g->b, is_below(g, in[0], zero), LLVMConstAllOnes(t), above, "");
}

static llb_val complement(qcg *g, const llb_val *in)
{
    if (qcg_result_type(g)->dtype == QIR_i1)
        return LLVMBuildXor(g->b, in[0], llb_i32s(g, 1, llb_lanes(in[0])), "");
    return LLVMBuildNot(g->b, in[0], "");
}

/* --- f64: what needs no elementary function ------------------------------------------------------- */

static llb_val intrinsic_f64(qcg *g, const char *name, llb_val v)
{
    llb_type t = LLVMTypeOf(v);
    return llb_intrinsic(g, name, &t, 1, &v, 1);
}

/* The NaN is spelled out, as that of fp32. */
static llb_val sqrt_f64(qcg *g, const llb_val *in)
{
    llb_val zero = LLVMConstNull(LLVMTypeOf(in[0]));
    llb_val below = LLVMBuildFCmp(g->b, LLVMRealOLT, in[0], zero, "");
    llb_val root = intrinsic_f64(g, "llvm.sqrt", LLVMBuildSelect(g->b, below, zero, in[0], ""));
    llb_val nan = qcg_lane_const(g, QCG_F64, (double)NAN, llb_lanes(root));
    return LLVMBuildSelect(g->b, below, nan, root, "");
}

static llb_val neg_f64(qcg *g, const llb_val *in)
{
    return LLVMBuildFNeg(g->b, in[0], "");
}

static llb_val abs_f64(qcg *g, const llb_val *in)
{
    return intrinsic_f64(g, "llvm.fabs", in[0]);
}

static llb_val reciprocal_f64(qcg *g, const llb_val *in)
{
    return LLVMBuildFDiv(g->b, qcg_lane_const(g, QCG_F64, 1.0, llb_lanes(in[0])), in[0], "");
}

static const struct {
    qir_opcode opcode;
    qcg_element_fn f64, integer;
} rows[] = {
    {QIR_OP_relu, bound_float, bound_int}, {QIR_OP_clamp, bound_float, bound_int},
    {QIR_OP_neg, neg_f64, negative},       {QIR_OP_abs, abs_f64, magnitude},
    {QIR_OP_sqrt, sqrt_f64, NULL},         {QIR_OP_reciprocal, reciprocal_f64, NULL},
    {QIR_OP_sign, NULL, sign},             {QIR_OP_not, NULL, complement},
};

/* How the op computes on plain values of type `t`; NULL: it has no code for them. */
static qcg_element_fn plain_fn(const qir_op *op, qir_dtype t)
{
    bool bound = op->opcode == QIR_OP_relu || op->opcode == QIR_OP_clamp;
    if (qcg_lane_of(t) == QCG_F32)
        return bound ? bound_float : program;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opcode == op->opcode)
            return t == QIR_f64 ? rows[i].f64 : rows[i].integer;
    return NULL;
}

/* 8 bits to 8 bits. */
static bool lookup(qcg *g)
{
    qir_unary_f32 f32;
    qir_unary_f64 f64;
    float args[4];
    bool known = qir_unary_get(g->op, &f32, &f64, args);
    QIR_ASSERT(known, "op without scalar function");
    (void)known;
    int8_t table[QCG_TABLE];
    qir_lookup_table(qcg_operand_type(g, 0)->quant, qcg_result_type(g)->quant, f64, args, table);
    return qcg_elementwise_table(g, table);
}

bool qir_lower_unary(qcg *g)
{
    const qir_type *x = qcg_operand_type(g, 0), *y = qcg_result_type(g);
    qcg_element_fn fn = plain_fn(g->op, x->dtype);
    if (!x->quant && !y->quant && fn)
        return qcg_elementwise(g, qcg_compute_lane(g, x->dtype), fn);
    bool bound = g->op->opcode == QIR_OP_relu || g->op->opcode == QIR_OP_clamp;
    if (bound && x->quant && x == y && qir_opcode_computes_on(g->op->opcode, x))
        return qcg_elementwise(g, QCG_I32, bound_stored);
    if (!qcg_is_byte(x) || !qcg_is_byte(y))
        return qcg_unsupported(g, "f32, f16, bf16 or per-tensor 8-bit quantized values; f64 and "
                                  "integers where no elementary function is needed");
    return lookup(g);
}
