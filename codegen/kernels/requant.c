/* FP32-RNE requantization of single vectors: see requant.h. */
#include "kernels/requant.h"

#include "machine.h"

llb_val qcg_to_float(qcg *g, llb_val v)
{
    return LLVMBuildSIToFP(g->b, v, llb_vec(llb_float(g), llb_lanes(v)), "");
}

llb_val qcg_round_to_storage(qcg *g, llb_val v, int32_t lo, int32_t hi, int32_t zp)
{
    v = g->machine->rne(g, llb_clamp_f32(g, v, (float)(lo - zp), (float)(hi - zp)));
    return zp ? llb_add(g, v, llb_i32s(g, zp, llb_lanes(v))) : v;
}

llb_val qcg_requantize(qcg *g, llb_val acc, llb_val multiplier, int32_t lo, int32_t hi)
{
    llb_val v = LLVMBuildFMul(g->b, qcg_to_float(g, acc), multiplier, "");
    return qcg_round_to_storage(g, v, lo, hi, g->op->results[0].type->quant->zero_point[0]);
}
