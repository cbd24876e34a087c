/* The entry points: one function checks what the caller passed (entry_checks.c), chooses a level
 * (dispatch.c), sets the floating-point environment and runs that level's body (body.c); NAME_run
 * and NAME_run_at call it.  Compiled for the baseline, so that it runs on CPUs that lack every
 * level. */
#include "entry.h"

/* Calls the body of `level`; its code. */
static LLVMValueRef run_body(qcg_frame *e, LLVMValueRef level, const LLVMValueRef *bodies)
{
    qcg *g = e->g;
    size_t n = e->abi->nlevels;
    LLVMValueRef args[] = {e->in, e->out, e->scratch};
    if (n == 1)
        return LLVMBuildCall2(g->b, LLVMGlobalGetValueType(bodies[0]), bodies[0], args, 3, "");
    LLVMBasicBlockRef done = qcg_frame_block(e, "done"), never = qcg_frame_block(e, "never");
    LLVMValueRef select = LLVMBuildSwitch(g->b, level, never, (unsigned)n);
    LLVMPositionBuilderAtEnd(g->b, done);
    LLVMValueRef code = LLVMBuildPhi(g->b, e->i32, "code");
    for (size_t i = 0; i < n; i++) {
        LLVMBasicBlockRef block = qcg_frame_block(e, e->abi->levels[i]);
        LLVMAddCase(select, LLVMConstInt(e->i32, i, false), block);
        LLVMPositionBuilderAtEnd(g->b, block);
        LLVMValueRef r =
            LLVMBuildCall2(g->b, LLVMGlobalGetValueType(bodies[i]), bodies[i], args, 3, "");
        LLVMBuildBr(g->b, done);
        LLVMAddIncoming(code, &r, &block, 1);
    }
    LLVMPositionBuilderAtEnd(g->b, never);
    LLVMBuildUnreachable(g->b);
    LLVMPositionBuilderAtEnd(g->b, done);
    return code;
}

/* static i32 NAME_enter(i32 level, in, out, scratch, bytes) */
static LLVMValueRef enter_function(qcg *g, const qcg_abi *abi, const LLVMValueRef *bodies)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef params[] = {e.i32, e.ptr, e.ptr, e.ptr, e.size};
    LLVMTypeRef type = LLVMFunctionType(e.i32, params, 5, false);
    qcg_frame_function(&e, "enter", type, LLVMInternalLinkage);
    e.in = LLVMGetParam(e.fn, 1);
    e.out = LLVMGetParam(e.fn, 2);
    e.scratch = LLVMGetParam(e.fn, 3);
    e.bytes = LLVMGetParam(e.fn, 4);
    LLVMValueRef saved = qcg_fp_save(g);
    qcg_entry_checks(&e);
    LLVMValueRef level = qcg_choose_level(&e, LLVMGetParam(e.fn, 0));
    qcg_fp_enter(g, saved);
    LLVMValueRef code = run_body(&e, level, bodies);
    qcg_fp_leave(g, saved);
    LLVMBuildRet(g->b, code);
    return e.fn;
}

/* Calls `enter` with `level` and the four parameters from number `first` on. */
static void forward(qcg_frame *e, LLVMValueRef enter, LLVMValueRef level, unsigned first)
{
    LLVMValueRef args[5] = {level};
    for (unsigned i = 0; i < 4; i++)
        args[i + 1] = LLVMGetParam(e->fn, first + i);
    LLVMValueRef call = LLVMBuildCall2(e->g->b, LLVMGlobalGetValueType(enter), enter, args, 5, "");
    LLVMSetTailCall(call, true);
    LLVMBuildRet(e->g->b, call);
}

/* NAME_run, and the alias that the header's macro makes callers use. */
static void run_function(qcg *g, const qcg_abi *abi, LLVMValueRef enter)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef params[] = {e.ptr, e.ptr, e.ptr, e.size};
    LLVMTypeRef type = LLVMFunctionType(e.i32, params, 4, false);
    LLVMValueRef run = qcg_frame_function(&e, "run", type, LLVMExternalLinkage);
    forward(&e, enter, LLVMConstAllOnes(e.i32), 0);
    const char *hashed =
        qir_arena_printf(g->arena, "%s_run_%08x", abi->name, (unsigned)qcg_abi_hash(abi));
    LLVMAddAlias2(g->module, type, 0, run, hashed);
}

static void run_at_function(qcg *g, const qcg_abi *abi, LLVMValueRef enter)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef params[] = {e.i32, e.ptr, e.ptr, e.ptr, e.size};
    LLVMTypeRef type = LLVMFunctionType(e.i32, params, 5, false);
    qcg_frame_function(&e, "run_at", type, LLVMExternalLinkage);
    LLVMValueRef level = LLVMGetParam(e.fn, 0), n = LLVMConstInt(e.i32, abi->nlevels, false);
    qcg_frame_guard(&e, LLVMBuildICmp(g->b, LLVMIntUGE, level, n, ""), QCG_NO_LEVEL);
    forward(&e, enter, level, 1);
}

void qcg_entry(qcg *g, const qcg_abi *abi, const LLVMValueRef *bodies)
{
    LLVMValueRef enter = enter_function(g, abi, bodies);
    run_function(g, abi, enter);
    run_at_function(g, abi, enter);
    qcg_level_functions(g, abi);
    qcg_info(g, abi);
}
