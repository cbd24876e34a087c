/* The entry point: checks what the caller passed, sets the floating-point environment, calls the
 * ops with addresses from the plan, and restores the environment.  Compiled for the baseline, so
 * that it runs on CPUs that lack the level. */
#include <string.h>
#include <llvm-c/Target.h>
#include "build.h"
#include "emit.h"
#include "qir/layout.h"
#include "qir/support/assert.h"

struct entry {
    qcg *g;
    const qcg_abi *abi;
    LLVMValueRef fn, in, out, scratch, bytes; /* parameters */
    LLVMValueRef *in_ptr, *out_ptr;           /* loaded from the structs */
    LLVMTypeRef ptr, i8, i32, size;
};

static LLVMBasicBlockRef new_block(struct entry *e, const char *name)
{
    return LLVMAppendBasicBlockInContext(e->g->llvm, e->fn, name);
}

/* Returns `code` if `bad`; building goes on where it is not. */
static void guard(struct entry *e, LLVMValueRef bad, int code)
{
    LLVMBuilderRef b = e->g->b;
    LLVMBasicBlockRef fail = new_block(e, "fail"), next = new_block(e, "next");
    LLVMBuildCondBr(b, bad, fail, next);
    LLVMPositionBuilderAtEnd(b, fail);
    LLVMBuildRet(b, LLVMConstInt(e->i32, (unsigned long long)(long long)code, true));
    LLVMPositionBuilderAtEnd(b, next);
}

static LLVMValueRef either(struct entry *e, LLVMValueRef a, LLVMValueRef b)
{
    return a ? LLVMBuildOr(e->g->b, a, b, "") : b;
}

static LLVMValueRef is_null(struct entry *e, LLVMValueRef p)
{
    return LLVMBuildIsNull(e->g->b, p, "");
}

static LLVMValueRef offset(struct entry *e, LLVMValueRef base, size_t bytes)
{
    LLVMValueRef at = LLVMConstInt(e->size, bytes, false);
    return bytes ? LLVMBuildGEP2(e->g->b, e->i8, base, &at, 1, "") : base;
}

static LLVMValueRef *load_pointers(struct entry *e, LLVMValueRef base, uint32_t n)
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
static LLVMValueRef overlap(struct entry *e, LLVMValueRef p, size_t n, LLVMValueRef q, size_t m)
{
    LLVMBuilderRef b = e->g->b;
    LLVMValueRef a = LLVMBuildICmp(b, LLVMIntULT, p, offset(e, q, m), "");
    LLVMValueRef c = LLVMBuildICmp(b, LLVMIntULT, q, offset(e, p, n), "");
    return LLVMBuildAnd(b, a, c, "");
}

static void check_overlaps(struct entry *e)
{
    const qcg_abi *abi = e->abi;
    LLVMValueRef bad = NULL;
    for (uint32_t k = 0; k < abi->nout; k++) {
        size_t n = qir_type_bytes(abi->out[k].type);
        for (uint32_t i = 0; i < abi->nin; i++)
            bad = either(e, bad, overlap(e, e->out_ptr[k], n, e->in_ptr[i],
                                         qir_type_bytes(abi->in[i].type)));
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

static void check_pointers(struct entry *e)
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

static void check_scratch(struct entry *e)
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

/* Asking the CPU costs microseconds, so a good answer is remembered after the arena: a word that
 * only this model at this level and address writes.  Whatever else the scratch memory holds leads to asking. */
static void check_cpu(struct entry *e, LLVMValueRef check)
{
    if (!check)
        return;
    LLVMBuilderRef b = e->g->b;
    LLVMTypeRef word = LLVMInt64TypeInContext(e->g->llvm);
    uint64_t key = qir_hash_bytes(e->abi->name, strlen(e->abi->name)) ^
                   qir_hash_bytes(e->abi->isa, strlen(e->abi->isa)) << 1 ^
                   (uint64_t)qcg_abi_hash(e->abi) << 32;
    LLVMValueRef slot = offset(e, e->scratch, e->abi->arena_bytes);
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

/* ---- addresses -------------------------------------------------------------------------------- */
static bool int_attr(const qir_op *op, const char *name, size_t *out)
{
    const qir_attr *a = qir_op_attr(op, name);
    if (a && a->kind == QIR_ATTR_INT)
        *out = (size_t)a->u.i;
    return a && a->kind == QIR_ATTR_INT;
}

static LLVMValueRef result_address(struct entry *e, const qir_op *op)
{
    size_t n = 0;
    if (int_attr(op, "buf_out", &n))
        return e->out_ptr[n];
    bool planned = int_attr(op, "buf", &n);
    QIR_ASSERT(planned, "op without buffer: plan-memory has not run");
    return offset(e, e->scratch, planned ? n : 0);
}

static LLVMValueRef constant_address(struct entry *e, qir_const *c)
{
    enum { CONST_ALIGN = 64 };
    const void *data = qir_const_data(c);
    return qcg_const(e->g, data, qir_type_bytes(c->value.type), CONST_ALIGN);
}

static LLVMValueRef address(struct entry *e, qir_value *v)
{
    v = qir_value_root(v);
    if (v->kind == QIR_VALUE_ARG)
        return e->in_ptr[v->index];
    if (v->kind == QIR_VALUE_CONST)
        return constant_address(e, qir_value_const(v));
    return result_address(e, qir_value_op(v));
}

static void call_op(struct entry *e, const qcg_call *call)
{
    unsigned n = 0;
    size_t ws = 0;
    const qir_op *op = call->op;
    LLVMValueRef *args = QIR_NEW_ARRAY(e->g->arena, LLVMValueRef, op->noperands + 2);
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *v = qir_op_operand(op, i);
        if (v && qir_value_root(v)->kind != QIR_VALUE_CONST)
            args[n++] = address(e, v);
    }
    args[n++] = result_address(e, op);
    args[n++] = int_attr(op, "ws", &ws) ? offset(e, e->scratch, ws) : LLVMConstNull(e->ptr);
    LLVMBuildCall2(e->g->b, LLVMGlobalGetValueType(call->fn), call->fn, args, n, "");
}

/* ---- results that no op writes in place ------------------------------------------------------- */
/* static void NAME_copy(i8 *to, const i8 *from, size bytes) */
static LLVMValueRef copy_function(struct entry *e)
{
    qcg *g = e->g;
    LLVMBasicBlockRef at = LLVMGetInsertBlock(g->b);
    char *name = qir_arena_printf(g->arena, "%s_copy", e->abi->name);
    LLVMTypeRef params[] = {e->ptr, e->ptr, e->size};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->llvm), params, 3, false);
    LLVMValueRef fn = LLVMGetNamedFunction(g->module, name);
    if (fn)
        return fn;
    fn = qcg_add_function(g, name, type, LLVMInternalLinkage, NULL);
    LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(g->llvm, fn, "entry");
    LLVMBasicBlockRef loop = LLVMAppendBasicBlockInContext(g->llvm, fn, "loop");
    LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(g->llvm, fn, "done");
    LLVMValueRef zero = LLVMConstInt(e->size, 0, false), one = LLVMConstInt(e->size, 1, false);
    LLVMPositionBuilderAtEnd(g->b, entry);
    LLVMBuildBr(g->b, loop);
    LLVMPositionBuilderAtEnd(g->b, loop);
    LLVMValueRef i = LLVMBuildPhi(g->b, e->size, "i");
    LLVMValueRef byte = LLVMBuildLoad2(
        g->b, e->i8, LLVMBuildGEP2(g->b, e->i8, LLVMGetParam(fn, 1), &i, 1, ""), "");
    LLVMBuildStore(g->b, byte, LLVMBuildGEP2(g->b, e->i8, LLVMGetParam(fn, 0), &i, 1, ""));
    LLVMValueRef next = LLVMBuildAdd(g->b, i, one, "");
    LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntULT, next, LLVMGetParam(fn, 2), ""), loop, done);
    LLVMAddIncoming(i, &zero, &entry, 1);
    LLVMAddIncoming(i, &next, &loop, 1);
    LLVMPositionBuilderAtEnd(g->b, done);
    LLVMBuildRetVoid(g->b);
    LLVMPositionBuilderAtEnd(g->b, at);
    return fn;
}

static bool is_written_in_place(const qir_value *v, uint32_t k)
{
    size_t n;
    const qir_op *op = qir_value_op(qir_value_root((qir_value *)v));
    return op && int_attr(op, "buf_out", &n) && n == k;
}

static void copy_results(struct entry *e, const qir_op *ret)
{
    for (uint32_t k = 0; k < ret->noperands; k++) {
        qir_value *v = qir_op_operand(ret, k);
        size_t bytes = qir_type_bytes(v->type);
        if (is_written_in_place(v, k) || bytes == 0)
            continue;
        LLVMValueRef fn = copy_function(e);
        LLVMValueRef args[] = {e->out_ptr[k], address(e, v), LLVMConstInt(e->size, bytes, false)};
        LLVMBuildCall2(e->g->b, LLVMGlobalGetValueType(fn), fn, args, 3, "");
    }
}

/* ---- the function ----------------------------------------------------------------------------- */
static void begin(struct entry *e)
{
    qcg *g = e->g;
    LLVMTypeRef params[] = {e->ptr, e->ptr, e->ptr, e->size};
    LLVMTypeRef type = LLVMFunctionType(e->i32, params, 4, false);
    e->fn = qcg_add_function(g, qir_arena_printf(g->arena, "%s_run", e->abi->name), type,
                             LLVMExternalLinkage, NULL);
    e->in = LLVMGetParam(e->fn, 0);
    e->out = LLVMGetParam(e->fn, 1);
    e->scratch = LLVMGetParam(e->fn, 2);
    e->bytes = LLVMGetParam(e->fn, 3);
    LLVMPositionBuilderAtEnd(g->b, new_block(e, "entry"));
    char *hashed = qir_arena_printf(g->arena, "%s_run_%08x", e->abi->name,
                                    (unsigned)qcg_abi_hash(e->abi));
    LLVMAddAlias2(g->module, type, 0, e->fn, hashed);
}

static void isa_function(struct entry *e)
{
    qcg *g = e->g;
    LLVMTypeRef type = LLVMFunctionType(e->ptr, NULL, 0, false);
    LLVMValueRef fn = qcg_add_function(g, qir_arena_printf(g->arena, "%s_isa", e->abi->name), type,
                                       LLVMExternalLinkage, NULL);
    LLVMPositionBuilderAtEnd(g->b, LLVMAppendBasicBlockInContext(g->llvm, fn, "entry"));
    LLVMBuildRet(g->b, qcg_const(g, e->abi->isa, strlen(e->abi->isa) + 1, 1));
}

void qcg_entry(qcg *g, const qcg_abi *abi, const qcg_call *calls, size_t ncalls)
{
    LLVMTargetDataRef layout = LLVMGetModuleDataLayout(g->module);
    struct entry e = {.g = g,
                      .abi = abi,
                      .ptr = LLVMPointerTypeInContext(g->llvm, 0),
                      .i8 = LLVMInt8TypeInContext(g->llvm),
                      .i32 = LLVMInt32TypeInContext(g->llvm),
                      .size = LLVMIntPtrTypeInContext(g->llvm, layout)};
    LLVMValueRef check = qcg_cpu_check(g, qcg_features(g->qir->ctx, g->opts));
    begin(&e);
    check_pointers(&e);
    check_scratch(&e);
    check_overlaps(&e);
    check_cpu(&e, check);
    LLVMValueRef saved = qcg_fp_enter(g);
    for (size_t i = 0; i < ncalls; i++)
        call_op(&e, &calls[i]);
    copy_results(&e, qir_module_main(g->qir)->body->last);
    qcg_fp_leave(g, saved);
    LLVMBuildRet(g->b, LLVMConstInt(e.i32, 0, false));
    isa_function(&e);
    qcg_info(g, abi, e.fn);
}
