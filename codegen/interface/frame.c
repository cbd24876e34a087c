/* Functions of the interface: what building one takes. */
#include "interface/entry.h"
#include <llvm-c/Target.h>

qcg_frame qcg_frame_make(qcg *g, const qcg_abi *abi)
{
    LLVMTargetDataRef layout = LLVMGetModuleDataLayout(g->module);
    return (qcg_frame){.g = g,
                       .abi = abi,
                       .ptr = LLVMPointerTypeInContext(g->llvm, 0),
                       .i8 = LLVMInt8TypeInContext(g->llvm),
                       .i32 = LLVMInt32TypeInContext(g->llvm),
                       .size = LLVMIntPtrTypeInContext(g->llvm, layout)};
}

LLVMValueRef qcg_frame_function(qcg_frame *e, const char *suffix, LLVMTypeRef type,
                                LLVMLinkage linkage)
{
    const char *name = qir_arena_printf(e->g->arena, "%s_%s", e->abi->name, suffix);
    e->fn = qcg_add_function(e->g, name, type, linkage, NULL);
    e->g->fn = e->fn;
    e->g->weights = NULL;
    LLVMPositionBuilderAtEnd(e->g->b, qcg_frame_block(e, "entry"));
    return e->fn;
}

LLVMValueRef qcg_frame_offset(qcg_frame *e, LLVMValueRef base, size_t bytes)
{
    LLVMValueRef at = LLVMConstInt(e->size, bytes, false);
    return bytes ? LLVMBuildGEP2(e->g->b, e->i8, base, &at, 1, "") : base;
}

/* The n pointers of a struct of pointers. */
static LLVMValueRef *load_pointers(qcg_frame *e, LLVMValueRef base, uint32_t n)
{
    LLVMValueRef *p = QIR_NEW_ARRAY(e->g->arena, LLVMValueRef, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        LLVMValueRef at = LLVMConstInt(e->size, i, false);
        p[i] =
            LLVMBuildLoad2(e->g->b, e->ptr, LLVMBuildGEP2(e->g->b, e->ptr, base, &at, 1, ""), "");
    }
    return p;
}

void qcg_frame_load_tensors(qcg_frame *e, LLVMValueRef in, LLVMValueRef out)
{
    bool more = e->abi->weights != NULL;
    e->in_ptr = load_pointers(e, in, e->abi->nin + more);
    e->out_ptr = load_pointers(e, out, e->abi->nout);
    e->weights = e->g->weights = more ? e->in_ptr[e->abi->nin] : NULL;
}

LLVMBasicBlockRef qcg_frame_block(qcg_frame *e, const char *name)
{
    return LLVMAppendBasicBlockInContext(e->g->llvm, e->fn, name);
}

void qcg_frame_pass_on(qcg_frame *e, LLVMValueRef code)
{
    LLVMBuilderRef b = e->g->b;
    LLVMBasicBlockRef fail = qcg_frame_block(e, "fail"), next = qcg_frame_block(e, "next");
    LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntSLT, code, LLVMConstNull(e->i32), ""), fail, next);
    LLVMPositionBuilderAtEnd(b, fail);
    LLVMBuildRet(b, code);
    LLVMPositionBuilderAtEnd(b, next);
}

void qcg_frame_guard(qcg_frame *e, LLVMValueRef bad, int code)
{
    LLVMBuilderRef b = e->g->b;
    LLVMBasicBlockRef fail = qcg_frame_block(e, "fail"), next = qcg_frame_block(e, "next");
    LLVMBuildCondBr(b, bad, fail, next);
    LLVMPositionBuilderAtEnd(b, fail);
    LLVMBuildRet(b, LLVMConstInt(e->i32, (unsigned long long)(long long)code, true));
    LLVMPositionBuilderAtEnd(b, next);
}
