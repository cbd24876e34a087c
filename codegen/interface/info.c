/* NAME_info: the interface as a constant table, for hosts that run any model.  The C types stand in
 * header.c; the two must agree field by field. */
#include <string.h>
#include <llvm-c/Target.h>
#include "build.h"
#include "qir/custom.h"

LLVMValueRef qcg_u32(qcg *g, uint64_t v)
{
    return LLVMConstInt(LLVMInt32TypeInContext(g->llvm), v, false);
}

LLVMValueRef qcg_u64(qcg *g, uint64_t v)
{
    return LLVMConstInt(LLVMInt64TypeInContext(g->llvm), v, false);
}

LLVMValueRef qcg_text(qcg *g, const char *s, size_t size)
{
    char *padded = qir_arena_alloc(g->arena, size);
    memcpy(padded, s, strlen(s) < size ? strlen(s) : size - 1);
    return LLVMConstStringInContext2(g->llvm, padded, size, true);
}

LLVMValueRef qcg_tensor_info(qcg *g, const qir_type *type, const char *name)
{
    LLVMValueRef dims[QIR_MAX_RANK];
    qcc_tensor_info t;
    qir_custom_describe_tensor(type, name, &t);
    for (unsigned d = 0; d < QIR_MAX_RANK; d++)
        dims[d] = qcg_u64(g, (uint64_t)t.shape[d]);
    LLVMValueRef fields[] = {
        qcg_text(g, t.name, sizeof t.name),
        qcg_text(g, t.dtype, sizeof t.dtype),
        LLVMConstArray2(LLVMInt64TypeInContext(g->llvm), dims, QIR_MAX_RANK),
        qcg_u64(g, t.bytes),
        qcg_u32(g, t.rank),
        LLVMConstReal(LLVMFloatTypeInContext(g->llvm), (double)t.scale),
        qcg_u32(g, (uint32_t)t.zero_point),
        qcg_u32(g, 0),
    };
    return LLVMConstStructInContext(g->llvm, fields, sizeof fields / sizeof *fields, false);
}

LLVMValueRef qcg_table(qcg *g, const char *name, LLVMValueRef init, LLVMLinkage linkage)
{
    LLVMValueRef v = LLVMAddGlobal(g->module, LLVMTypeOf(init), name);
    LLVMSetInitializer(v, init);
    LLVMSetGlobalConstant(v, true);
    LLVMSetLinkage(v, linkage);
    LLVMSetAlignment(v, 8);
    return v;
}

static LLVMValueRef tensor(qcg *g, const qcg_tensor_abi *t)
{
    return qcg_tensor_info(g, t->type, t->field);
}

static LLVMValueRef tensors(qcg *g, const qcg_abi *abi)
{
    uint32_t n = abi->nin + abi->nout;
    if (n == 0)
        return LLVMConstNull(LLVMPointerTypeInContext(g->llvm, 0));
    LLVMValueRef *all = QIR_NEW_ARRAY(g->arena, LLVMValueRef, n);
    for (uint32_t i = 0; i < n; i++)
        all[i] = tensor(g, i < abi->nin ? &abi->in[i] : &abi->out[i - abi->nin]);
    return qcg_table(g, ".tensors", LLVMConstArray2(LLVMTypeOf(all[0]), all, n), LLVMPrivateLinkage);
}

static LLVMValueRef function(qcg *g, const qcg_abi *abi, const char *suffix)
{
    return LLVMGetNamedFunction(g->module, qir_arena_printf(g->arena, "%s_%s", abi->name, suffix));
}

void qcg_info(qcg *g, const qcg_abi *abi)
{
    LLVMValueRef fields[] = {
        qcg_u32(g, QCG_ABI_VERSION),
        qcg_u32(g, abi->nin),
        qcg_u32(g, abi->nout),
        qcg_u32(g, QCG_SCRATCH_ALIGN),
        qcg_u64(g, abi->scratch_bytes),
        qcg_text(g, abi->name, 64),
        qcg_text(g, qcg_level_list(abi, g->arena), 64),
        tensors(g, abi),
        function(g, abi, "run"),
        function(g, abi, "run_at"),
        function(g, abi, "isa"),
        qcg_u64(g, abi->weights_bytes),
    };
    LLVMValueRef init = LLVMConstStructInContext(g->llvm, fields, sizeof fields / sizeof *fields,
                                                 false);
    qcg_table(g, qir_arena_printf(g->arena, "%s_info", abi->name), init, LLVMExternalLinkage);
}
