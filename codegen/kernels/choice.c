/* Comparisons, where, cast. */
#include "kernels/elementwise.h"

/* --- comparisons -------------------------------------------------------------------------------- */

/* Quantized operands have equal parameters, so that what is stored decides. */
static llb_val compare(qcg *g, const llb_val *in)
{
    static const struct {
        qir_opcode opcode;
        LLVMRealPredicate real;
        LLVMIntPredicate is_signed, is_unsigned;
    } rows[] = {
        {QIR_OP_equal, LLVMRealOEQ, LLVMIntEQ, LLVMIntEQ},
        {QIR_OP_less, LLVMRealOLT, LLVMIntSLT, LLVMIntULT},
        {QIR_OP_less_equal, LLVMRealOLE, LLVMIntSLE, LLVMIntULE},
    };
    unsigned r = 0;
    while (rows[r].opcode != g->op->opcode)
        r++;
    qir_dtype t = qcg_operand_type(g, 0)->dtype;
    LLVMIntPredicate p = qir_dtype_is_signed(t) ? rows[r].is_signed : rows[r].is_unsigned;
    llb_val v = qir_dtype_is_float(t) ? LLVMBuildFCmp(g->b, rows[r].real, in[0], in[1], "")
                                      : LLVMBuildICmp(g->b, p, in[0], in[1], "");
    return LLVMBuildZExt(g->b, v, qcg_lane_type(g, QCG_I32, llb_lanes(v)), "");
}

bool qir_lower_compare(qcg *g)
{
    return qcg_elementwise(g, qcg_lane_of(qcg_operand_type(g, 0)->dtype), compare);
}

/* --- where -------------------------------------------------------------------------------------- */

/* Elements move as bits, whatever their type. */
static void where_body(qcg *g, void *ctx, const llb_val *ptr, const bool *splat, unsigned n)
{
    llb_val in[3];
    (void)ctx;
    for (unsigned i = 0; i < 3; i++) {
        unsigned bytes = (unsigned)qir_dtype_bytes(qcg_operand_type(g, i)->dtype);
        llb_type t = llb_vec(llb_int(g, 8 * bytes), splat[i + 1] ? 1 : n);
        in[i] = llb_load(g, t, ptr[i + 1], bytes);
        if (splat[i + 1])
            in[i] = llb_splat(g, in[i], n);
    }
    llb_val cond = LLVMBuildICmp(g->b, LLVMIntNE, in[0], LLVMConstNull(LLVMTypeOf(in[0])), "");
    llb_store(g, LLVMBuildSelect(g->b, cond, in[1], in[2], ""), ptr[0],
              (unsigned)qir_dtype_bytes(qcg_result_type(g)->dtype));
}

bool qir_lower_where(qcg *g)
{
    qcg_nest n;
    qcg_nest_elementwise(g, &n, 3);
    qcg_nest_run(g, &n, QCG_ELEMENTWISE_WIDTH, where_body, NULL);
    return true;
}

/* --- cast --------------------------------------------------------------------------------------- */

static llb_val convert(qcg *g, const llb_val *in)
{
    qir_dtype from = qcg_operand_type(g, 0)->dtype, to = qcg_result_type(g)->dtype;
    if (qir_dtype_is_float(from) && !qir_dtype_is_float(to))
        return qcg_float_to_int(g, in[0], to);
    return qir_dtype_is_float(to) ? qcg_to_lane(g, from, in[0], qcg_lane_of(to))
                                  : qcg_to_lane(g, from, in[0], QCG_I64);
}

bool qir_lower_cast(qcg *g)
{
    return qcg_elementwise(g, qcg_lane_of(qcg_operand_type(g, 0)->dtype), convert);
}
