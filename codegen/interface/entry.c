/* The entry points: one function checks what the caller passed (entry_checks.c), chooses a level
 * (dispatch.c), sets the floating-point environment and runs that level's body (body.c); NAME_run
 * and NAME_run_at call it.  NAME_run_mt does the same with the body on threads (tasks.c).  Compiled
 * for the baseline, so that it runs on CPUs that lack every level. */
#include "interface/entry.h"

/* Calls the body of `level`; its code. */
static LLVMValueRef run_body(qcg_frame *e, LLVMValueRef level, const LLVMValueRef *bodies,
                             LLVMValueRef *args, unsigned nargs)
{
    qcg *g = e->g;
    size_t n = e->abi->nlevels;
    LLVMTypeRef type = LLVMGlobalGetValueType(bodies[0]);
    if (n == 1)
        return LLVMBuildCall2(g->b, type, bodies[0], args, nargs, "");
    LLVMBasicBlockRef done = qcg_frame_block(e, "done"), never = qcg_frame_block(e, "never");
    LLVMValueRef select = LLVMBuildSwitch(g->b, level, never, (unsigned)n);
    LLVMPositionBuilderAtEnd(g->b, done);
    LLVMValueRef code = LLVMBuildPhi(g->b, e->i32, "code");
    for (size_t i = 0; i < n; i++) {
        LLVMBasicBlockRef block = qcg_frame_block(e, e->abi->levels[i]);
        LLVMAddCase(select, LLVMConstInt(e->i32, i, false), block);
        LLVMPositionBuilderAtEnd(g->b, block);
        LLVMValueRef r = LLVMBuildCall2(g->b, type, bodies[i], args, nargs, "");
        LLVMBuildBr(g->b, done);
        LLVMAddIncoming(code, &r, &block, 1);
    }
    LLVMPositionBuilderAtEnd(g->b, never);
    LLVMBuildUnreachable(g->b);
    LLVMPositionBuilderAtEnd(g->b, done);
    return code;
}

/* The four parameters that all these functions have, from number `first` on. */
static void take_params(qcg_frame *e, unsigned first)
{
    e->in = LLVMGetParam(e->fn, first);
    e->out = LLVMGetParam(e->fn, first + 1);
    e->scratch = LLVMGetParam(e->fn, first + 2);
    e->bytes = LLVMGetParam(e->fn, first + 3);
}

/* static i32 NAME_enter(i32 level, in, out, scratch, bytes) */
static LLVMValueRef enter_function(qcg *g, const qcg_abi *abi, const LLVMValueRef *bodies)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef params[] = {e.i32, e.ptr, e.ptr, e.ptr, e.size};
    LLVMTypeRef type = LLVMFunctionType(e.i32, params, 5, false);
    qcg_frame_function(&e, "enter", type, LLVMInternalLinkage);
    take_params(&e, 1);
    LLVMValueRef saved = qcg_fp_save(g);
    qcg_entry_checks(&e, LLVMConstInt(e.size, abi->scratch_bytes, false));
    LLVMValueRef level = qcg_choose_level(&e, LLVMGetParam(e.fn, 0));
    qcg_fp_enter(g, saved);
    LLVMValueRef args[] = {e.in, e.out, e.scratch};
    LLVMValueRef code = run_body(&e, level, bodies, args, 3);
    qcg_fp_leave(g, saved);
    LLVMBuildRet(g->b, code);
    return e.fn;
}

/* NAME_run_mt: pools, and so tasks, get the caller's floating-point environment. */
static void run_mt_function(qcg *g, const qcg_abi *abi, const LLVMValueRef *bodies)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef params[] = {e.ptr, e.ptr, e.ptr, e.size, e.ptr};
    LLVMTypeRef type = LLVMFunctionType(e.i32, params, 5, false);
    LLVMValueRef fn = qcg_frame_function(&e, "run_mt", type, LLVMExternalLinkage);
    take_params(&e, 0);
    LLVMValueRef pool = LLVMGetParam(fn, 4), threads = qcg_pool_threads(&e, pool);
    LLVMValueRef more = LLVMBuildSub(g->b, threads, LLVMConstInt(e.i32, 1, false), "");
    more = LLVMBuildMul(g->b, LLVMBuildZExt(g->b, more, e.size, ""),
                        LLVMConstInt(e.size, abi->task_bytes, false), "");
    LLVMValueRef one = LLVMConstInt(e.size, abi->tasks_at, false);
    qcg_entry_checks(&e, LLVMBuildAdd(g->b, one, more, ""));
    LLVMValueRef level = qcg_choose_level(&e, LLVMConstAllOnes(e.i32));
    LLVMValueRef args[] = {e.in, e.out, e.scratch, pool};
    LLVMBuildRet(g->b, run_body(&e, level, bodies, args, 4));
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

static void run_function(qcg *g, const qcg_abi *abi, LLVMValueRef enter)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef params[] = {e.ptr, e.ptr, e.ptr, e.size};
    LLVMTypeRef type = LLVMFunctionType(e.i32, params, 4, false);
    qcg_frame_function(&e, "run", type, LLVMExternalLinkage);
    forward(&e, enter, LLVMConstAllOnes(e.i32), 0);
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

void qcg_entry(qcg *g, const qcg_abi *abi, const qcg_bodies *bodies)
{
    LLVMValueRef *run = QIR_NEW_ARRAY(g->arena, LLVMValueRef, abi->nlevels);
    LLVMValueRef *run_mt = QIR_NEW_ARRAY(g->arena, LLVMValueRef, abi->nlevels);
    for (size_t i = 0; i < abi->nlevels; i++) {
        run[i] = bodies[i].run;
        run_mt[i] = bodies[i].run_mt;
    }
    LLVMValueRef enter = enter_function(g, abi, run);
    run_function(g, abi, enter);
    run_at_function(g, abi, enter);
    if (abi->threads)
        run_mt_function(g, abi, run_mt);
    qcg_level_functions(g, abi);
    qcg_info(g, abi);
}

void qcg_entry_aliases(qcg *g, const qcg_abi *abi)
{
    static const char *const suffixes[] = {"run", "run_mt", "run_at"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const char *name = qir_arena_printf(g->arena, "%s_%s", abi->name, suffixes[i]);
        LLVMValueRef fn = LLVMGetNamedFunction(g->module, name);
        if (fn)
            LLVMAddAlias2(g->module, LLVMGlobalGetValueType(fn), 0, fn,
                          qir_arena_printf(g->arena, "%s_%08x", name, (unsigned)qcg_abi_hash(abi)));
    }
}
