/* The floating-point environment of the entry point: round to nearest, no flushing of denormals, no
 * traps; what the caller had comes back at the end. */
#include "build.h"
#include "llb.h"

static void arm_set_fpcr(qcg *g, LLVMValueRef value)
{
    LLVMTypeRef word = LLVMInt64TypeInContext(g->llvm);
    qcg_asm(g, LLVMVoidTypeInContext(g->llvm), &word, &value, 1, "msr FPCR, $0", "r,~{memory}");
}

static LLVMTypeRef state_type(qcg *g)
{
    return qcg_arch_is(g, "aarch64") ? LLVMInt64TypeInContext(g->llvm)
                                     : LLVMInt32TypeInContext(g->llvm);
}

LLVMValueRef qcg_fp_save(qcg *g)
{
    if (!qcg_arch_is(g, "x86_64") && !qcg_arch_is(g, "aarch64"))
        return NULL;
    return LLVMBuildAlloca(g->b, LLVMArrayType2(state_type(g), 2), "fpenv");
}

/* x86 loads and stores its register from memory: word 0 is the caller's, word 1 ours. */
static void x86_enter(qcg *g, LLVMValueRef saved)
{
    enum { MXCSR_DEFAULT = 0x1f80 }; /* nearest, no flushing, all exceptions masked */
    LLVMValueRef fresh = llb_at(g, saved, 4);
    llb_intrinsic(g, "llvm.x86.sse.stmxcsr", NULL, 0, &saved, 1);
    LLVMBuildStore(g->b, LLVMConstInt(state_type(g), MXCSR_DEFAULT, false), fresh);
    llb_intrinsic(g, "llvm.x86.sse.ldmxcsr", NULL, 0, &fresh, 1);
}

void qcg_fp_enter(qcg *g, LLVMValueRef saved)
{
    if (qcg_arch_is(g, "x86_64")) {
        x86_enter(g, saved);
    } else if (qcg_arch_is(g, "aarch64")) {
        LLVMBuildStore(
            g->b, qcg_asm(g, state_type(g), NULL, NULL, 0, "mrs $0, FPCR", "=r,~{memory}"), saved);
        arm_set_fpcr(g, LLVMConstNull(state_type(g)));
    }
}

void qcg_fp_leave(qcg *g, LLVMValueRef saved)
{
    if (qcg_arch_is(g, "x86_64"))
        llb_intrinsic(g, "llvm.x86.sse.ldmxcsr", NULL, 0, &saved, 1);
    else if (qcg_arch_is(g, "aarch64"))
        arm_set_fpcr(g, LLVMBuildLoad2(g->b, state_type(g), saved, ""));
}
