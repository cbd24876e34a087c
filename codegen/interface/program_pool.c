/* The pool of runner programs, which have no threads: see entry.h. */
#include "interface/entry.h"

/* static void NAME_last_first(void *user, void (*task)(void *arg, unsigned index), void *arg, unsigned n) */
static LLVMValueRef last_first(qcg_frame *e)
{
    LLVMBuilderRef b = e->g->b;
    LLVMTypeRef none = LLVMVoidTypeInContext(e->g->llvm);
    LLVMTypeRef params[] = {e->ptr, e->ptr, e->ptr, e->i32};
    LLVMTypeRef task = LLVMFunctionType(none, (LLVMTypeRef[]){e->ptr, e->i32}, 2, false);
    LLVMValueRef fn = qcg_frame_function(e, "last_first", LLVMFunctionType(none, params, 4, false),
                                         LLVMInternalLinkage);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(b);
    LLVMBasicBlockRef loop = qcg_frame_block(e, "loop"), end = qcg_frame_block(e, "end");
    LLVMBuildBr(b, loop); /* nobody asks for no tasks */
    LLVMPositionBuilderAtEnd(b, loop);
    LLVMValueRef left = LLVMBuildPhi(b, e->i32, "left"), count = LLVMGetParam(fn, 3);
    LLVMValueRef index = LLVMBuildSub(b, left, LLVMConstInt(e->i32, 1, false), "index");
    LLVMValueRef args[] = {LLVMGetParam(fn, 2), index};
    LLVMBuildCall2(b, task, LLVMGetParam(fn, 1), args, 2, "");
    LLVMAddIncoming(left, &count, &from, 1);
    LLVMAddIncoming(left, &index, &loop, 1);
    LLVMBuildCondBr(b, LLVMBuildIsNull(b, index, ""), end, loop);
    LLVMPositionBuilderAtEnd(b, end);
    LLVMBuildRetVoid(b);
    return fn;
}

LLVMValueRef qcg_program_pool(qcg *g, const qcg_abi *abi)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMValueRef fields[] = {LLVMConstNull(e.ptr), LLVMConstInt(e.i32, QCG_PROGRAM_TASKS, false), last_first(&e)};
    LLVMTypeRef type = qcg_pool_type(&e);
    LLVMValueRef pool = LLVMAddGlobal(g->module, type, "");
    LLVMSetInitializer(pool, LLVMConstStructInContext(g->llvm, fields, 3, false));
    LLVMSetLinkage(pool, LLVMInternalLinkage);
    LLVMSetGlobalConstant(pool, true);
    return pool;
}
