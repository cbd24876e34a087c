/* Which of the object's levels runs: what the CPU has, asked once per scratch memory, and the
 * functions that tell. */
#include <string.h>
#include "interface/cpu.h"
#include "interface/entry.h"
#include "qir/support/map.h"

/* Index of the highest bit of a mask that is not 0. */
static LLVMValueRef highest(qcg_frame *e, LLVMValueRef mask)
{
    LLVMValueRef args[] = {mask, LLVMConstAllOnes(LLVMInt1TypeInContext(e->g->llvm))};
    unsigned id = LLVMLookupIntrinsicID("llvm.ctlz", strlen("llvm.ctlz"));
    LLVMValueRef ctlz = LLVMGetIntrinsicDeclaration(e->g->module, id, &e->i32, 1);
    LLVMValueRef zeros = LLVMBuildCall2(e->g->b, LLVMGlobalGetValueType(ctlz), ctlz, args, 2, "");
    return LLVMBuildSub(e->g->b, LLVMConstInt(e->i32, 31, false), zeros, "");
}

/* The best level, of a mask; the lowest where the CPU cannot be asked. */
static LLVMValueRef best(qcg_frame *e, LLVMValueRef mask)
{
    return e->abi->asks_cpu ? highest(e, mask) : LLVMConstNull(e->i32);
}

/* static i32 NAME_levels(void), made when first asked for. */
static LLVMValueRef levels_function(qcg *g, const qcg_abi *abi)
{
    LLVMValueRef fn =
        LLVMGetNamedFunction(g->module, qir_arena_printf(g->arena, "%s_levels", abi->name));
    if (fn)
        return fn;
    LLVMBasicBlockRef at = LLVMGetInsertBlock(g->b);
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef type = LLVMFunctionType(e.i32, NULL, 0, false);
    qcg_frame_function(&e, "levels", type, LLVMInternalLinkage);
    LLVMBuildRet(g->b, qcg_cpu_levels(g, e.fn, abi));
    LLVMPositionBuilderAtEnd(g->b, at);
    return e.fn;
}

static LLVMValueRef ask(qcg_frame *e)
{
    LLVMValueRef fn = levels_function(e->g, e->abi);
    return LLVMBuildCall2(e->g->b, LLVMGlobalGetValueType(fn), fn, NULL, 0, "");
}

LLVMValueRef qcg_levels_here(qcg_frame *e)
{
    return e->abi->asks_cpu ? ask(e) : LLVMConstInt(e->i32, 1, false);
}

/* ---- remembering ---------------------------------------------------------------------------- */
/* Asking the CPU costs microseconds, so the answer is remembered after the arena: the mask, hidden
 * in a word that only this model with these levels at this address writes.  Whatever else the
 * scratch memory holds leads to asking: it is no mask, or, once in 2^60, one. */
static uint64_t key_of(const qcg_abi *abi)
{
    uint64_t key = qir_hash_bytes(abi->name, strlen(abi->name)) ^ (uint64_t)qcg_abi_hash(abi) << 32;
    for (size_t i = 0; i < abi->nlevels; i++)
        key = (key << 1 | key >> 63) ^ qir_hash_bytes(abi->levels[i], strlen(abi->levels[i]));
    return key;
}

/* The mask of levels: from the scratch memory, or asked for and put there. */
static LLVMValueRef known_levels(qcg_frame *e)
{
    LLVMBuilderRef b = e->g->b;
    LLVMTypeRef word = LLVMInt64TypeInContext(e->g->llvm);
    LLVMValueRef slot = qcg_frame_offset(e, e->scratch, e->abi->arena_bytes);
    LLVMValueRef key = LLVMBuildXor(b, LLVMBuildPtrToInt(b, e->scratch, word, ""),
                                    LLVMConstInt(word, key_of(e->abi), false), "");
    LLVMValueRef found = LLVMBuildXor(b, LLVMBuildLoad2(b, word, slot, ""), key, "");
    LLVMValueRef less = LLVMBuildSub(b, found, LLVMConstInt(word, 1, false), ""); /* 0 is no mask */
    LLVMValueRef limit = LLVMConstInt(word, (1ull << e->abi->nlevels) - 1, false);
    LLVMValueRef is_mask = LLVMBuildICmp(b, LLVMIntULT, less, limit, "");
    LLVMBasicBlockRef before = LLVMGetInsertBlock(b);
    LLVMBasicBlockRef unknown = qcg_frame_block(e, "ask"), done = qcg_frame_block(e, "known");
    LLVMBuildCondBr(b, is_mask, done, unknown);
    LLVMPositionBuilderAtEnd(b, unknown);
    LLVMValueRef asked = LLVMBuildZExt(b, ask(e), word, "");
    LLVMBuildStore(b, LLVMBuildXor(b, asked, key, ""), slot);
    LLVMBuildBr(b, done);
    LLVMPositionBuilderAtEnd(b, done);
    LLVMValueRef mask = LLVMBuildPhi(b, word, "levels"), values[] = {found, asked};
    LLVMBasicBlockRef blocks[] = {before, unknown};
    LLVMAddIncoming(mask, values, blocks, 2);
    return LLVMBuildTrunc(b, mask, e->i32, "");
}

LLVMValueRef qcg_choose_level(qcg_frame *e, LLVMValueRef wanted)
{
    LLVMBuilderRef b = e->g->b;
    LLVMValueRef any = LLVMBuildICmp(b, LLVMIntSLT, wanted, LLVMConstNull(e->i32), "");
    if (!e->abi->asks_cpu)
        return LLVMBuildSelect(b, any, LLVMConstNull(e->i32), wanted, "");
    LLVMValueRef one = LLVMConstInt(e->i32, 1, false), mask = known_levels(e);
    LLVMValueRef shift = LLVMBuildAnd(b, wanted, LLVMConstInt(e->i32, 31, false), "");
    LLVMValueRef allowed =
        LLVMBuildSelect(b, any, LLVMConstAllOnes(e->i32), LLVMBuildShl(b, one, shift, ""), "");
    mask = LLVMBuildAnd(b, mask, allowed, "");
    qcg_frame_guard(e, LLVMBuildIsNull(b, mask, ""), QCG_NO_ISA);
    return highest(e, mask);
}

/* ---- what tells ----------------------------------------------------------------------------- */
enum { NAME_BYTES = 16 }; /* of a level, in the table */

/* "", then the names of the levels, in rows of NAME_BYTES: no pointers, so nothing to relocate. */
static LLVMValueRef name_of(qcg_frame *e, LLVMValueRef row)
{
    size_t bytes = (e->abi->nlevels + 1) * NAME_BYTES;
    char *table = qir_arena_alloc(e->g->arena, bytes);
    memset(table, 0, bytes);
    for (size_t i = 0; i < e->abi->nlevels; i++)
        memcpy(table + (i + 1) * NAME_BYTES, e->abi->levels[i], strlen(e->abi->levels[i]));
    LLVMValueRef names = qcg_const(e->g, table, bytes, 1);
    LLVMValueRef at = LLVMBuildMul(e->g->b, LLVMBuildZExt(e->g->b, row, e->size, ""),
                                   LLVMConstInt(e->size, NAME_BYTES, false), "");
    return LLVMBuildGEP2(e->g->b, e->i8, names, &at, 1, "");
}

/* 1 + level, or 0 if `ok` is false. */
static LLVMValueRef row_of(qcg_frame *e, LLVMValueRef ok, LLVMValueRef level)
{
    LLVMValueRef next = LLVMBuildAdd(e->g->b, level, LLVMConstInt(e->i32, 1, false), "");
    return LLVMBuildSelect(e->g->b, ok, next, LLVMConstNull(e->i32), "");
}

/* The row of the best level in a mask; 0 where there is none. */
static LLVMValueRef best_row(qcg_frame *e, LLVMValueRef mask)
{
    LLVMBuilderRef b = e->g->b;
    LLVMValueRef one = LLVMConstInt(e->i32, 1, false);
    return row_of(e, LLVMBuildIsNotNull(b, mask, ""), best(e, LLVMBuildOr(b, mask, one, "")));
}

static void isa_function(qcg *g, const qcg_abi *abi)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef type = LLVMFunctionType(e.ptr, NULL, 0, false);
    qcg_frame_function(&e, "isa", type, LLVMExternalLinkage);
    LLVMBuildRet(g->b, name_of(&e, best_row(&e, ask(&e))));
}

static void level_name_function(qcg *g, const qcg_abi *abi)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef type = LLVMFunctionType(e.ptr, &e.i32, 1, false);
    LLVMValueRef fn = qcg_frame_function(&e, "level_name", type, LLVMExternalLinkage);
    LLVMValueRef level = LLVMGetParam(fn, 0), n = LLVMConstInt(e.i32, abi->nlevels, false);
    LLVMValueRef ok = LLVMBuildICmp(g->b, LLVMIntULT, level, n, "");
    LLVMBuildRet(g->b, name_of(&e, row_of(&e, ok, level)));
}

/* i32 NAME_level_for(u64 hwcap, u64 hwcap2) */
static void level_for_function(qcg *g, const qcg_abi *abi)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef word = LLVMInt64TypeInContext(g->llvm), words[] = {word, word};
    LLVMTypeRef type = LLVMFunctionType(e.i32, words, 2, false);
    LLVMValueRef fn = qcg_frame_function(&e, "level_for", type, LLVMExternalLinkage);
    LLVMValueRef mask = qcg_arm_levels_of_hwcap(g, fn, abi);
    qcg_frame_guard(&e, LLVMBuildIsNull(g->b, mask, ""), QCG_NO_ISA);
    LLVMBuildRet(g->b, highest(&e, mask));
}

void qcg_level_functions(qcg *g, const qcg_abi *abi)
{
    isa_function(g, abi);
    level_name_function(g, abi);
    if (qcg_arch_is(g, "aarch64"))
        level_for_function(g, abi);
}
