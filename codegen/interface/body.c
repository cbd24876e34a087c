/* The body of a level: calls the ops of its variant with addresses from the plan, and copies the
 * results that no op writes in place. */
#include <string.h>
#include "interface/entry.h"
#include "qir/layout.h"
#include "qir/support/assert.h"

/* ---- addresses ------------------------------------------------------------------------------ */
LLVMValueRef qcg_result_address(qcg_frame *e, const qir_value *v)
{
    int64_t n = 0;
    if (qcg_place_attr(v, "buf_out", &n))
        return e->out_ptr[n];
    bool planned = qcg_place_attr(v, "buf", &n);
    QIR_ASSERT(planned, "op without buffer: plan-memory has not run");
    return qcg_frame_offset(e, e->scratch, planned ? (size_t)n : 0);
}

static LLVMValueRef constant_address(qcg_frame *e, qir_const *c)
{
    enum { CONST_ALIGN = 64 };
    const void *data = qir_const_data(c);
    return qcg_const(e->g, data, qir_type_bytes(c->value.type), CONST_ALIGN);
}

static LLVMValueRef root_address(qcg_frame *e, qir_value *v)
{
    if (v->kind == QIR_VALUE_ARG)
        return e->in_ptr[v->index];
    if (v->kind == QIR_VALUE_CONST)
        return constant_address(e, qir_value_const(v));
    return qcg_result_address(e, v);
}

static LLVMValueRef address(qcg_frame *e, qir_value *v)
{
    return qcg_frame_offset(e, root_address(e, qir_value_root(v)), qir_value_offset(v));
}

static LLVMValueRef workspace(qcg_frame *e, const qir_op *op, const qcg_part *part)
{
    int64_t at = 0;
    if (!qcg_int_attr(op, "ws", &at))
        return LLVMConstNull(e->ptr);
    LLVMValueRef planned = qcg_frame_offset(e, e->scratch, (size_t)at);
    if (!part)
        return planned;
    LLVMValueRef first = LLVMBuildIsNull(e->g->b, part->task, "");
    return LLVMBuildSelect(e->g->b, first, planned, part->workspace, "");
}

LLVMValueRef qcg_call_op(qcg_frame *e, const qcg_call *call, const qcg_part *part)
{
    unsigned n = 0;
    const qir_op *op = call->op;
    LLVMTypeRef word = LLVMInt64TypeInContext(e->g->llvm);
    LLVMValueRef *args = QIR_NEW_ARRAY(e->g->arena, LLVMValueRef, call->nin + op->nresults + 4 + call->most);
    for (size_t i = 0; i < call->nin; i++)
        args[n++] = address(e, call->in[i]);
    for (uint32_t i = 0; i < op->nresults; i++)
        args[n++] = qcg_result_address(e, &op->results[i]);
    args[n++] = workspace(e, op, part);
    if (call->shares) {
        args[n++] = part ? part->task : LLVMConstInt(word, 0, false);
        args[n++] = part ? part->tasks : LLVMConstInt(word, 1, false);
    }
    if (e->weights)
        args[n++] = e->weights;
    n = qcg_pass_constants(e->g, call, args, n);
    LLVMValueRef code =
        LLVMBuildCall2(e->g->b, LLVMGlobalGetValueType(call->fn), call->fn, args, n, "");
    return qir_op_has_trait(op, QIR_TRAIT_CALLS) ? code : NULL;
}

/* ---- results that no op writes in place ----------------------------------------------------- */
/* The body of the copy: a byte at a time, at least one. */
static void copy_body(qcg_frame *e, LLVMValueRef fn)
{
    qcg *g = e->g;
    LLVMValueRef to = LLVMGetParam(fn, 0), from = LLVMGetParam(fn, 1), bytes = LLVMGetParam(fn, 2);
    LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(g->llvm, fn, "entry");
    LLVMBasicBlockRef loop = LLVMAppendBasicBlockInContext(g->llvm, fn, "loop");
    LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(g->llvm, fn, "done");
    LLVMValueRef zero = LLVMConstInt(e->size, 0, false), one = LLVMConstInt(e->size, 1, false);
    LLVMPositionBuilderAtEnd(g->b, entry);
    LLVMBuildBr(g->b, loop);
    LLVMPositionBuilderAtEnd(g->b, loop);
    LLVMValueRef i = LLVMBuildPhi(g->b, e->size, "i");
    LLVMValueRef byte =
        LLVMBuildLoad2(g->b, e->i8, LLVMBuildGEP2(g->b, e->i8, from, &i, 1, ""), "");
    LLVMBuildStore(g->b, byte, LLVMBuildGEP2(g->b, e->i8, to, &i, 1, ""));
    LLVMValueRef next = LLVMBuildAdd(g->b, i, one, "");
    LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntULT, next, bytes, ""), loop, done);
    LLVMAddIncoming(i, &zero, &entry, 1);
    LLVMAddIncoming(i, &next, &loop, 1);
    LLVMPositionBuilderAtEnd(g->b, done);
    LLVMBuildRetVoid(g->b);
}

/* static void NAME_copy(i8 *to, const i8 *from, size bytes), made when first asked for. */
static LLVMValueRef copy_function(qcg_frame *e)
{
    qcg *g = e->g;
    char *name = qir_arena_printf(g->arena, "%s_copy", e->abi->name);
    LLVMValueRef fn = LLVMGetNamedFunction(g->module, name);
    if (fn)
        return fn;
    LLVMBasicBlockRef at = LLVMGetInsertBlock(g->b);
    LLVMTypeRef params[] = {e->ptr, e->ptr, e->size};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->llvm), params, 3, false);
    fn = qcg_add_function(g, name, type, LLVMInternalLinkage, NULL);
    copy_body(e, fn);
    LLVMPositionBuilderAtEnd(g->b, at);
    return fn;
}

static void copy_to_output(qcg_frame *e, uint32_t k, LLVMValueRef from, size_t bytes)
{
    LLVMValueRef fn = copy_function(e);
    LLVMValueRef args[] = {e->out_ptr[k], from, LLVMConstInt(e->size, bytes, false)};
    LLVMBuildCall2(e->g->b, LLVMGlobalGetValueType(fn), fn, args, 3, "");
}

static bool is_written_in_place(const qir_value *v, uint32_t k)
{
    int64_t n;
    return qir_value_is_whole(v) && qcg_place_attr(qir_value_root((qir_value *)v), "buf_out", &n) &&
           n == k;
}

void qcg_copy_results(qcg_frame *e)
{
    const qir_op *ret = qir_module_main(e->g->qir)->body->last;
    for (uint32_t k = 0; k < ret->noperands; k++) {
        qir_value *v = qir_op_operand(ret, k);
        size_t bytes = qir_type_bytes(v->type);
        if (is_written_in_place(v, k) || bytes == 0)
            continue;
        copy_to_output(e, k, address(e, v), bytes);
    }
}

/* ---- outputs that are updated inputs -------------------------------------------------------- */
/* Has the plan put an update of `arg` into the buffer of output k? */
static bool is_updated_there(const qir_func *f, const qir_value *arg, uint32_t k)
{
    int64_t n;
    qir_for_each_op(op, f->body)
        if (qir_op_has_trait(op, QIR_TRAIT_UPDATES) &&
            qir_value_root(qir_op_operand(op, 0)) == arg &&
            qcg_place_attr(&op->results[0], "buf_out", &n) && n == k)
            return true;
    return false;
}

/* Copies the input there unless the caller has passed one buffer for both. */
static void copy_in(qcg_frame *e, uint32_t k, uint32_t arg)
{
    qcg *g = e->g;
    LLVMBasicBlockRef copy = LLVMAppendBasicBlockInContext(g->llvm, e->fn, "copy");
    LLVMBasicBlockRef next = LLVMAppendBasicBlockInContext(g->llvm, e->fn, "next");
    LLVMValueRef same = LLVMBuildICmp(g->b, LLVMIntEQ, e->in_ptr[arg], e->out_ptr[k], "");
    LLVMBuildCondBr(g->b, same, next, copy);
    LLVMPositionBuilderAtEnd(g->b, copy);
    copy_to_output(e, k, e->in_ptr[arg], qir_type_bytes(e->abi->out[k].type));
    LLVMBuildBr(g->b, next);
    LLVMPositionBuilderAtEnd(g->b, next);
}

void qcg_move_in(qcg_frame *e, bool copies)
{
    const qir_func *f = qir_module_main(e->g->qir);
    for (uint32_t k = 0; k < f->nresults; k++) {
        int64_t arg = qir_func_updated_arg(f, k);
        if (arg < 0 || !qir_type_bytes(f->result_types[k]) ||
            !is_updated_there(f, f->body->args[arg], k))
            continue;
        if (copies)
            copy_in(e, k, (uint32_t)arg);
        e->in_ptr[arg] = e->out_ptr[k];
    }
}

/* ---- the function --------------------------------------------------------------------------- */
static void begin(qcg_frame *e)
{
    LLVMTypeRef params[] = {e->ptr, e->ptr, e->ptr};
    LLVMTypeRef type = LLVMFunctionType(e->i32, params, 3, false);
    qcg_frame_function(e, qir_level_get(e->g->level)->name, type, LLVMInternalLinkage);
    e->in = LLVMGetParam(e->fn, 0);
    e->out = LLVMGetParam(e->fn, 1);
    e->scratch = LLVMGetParam(e->fn, 2);
    qcg_frame_load_tensors(e, e->in, e->out);
}

static LLVMValueRef pointer(qcg_frame *e, uintptr_t p)
{
    return LLVMConstIntToPtr(LLVMConstInt(e->size, p, false), e->ptr);
}

/* For those who measure in this very process. */
static void tick(qcg_frame *e)
{
    const qir_codegen_options *opts = e->g->opts;
    if (!opts->tick)
        return;
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->g->llvm), &e->ptr, 1, false);
    LLVMValueRef user = pointer(e, (uintptr_t)opts->tick_user);
    LLVMBuildCall2(e->g->b, type, pointer(e, (uintptr_t)opts->tick), &user, 1, "");
}

LLVMValueRef qcg_body(qcg *g, const qcg_abi *abi, const qcg_call *calls, size_t ncalls)
{
    qcg_frame e = qcg_frame_make(g, abi);
    begin(&e);
    qcg_move_in(&e, true);
    tick(&e);
    for (size_t i = 0; i < ncalls; i++) {
        LLVMValueRef code = qcg_call_op(&e, &calls[i], NULL);
        if (code)
            qcg_frame_pass_on(&e, code);
        tick(&e);
    }
    qcg_copy_results(&e);
    LLVMBuildRet(g->b, LLVMConstNull(e.i32));
    return e.fn;
}
