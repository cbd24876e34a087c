/* The first half of the entry point: every wrong call returns its code before anything is written,
 * and so does a CPU without the instructions. */
#include <string.h>
#include "entry.h"

LLVMValueRef qcg_entry_offset(qcg_entry_state *e, LLVMValueRef base, size_t bytes)
{
    LLVMValueRef at = LLVMConstInt(e->size, bytes, false);
    return bytes ? LLVMBuildGEP2(e->g->b, e->i8, base, &at, 1, "") : base;
}

static LLVMBasicBlockRef new_block(qcg_entry_state *e, const char *name)
{
    return LLVMAppendBasicBlockInContext(e->g->llvm, e->fn, name);
}

/* Returns `code` if `bad`; building goes on where it is not. */
static void guard(qcg_entry_state *e, LLVMValueRef bad, int code)
{
    LLVMBuilderRef b = e->g->b;
    LLVMBasicBlockRef fail = new_block(e, "fail"), next = new_block(e, "next");
    LLVMBuildCondBr(b, bad, fail, next);
    LLVMPositionBuilderAtEnd(b, fail);
    LLVMBuildRet(b, LLVMConstInt(e->i32, (unsigned long long)(long long)code, true));
    LLVMPositionBuilderAtEnd(b, next);
}

static LLVMValueRef either(qcg_entry_state *e, LLVMValueRef a, LLVMValueRef b)
{
    return a ? LLVMBuildOr(e->g->b, a, b, "") : b;
}

static LLVMValueRef is_null(qcg_entry_state *e, LLVMValueRef p)
{
    return LLVMBuildIsNull(e->g->b, p, "");
}

static LLVMValueRef *load_pointers(qcg_entry_state *e, LLVMValueRef base, uint32_t n)
{
    LLVMValueRef *p = QIR_NEW_ARRAY(e->g->arena, LLVMValueRef, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        LLVMValueRef at = LLVMConstInt(e->size, i, false);
        p[i] = LLVMBuildLoad2(e->g->b, e->ptr,
                              LLVMBuildGEP2(e->g->b, e->ptr, base, &at, 1, ""), "");
    }
    return p;
}

/* Do [p, p + n) and [q, q + m) meet? */
static LLVMValueRef overlap(qcg_entry_state *e, LLVMValueRef p, size_t n, LLVMValueRef q, size_t m)
{
    LLVMBuilderRef b = e->g->b;
    LLVMValueRef a = LLVMBuildICmp(b, LLVMIntULT, p, qcg_entry_offset(e, q, m), "");
    LLVMValueRef c = LLVMBuildICmp(b, LLVMIntULT, q, qcg_entry_offset(e, p, n), "");
    return LLVMBuildAnd(b, a, c, "");
}

/* Do output k and input i meet?  An output may be the very buffer that it updates. */
static LLVMValueRef meets_input(qcg_entry_state *e, uint32_t k, uint32_t i)
{
    LLVMValueRef out = e->out_ptr[k], in = e->in_ptr[i];
    LLVMValueRef bad = overlap(e, out, qir_type_bytes(e->abi->out[k].type), in,
                               qir_type_bytes(e->abi->in[i].type));
    if (qir_func_updated_arg(qir_module_main(e->g->qir), k) != i)
        return bad;
    return LLVMBuildAnd(e->g->b, bad, LLVMBuildICmp(e->g->b, LLVMIntNE, out, in, ""), "");
}

static void check_overlaps(qcg_entry_state *e)
{
    const qcg_abi *abi = e->abi;
    LLVMValueRef bad = NULL;
    for (uint32_t k = 0; k < abi->nout; k++) {
        size_t n = qir_type_bytes(abi->out[k].type);
        for (uint32_t i = 0; i < abi->nin; i++)
            bad = either(e, bad, meets_input(e, k, i));
        for (uint32_t j = 0; j < k; j++)
            bad = either(e, bad, overlap(e, e->out_ptr[k], n, e->out_ptr[j],
                                         qir_type_bytes(abi->out[j].type)));
        if (abi->scratch_bytes)
            bad = either(e, bad, overlap(e, e->out_ptr[k], n, e->scratch, abi->scratch_bytes));
    }
    for (uint32_t i = 0; i < abi->nin && abi->scratch_bytes; i++)
        bad = either(e, bad, overlap(e, e->in_ptr[i], qir_type_bytes(abi->in[i].type), e->scratch,
                                     abi->scratch_bytes));
    if (bad)
        guard(e, bad, QCG_BAD_POINTER);
}

static void check_pointers(qcg_entry_state *e)
{
    const qcg_abi *abi = e->abi;
    LLVMValueRef bad = NULL;
    if (abi->nin)
        bad = either(e, bad, is_null(e, e->in));
    if (abi->nout)
        bad = either(e, bad, is_null(e, e->out));
    if (abi->scratch_bytes)
        bad = either(e, bad, is_null(e, e->scratch));
    if (bad)
        guard(e, bad, QCG_BAD_POINTER);
    e->in_ptr = load_pointers(e, e->in, abi->nin);
    e->out_ptr = load_pointers(e, e->out, abi->nout);
    bad = NULL;
    for (uint32_t i = 0; i < abi->nin; i++)
        bad = either(e, bad, is_null(e, e->in_ptr[i]));
    for (uint32_t i = 0; i < abi->nout; i++)
        bad = either(e, bad, is_null(e, e->out_ptr[i]));
    if (bad)
        guard(e, bad, QCG_BAD_POINTER);
}

static void check_scratch(qcg_entry_state *e)
{
    LLVMBuilderRef b = e->g->b;
    if (!e->abi->scratch_bytes)
        return;
    LLVMValueRef address = LLVMBuildPtrToInt(b, e->scratch, e->size, "");
    LLVMValueRef low = LLVMBuildAnd(b, address, LLVMConstInt(e->size, QCG_SCRATCH_ALIGN - 1, false),
                                    "");
    guard(e, LLVMBuildIsNotNull(b, low, ""), QCG_MISALIGNED);
    LLVMValueRef need = LLVMConstInt(e->size, e->abi->scratch_bytes, false);
    guard(e, LLVMBuildICmp(b, LLVMIntULT, e->bytes, need, ""), QCG_SCRATCH_TOO_SMALL);
}

static void check_sizes(qcg_entry_state *e)
{
    LLVMBuilderRef b = e->g->b;
    LLVMTypeRef i64 = LLVMInt64TypeInContext(e->g->llvm);
    LLVMValueRef bad = NULL, one = LLVMConstInt(i64, 1, false);
    for (uint32_t i = 0; i < e->abi->nin; i++) {
        int64_t limit = e->abi->in[i].size_limit;
        if (!limit)
            continue;
        LLVMValueRef size = LLVMBuildLoad2(b, i64, e->in_ptr[i], "");
        LLVMSetAlignment(size, 1);
        bad = either(e, bad, LLVMBuildICmp(b, LLVMIntUGE, LLVMBuildSub(b, size, one, ""),
                                           LLVMConstInt(i64, (uint64_t)limit, false), ""));
    }
    if (bad)
        guard(e, bad, QCG_BAD_SIZE);
}

/* Asking the CPU costs microseconds, so a good answer is remembered after the arena: a word that
 * only this model at this level and address writes.  Whatever else the scratch memory holds leads to
 * asking. */
static void check_cpu(qcg_entry_state *e, LLVMValueRef check)
{
    if (!check)
        return;
    LLVMBuilderRef b = e->g->b;
    LLVMTypeRef word = LLVMInt64TypeInContext(e->g->llvm);
    uint64_t key = qir_hash_bytes(e->abi->name, strlen(e->abi->name)) ^
                   qir_hash_bytes(e->abi->isa, strlen(e->abi->isa)) << 1 ^
                   (uint64_t)qcg_abi_hash(e->abi) << 32;
    LLVMValueRef slot = qcg_entry_offset(e, e->scratch, e->abi->arena_bytes);
    LLVMValueRef mark = LLVMBuildXor(b, LLVMBuildPtrToInt(b, e->scratch, word, ""),
                                     LLVMConstInt(word, key, false), "");
    LLVMBasicBlockRef ask = new_block(e, "ask"), known = new_block(e, "known");
    LLVMValueRef found = LLVMBuildLoad2(b, word, slot, "");
    LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntEQ, found, mark, ""), known, ask);
    LLVMPositionBuilderAtEnd(b, ask);
    LLVMValueRef ok = LLVMBuildCall2(b, LLVMGlobalGetValueType(check), check, NULL, 0, "");
    guard(e, LLVMBuildNot(b, ok, ""), QCG_NO_ISA);
    LLVMBuildStore(b, mark, slot);
    LLVMBuildBr(b, known);
    LLVMPositionBuilderAtEnd(b, known);
}

void qcg_entry_checks(qcg_entry_state *e, LLVMValueRef cpu_ok)
{
    check_pointers(e);
    check_scratch(e);
    check_overlaps(e);
    check_sizes(e);
    check_cpu(e, cpu_ok);
}
