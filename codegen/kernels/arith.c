/* Arithmetic on lanes of every element type: see arith.h. */
#include "kernels/arith.h"

#include <math.h>

llb_val qcg_beats(qcg *g, bool largest, qir_dtype t, llb_val x, llb_val than)
{
    if (qir_dtype_is_float(t))
        return LLVMBuildOr(
            g->b, LLVMBuildFCmp(g->b, largest ? LLVMRealOGT : LLVMRealOLT, x, than, ""),
            LLVMBuildFCmp(g->b, LLVMRealUNO, x, x, ""), "");
    if (qir_dtype_is_signed(t))
        return LLVMBuildICmp(g->b, largest ? LLVMIntSGT : LLVMIntSLT, x, than, "");
    return LLVMBuildICmp(g->b, largest ? LLVMIntUGT : LLVMIntULT, x, than, "");
}

llb_val qcg_reals(qcg *g, qir_dtype t, double v, unsigned n)
{
    if (t != QIR_f64)
        return llb_f32s(g, (float)v, n);
    return llb_splat(g, LLVMConstReal(LLVMDoubleTypeInContext(g->llvm), v), n);
}

llb_val qcg_fold_lanes(qcg *g, qcg_fold f, qir_dtype t, llb_val a, llb_val b)
{
    bool real = qir_dtype_is_float(t);
    if (f == QCG_SUM)
        return real ? LLVMBuildFAdd(g->b, a, b, "") : LLVMBuildAdd(g->b, a, b, "");
    if (f == QCG_PRODUCT)
        return real ? LLVMBuildFMul(g->b, a, b, "") : LLVMBuildMul(g->b, a, b, "");
    return LLVMBuildSelect(g->b, qcg_beats(g, f == QCG_LARGEST, t, b, a), b, a, "");
}

llb_val qcg_fold_start(qcg *g, qcg_fold f, const qir_type *t, unsigned n)
{
    double real = f == QCG_SUM ? 0.0 : f == QCG_PRODUCT ? 1.0 : f == QCG_LARGEST ? -INFINITY : INFINITY;
    if (qir_dtype_is_float(t->dtype))
        return qcg_reals(g, t->dtype, real, n);
    int64_t lo = t->quant ? t->quant->qmin : qir_dtype_min(t->dtype);
    int64_t hi = t->quant ? t->quant->qmax : qir_dtype_max(t->dtype);
    int64_t v = f == QCG_SUM ? 0 : f == QCG_PRODUCT ? 1 : f == QCG_LARGEST ? lo : hi;
    unsigned bits = qir_dtype_bits(t->dtype) > 32 ? 64 : 32;
    return llb_splat(g, LLVMConstInt(llb_int(g, bits), (unsigned long long)v, 1), n);
}
