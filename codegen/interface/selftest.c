/* The self-test in the object: see selftest.h. */
#include "interface/selftest.h"
#include "llb.h"

void qcg_selftest_note(qcg *g, LLVMValueRef global, size_t at, const void *data, size_t bytes)
{
    qcg_selftest *s = g->selftest;
    const qir_op *op = g->region ? g->region : g->op;
    for (size_t i = s->uses.len; i-- > 0 && s->uses.data[i].op == op;)
        if (s->uses.data[i].global == global && s->uses.data[i].at == at)
            return;
    qcg_use use = {op, global, at, bytes, qcg_selftest_hash(data, bytes)};
    qir_vec_push(&s->uses, use);
}

/* static i64 NAME_hash(const i8 *p, i64 n), n > 0, made when first asked for: qcg_selftest_hash. */
static LLVMValueRef hash_function(qcg_frame *user)
{
    qcg *g = user->g;
    LLVMValueRef made = LLVMGetNamedFunction(
        g->module, qir_arena_printf(g->arena, "%s_hash", user->abi->name));
    if (made)
        return made;
    LLVMBasicBlockRef back = LLVMGetInsertBlock(g->b);
    LLVMValueRef weights = g->weights, caller = g->fn;
    qcg_frame e = qcg_frame_make(g, user->abi);
    LLVMTypeRef params[] = {e.ptr, llb_int(g, 64)};
    LLVMTypeRef type = LLVMFunctionType(params[1], params, 2, false);
    LLVMValueRef fn = qcg_frame_function(&e, "hash", type, LLVMInternalLinkage);
    llb_loop l;
    llb_begin_at(g, &l, llb_i64(g, 0), LLVMGetParam(fn, 1), 1);
    LLVMValueRef h = llb_carry(g, &l, llb_i64(g, (int64_t)QCG_HASH_START));
    LLVMValueRef byte = llb_load(g, e.i8, llb_offset(g, LLVMGetParam(fn, 0), l.iv), 1);
    h = LLVMBuildXor(g->b, h, LLVMBuildZExt(g->b, byte, params[1], ""), "");
    llb_next(&l, 0, LLVMBuildMul(g->b, h, llb_i64(g, QCG_HASH_FACTOR), ""));
    llb_end(g, &l);
    LLVMBuildRet(g->b, l.value[0]);
    LLVMPositionBuilderAtEnd(g->b, back);
    g->weights = weights;
    g->fn = caller;
    return fn;
}

/* --- the body of a level ------------------------------------------------------------------------ */
/* Returns `number` unless the bytes at p have this hash. */
static void check(qcg_frame *e, LLVMValueRef p, size_t bytes, uint64_t hash, int number)
{
    LLVMValueRef fn = hash_function(e), args[] = {p, llb_i64(e->g, (int64_t)bytes)};
    if (!bytes)
        return;
    LLVMValueRef h = LLVMBuildCall2(e->g->b, LLVMGlobalGetValueType(fn), fn, args, 2, "");
    LLVMValueRef expected = llb_i64(e->g, (int64_t)hash);
    qcg_frame_guard(e, LLVMBuildICmp(e->g->b, LLVMIntNE, h, expected, ""), number);
}

static void check_constants(qcg_frame *e, const qir_op *op, int number)
{
    const qcg_selftest *s = e->g->selftest;
    for (size_t i = 0; i < s->uses.len; i++) {
        const qcg_use *u = &s->uses.data[i];
        if (u->op == op)
            check(e, qcg_frame_offset(e, u->global ? u->global : e->weights, u->at), u->bytes, u->hash, number);
    }
}

static void check_results(qcg_frame *e, const qir_op *op, int number)
{
    for (uint32_t i = 0; i < op->nresults; i++) {
        const qir_value *v = &op->results[i];
        const qcg_expected *x = qir_map_get(&e->g->selftest->expected, v);
        if (x && !x->nan)
            check(e, qcg_result_address(e, v), qir_type_bytes(v->type), x->hash, number);
    }
}

static const char *name_of(const qir_op *op)
{
    const char *layer = qir_loc_first_name(op->loc);
    return layer ? layer : op->results[0].name ? op->results[0].name : qir_op_name(op);
}

LLVMValueRef qcg_selftest_body(qcg *g, const qcg_abi *abi, const qcg_call *calls, size_t ncalls)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef params[] = {e.ptr, e.ptr, e.ptr}, type = LLVMFunctionType(e.i32, params, 3, false);
    const char *suffix = qir_arena_printf(g->arena, "%s_selftest", qir_level_get(g->level)->name);
    LLVMValueRef fn = qcg_frame_function(&e, suffix, type, LLVMInternalLinkage);
    e.scratch = LLVMGetParam(fn, 2);
    qcg_frame_load_tensors(&e, LLVMGetParam(fn, 0), LLVMGetParam(fn, 1));
    qcg_move_in(&e, true);
    for (size_t i = 0; i < ncalls; i++) {
        qir_vec_push(&g->selftest->names, name_of(calls[i].op));
        int number = (int)g->selftest->names.len;
        check_constants(&e, calls[i].op, number);
        LLVMValueRef code = qcg_call_op(&e, &calls[i], NULL);
        if (code)
            qcg_frame_guard(&e, LLVMBuildIsNotNull(g->b, code, ""), number);
        check_results(&e, calls[i].op, number);
    }
    LLVMBuildRet(g->b, LLVMConstNull(e.i32));
    return fn;
}
