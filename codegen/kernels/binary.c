/* Elementwise arithmetic with two operands, one row per op. */
#include "fmath_ir.h"
#include "kernels/arith.h"
#include "kernels/binary.h"

/* b if it wins or is NaN, else a. */
static llb_val extreme(qcg *g, const llb_val *in, bool largest)
{
    llb_val wins = qcg_beats(g, largest, QIR_f32, in[1], in[0]);
    return LLVMBuildSelect(g->b, wins, in[1], in[0], "");
}

static llb_val prelu(qcg *g, const llb_val *in)
{
    llb_val negative = LLVMBuildFCmp(g->b, LLVMRealOLT, in[0], LLVMConstNull(LLVMTypeOf(in[0])), "");
    return LLVMBuildSelect(g->b, negative, LLVMBuildFMul(g->b, in[1], in[0], ""), in[0], "");
}

#define FLOAT(name, expr)                                                                          \
    static llb_val name##_float(qcg *g, const llb_val *in)                                         \
    {                                                                                              \
        return qcg_bound_float(g, expr);                                                           \
    }
FLOAT(add, LLVMBuildFAdd(g->b, in[0], in[1], ""))
FLOAT(sub, LLVMBuildFSub(g->b, in[0], in[1], ""))
FLOAT(mul, LLVMBuildFMul(g->b, in[0], in[1], ""))
FLOAT(div, LLVMBuildFDiv(g->b, in[0], in[1], ""))
FLOAT(pow, qcg_fm_pow(g, in[0], in[1]))
FLOAT(maximum, extreme(g, in, true))
FLOAT(minimum, extreme(g, in, false))
FLOAT(prelu, prelu(g, in))

#define INTEGER(name, expr)                                                                        \
    static llb_val name##_int(qcg *g, const llb_val *in)                                           \
    {                                                                                              \
        return qcg_bound_int(g, expr);                                                             \
    }
INTEGER(add, LLVMBuildAdd(g->b, in[0], in[1], ""))
INTEGER(sub, LLVMBuildSub(g->b, in[0], in[1], ""))
INTEGER(mul, LLVMBuildMul(g->b, in[0], in[1], ""))
INTEGER(div, qcg_int_div(g, in))
INTEGER(pow, qcg_int_pow(g, in))
INTEGER(maximum, qcg_int_larger(g, in))
INTEGER(minimum, qcg_int_smaller(g, in))
INTEGER(and, LLVMBuildAnd(g->b, in[0], in[1], ""))
INTEGER(or, LLVMBuildOr(g->b, in[0], in[1], ""))
INTEGER(xor, LLVMBuildXor(g->b, in[0], in[1], ""))

/* f64 is left out where an elementary function or long division would be needed. */
static const struct {
    qir_opcode opcode;
    qcg_element_fn f32, f64, integer;
} rows[] = {
    {QIR_OP_add, add_float, add_float, add_int},
    {QIR_OP_sub, sub_float, sub_float, sub_int},
    {QIR_OP_mul, mul_float, mul_float, mul_int},
    {QIR_OP_div, div_float, div_float, div_int},
    {QIR_OP_pow, pow_float, NULL, pow_int},
    {QIR_OP_maximum, maximum_float, maximum_float, maximum_int},
    {QIR_OP_minimum, minimum_float, minimum_float, minimum_int},
    {QIR_OP_prelu, prelu_float, prelu_float, NULL},
    {QIR_OP_mod, qcg_float_mod, NULL, qcg_int_mod},
    {QIR_OP_and, NULL, NULL, and_int},
    {QIR_OP_or, NULL, NULL, or_int},
    {QIR_OP_xor, NULL, NULL, xor_int},
    {QIR_OP_shift_left, NULL, NULL, qcg_int_shift_left},
    {QIR_OP_shift_right, NULL, NULL, qcg_int_shift_right},
};

static qcg_element_fn plain_fn(const qir_op *op, qcg_lane lane)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opcode == op->opcode)
            return lane == QCG_F32 ? rows[i].f32 : lane == QCG_F64 ? rows[i].f64 : rows[i].integer;
    return NULL;
}

bool qir_lower_binary(qcg *g)
{
    const qir_type *a = qcg_operand_type(g, 0), *b = qcg_operand_type(g, 1), *y = qcg_result_type(g);
    qcg_element_fn fn = plain_fn(g->op, qcg_lane_of(a->dtype));
    if (!a->quant && !b->quant && !y->quant && fn)
        return qcg_elementwise(g, qcg_compute_lane(g, a->dtype), fn);
    return qcg_binary_quantized(g);
}
