/* NAME_info: the interface as a constant table, for hosts that run any model.  The C types stand in
 * header.c; the two must agree field by field. */
#include <string.h>
#include <llvm-c/Target.h>
#include "build.h"

static LLVMValueRef u32(qcg *g, uint64_t v)
{
    return LLVMConstInt(LLVMInt32TypeInContext(g->llvm), v, false);
}

static LLVMValueRef u64(qcg *g, uint64_t v)
{
    return LLVMConstInt(LLVMInt64TypeInContext(g->llvm), v, false);
}

static LLVMValueRef text(qcg *g, const char *s, size_t size)
{
    char *padded = qir_arena_alloc(g->arena, size);
    memcpy(padded, s, strlen(s) < size ? strlen(s) : size - 1);
    return LLVMConstStringInContext2(g->llvm, padded, size, true);
}

static LLVMValueRef tensor(qcg *g, const qcg_tensor_abi *t)
{
    LLVMValueRef dims[QIR_MAX_RANK];
    for (unsigned d = 0; d < QIR_MAX_RANK; d++)
        dims[d] = u64(g, d < t->type->rank ? (uint64_t)t->type->dims[d] : 1);
    const qir_quant *q = t->type->quant;
    bool known = q && q->count == 1;
    LLVMTypeRef f32 = LLVMFloatTypeInContext(g->llvm);
    LLVMValueRef fields[] = {
        text(g, t->field, 64),
        text(g, qir_dtype_name(t->type->dtype), 8),
        LLVMConstArray2(LLVMInt64TypeInContext(g->llvm), dims, QIR_MAX_RANK),
        u64(g, qir_type_bytes(t->type)),
        u32(g, t->type->rank),
        LLVMConstReal(f32, known ? (double)q->scale[0] : 1.0),
        u32(g, known ? (uint32_t)q->zero_point[0] : 0),
        u32(g, 0),
    };
    return LLVMConstStructInContext(g->llvm, fields, sizeof fields / sizeof *fields, false);
}

static LLVMValueRef global(qcg *g, const char *name, LLVMValueRef init, LLVMLinkage linkage)
{
    LLVMValueRef v = LLVMAddGlobal(g->module, LLVMTypeOf(init), name);
    LLVMSetInitializer(v, init);
    LLVMSetGlobalConstant(v, true);
    LLVMSetLinkage(v, linkage);
    LLVMSetAlignment(v, 8);
    return v;
}

static LLVMValueRef tensors(qcg *g, const qcg_abi *abi)
{
    uint32_t n = abi->nin + abi->nout;
    if (n == 0)
        return LLVMConstNull(LLVMPointerTypeInContext(g->llvm, 0));
    LLVMValueRef *all = QIR_NEW_ARRAY(g->arena, LLVMValueRef, n);
    for (uint32_t i = 0; i < n; i++)
        all[i] = tensor(g, i < abi->nin ? &abi->in[i] : &abi->out[i - abi->nin]);
    return global(g, ".tensors", LLVMConstArray2(LLVMTypeOf(all[0]), all, n), LLVMPrivateLinkage);
}

static LLVMValueRef function(qcg *g, const qcg_abi *abi, const char *suffix)
{
    return LLVMGetNamedFunction(g->module, qir_arena_printf(g->arena, "%s_%s", abi->name, suffix));
}

void qcg_info(qcg *g, const qcg_abi *abi)
{
    LLVMValueRef fields[] = {
        u32(g, QCG_ABI_VERSION),
        u32(g, abi->nin),
        u32(g, abi->nout),
        u32(g, QCG_SCRATCH_ALIGN),
        u64(g, abi->scratch_bytes),
        text(g, abi->name, 64),
        text(g, qcg_level_list(abi, g->arena), 32),
        tensors(g, abi),
        function(g, abi, "run"),
        function(g, abi, "run_at"),
        function(g, abi, "isa"),
        u64(g, abi->weights_bytes),
    };
    LLVMValueRef init = LLVMConstStructInContext(g->llvm, fields, sizeof fields / sizeof *fields,
                                                 false);
    global(g, qir_arena_printf(g->arena, "%s_info", abi->name), init, LLVMExternalLinkage);
}
