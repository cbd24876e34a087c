/* The floating-point environment of the entry point: round to nearest, no flushing of denormals, no
 * traps; what the caller had comes back at the end. */
#include "build.h"
#include "llb.h"
#include "qir/support/bug.h"

/* Architectures whose control register goes through an integer register; 0 is what the code wants. */
static const struct control {
    const char *arch, *read, *write;
} controls[] = {
    {"aarch64", "mrs $0, FPCR", "msr FPCR, $0"},
    {"riscv64", "frcsr $0", "fscsr $0"},
};

static const struct control *control_of(const qcg *g)
{
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (qcg_arch_is(g, controls[i].arch))
            return &controls[i];
    return NULL;
}

static LLVMTypeRef state_type(qcg *g)
{
    return control_of(g) ? LLVMInt64TypeInContext(g->llvm) : LLVMInt32TypeInContext(g->llvm);
}

static void write_control(qcg *g, const struct control *c, LLVMValueRef value)
{
    LLVMTypeRef word = state_type(g);
    qcg_asm(g, LLVMVoidTypeInContext(g->llvm), &word, &value, 1, c->write, "r,~{memory}");
}

LLVMValueRef qcg_fp_save(qcg *g)
{
    if (!qcg_arch_is(g, "x86_64") && !control_of(g))
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
    const struct control *c = control_of(g);
    if (qcg_arch_is(g, "x86_64")) {
        x86_enter(g, saved);
    } else if (c) {
        LLVMBuildStore(g->b, qcg_asm(g, state_type(g), NULL, NULL, 0, c->read, "=r,~{memory}"), saved);
        if (!QIR_BUG(20))
            write_control(g, c, LLVMConstNull(state_type(g)));
    }
}

void qcg_fp_leave(qcg *g, LLVMValueRef saved)
{
    const struct control *c = control_of(g);
    if (qcg_arch_is(g, "x86_64"))
        llb_intrinsic(g, "llvm.x86.sse.ldmxcsr", NULL, 0, &saved, 1);
    else if (c)
        write_control(g, c, LLVMBuildLoad2(g->b, state_type(g), saved, ""));
}
