/* NAME_selftest and NAME_op_name: see selftest.h. */
#include <string.h>
#include "llb.h"
#include "interface/selftest.h"
#include "interface/weights_file.h"

static size_t whole_lines(size_t bytes)
{
    return (bytes + QCG_SCRATCH_ALIGN - 1) / QCG_SCRATCH_ALIGN * QCG_SCRATCH_ALIGN;
}

static const qcg_tensor_abi *tensor(const qcg_abi *abi, uint32_t i)
{
    return i < abi->nin ? &abi->in[i] : &abi->out[i - abi->nin];
}

size_t qcg_selftest_place(const qcg_abi *abi, uint32_t n)
{
    size_t at = whole_lines(abi->scratch_bytes);
    for (uint32_t i = 0; i < n; i++)
        at += whole_lines(qir_type_bytes(tensor(abi, i)->type));
    return at;
}

/* --- the input ---------------------------------------------------------------------------------- */
static void fill(qcg_frame *e, LLVMValueRef to, const qcg_tensor_abi *t, uint32_t number)
{
    qcg *g = e->g;
    LLVMBuilderRef b = g->b;
    qcg_pattern p = qcg_pattern_of(t);
    int64_t n = qir_type_elements(t->type);
    LLVMTypeRef element = llb_int(g, 8 * p.bytes);
    if (n == 0)
        return;
    LLVMValueRef table = qcg_const(g, p.boundary, sizeof p.boundary, 8);
    llb_loop l;
    llb_begin(g, &l, 0, n, 1);
    LLVMValueRef state = llb_carry(g, &l, llb_i64(g, number));
    state = LLVMBuildMul(b, state, llb_i64(g, (int64_t)QCG_GENERATOR_FACTOR), "");
    state = llb_add(g, state, llb_i64(g, QCG_GENERATOR_STEP));
    LLVMValueRef v = LLVMBuildLShr(b, state, llb_i64(g, 64 - 8 * (int)p.bytes), "");
    v = LLVMBuildAnd(b, v, llb_i64(g, (int64_t)p.mask), "");
    v = LLVMBuildOr(b, v, llb_i64(g, (int64_t)p.set), "");
    LLVMValueRef low = LLVMBuildAnd(b, l.iv, llb_i64(g, QCG_BOUNDARY_EVERY - 1), "");
    LLVMValueRef which = LLVMBuildUDiv(b, l.iv, llb_i64(g, QCG_BOUNDARY_EVERY), "");
    which = LLVMBuildAnd(b, which, llb_i64(g, QCG_BOUNDARIES - 1), "");
    LLVMValueRef limit = llb_load(g, llb_int(g, 64), llb_index(g, table, which, 8), 8);
    v = LLVMBuildSelect(b, LLVMBuildIsNull(b, low, ""), limit, v, "");
    llb_store(g, LLVMBuildTrunc(b, v, element, ""), llb_index(g, to, l.iv, p.bytes), p.bytes);
    llb_next(&l, 0, state);
    llb_end(g, &l);
}

/* The struct of pointers to `n` tensors from number `first` on, and behind them `more`, if there is any. */
static LLVMValueRef make_struct(qcg_frame *e, uint32_t first, uint32_t n, LLVMValueRef more)
{
    LLVMValueRef s = LLVMBuildArrayAlloca(e->g->b, e->ptr, LLVMConstInt(e->i32, n + 1, false), "");
    for (uint32_t i = 0; i <= n; i++) {
        LLVMValueRef at = llb_i64(e->g, i);
        LLVMValueRef p = i < n ? qcg_frame_offset(e, e->scratch, qcg_selftest_place(e->abi, first + i))
                               : more;
        if (p)
            LLVMBuildStore(e->g->b, p, LLVMBuildGEP2(e->g->b, e->ptr, s, &at, 1, ""));
    }
    return s;
}

/* --- NAME_selftest ------------------------------------------------------------------------------ */
static void check_memory(qcg_frame *e, LLVMValueRef weights)
{
    LLVMBuilderRef b = e->g->b;
    size_t need = qcg_selftest_place(e->abi, e->abi->nin + e->abi->nout);
    LLVMValueRef null = LLVMBuildIsNull(b, e->scratch, "");
    if (weights)
        null = LLVMBuildOr(b, null, LLVMBuildIsNull(b, weights, ""), "");
    qcg_frame_guard(e, null, QCG_BAD_POINTER);
    LLVMValueRef low = LLVMBuildAnd(b, LLVMBuildPtrToInt(b, e->scratch, e->size, ""),
                                    LLVMConstInt(e->size, QCG_SCRATCH_ALIGN - 1, false), "");
    qcg_frame_guard(e, LLVMBuildIsNotNull(b, low, ""), QCG_MISALIGNED);
    LLVMValueRef bytes = LLVMConstInt(e->size, need, false);
    qcg_frame_guard(e, LLVMBuildICmp(b, LLVMIntULT, e->bytes, bytes, ""), QCG_SCRATCH_TOO_SMALL);
    if (weights)
        qcg_check_weights(e, weights);
}

/* Runs level i if the CPU has it; returns its number if an op fails. */
static void run_level(qcg_frame *e, const qcg_bodies *body, LLVMValueRef levels, size_t i,
                      LLVMValueRef saved)
{
    qcg *g = e->g;
    LLVMBasicBlockRef here = qcg_frame_block(e, e->abi->levels[i]), fail = qcg_frame_block(e, "fail");
    LLVMBasicBlockRef next = qcg_frame_block(e, "next");
    LLVMValueRef bit = LLVMConstInt(e->i32, 1u << i, false), args[] = {e->in, e->out, e->scratch};
    LLVMValueRef has = LLVMBuildIsNotNull(g->b, LLVMBuildAnd(g->b, levels, bit, ""), "");
    LLVMBuildCondBr(g->b, has, here, next);
    LLVMPositionBuilderAtEnd(g->b, here);
    qcg_fp_enter(g, saved);
    LLVMTypeRef type = LLVMGlobalGetValueType(body->selftest);
    LLVMValueRef number = LLVMBuildCall2(g->b, type, body->selftest, args, 3, "");
    qcg_fp_leave(g, saved);
    LLVMBuildCondBr(g->b, LLVMBuildIsNull(g->b, number, ""), next, fail);
    LLVMPositionBuilderAtEnd(g->b, fail);
    LLVMBuildRet(g->b, number);
    LLVMPositionBuilderAtEnd(g->b, next);
}

static void selftest_function(qcg *g, const qcg_abi *abi, const qcg_bodies *bodies)
{
    qcg_frame e = qcg_frame_make(g, abi);
    LLVMTypeRef params[] = {e.ptr, e.size, e.ptr};
    LLVMTypeRef type = LLVMFunctionType(e.i32, params, abi->weights ? 3 : 2, false);
    LLVMValueRef fn = qcg_frame_function(&e, "selftest", type, LLVMExternalLinkage);
    LLVMValueRef weights = abi->weights ? LLVMGetParam(fn, 2) : NULL;
    LLVMValueRef saved = qcg_fp_save(g);
    e.scratch = LLVMGetParam(fn, 0);
    e.bytes = LLVMGetParam(fn, 1);
    e.in = make_struct(&e, 0, abi->nin, weights);
    e.out = make_struct(&e, abi->nin, abi->nout, NULL);
    check_memory(&e, weights);
    LLVMValueRef levels = qcg_levels_here(&e);
    qcg_frame_guard(&e, LLVMBuildIsNull(g->b, levels, ""), QCG_NO_ISA);
    for (uint32_t i = 0; i < abi->nin; i++)
        fill(&e, qcg_frame_offset(&e, e.scratch, qcg_selftest_place(abi, i)), &abi->in[i], i);
    for (size_t i = 0; i < abi->nlevels; i++)
        run_level(&e, &bodies[i], levels, i, saved);
    LLVMBuildRet(g->b, LLVMConstNull(e.i32));
}

/* --- NAME_op_name ------------------------------------------------------------------------------- */
/* Offsets of the names in one text, of number 0 ("") too: no pointers, so nothing to relocate. */
static void op_name_function(qcg *g, const qcg_abi *abi)
{
    qcg_frame e = qcg_frame_make(g, abi);
    size_t n = g->selftest->names.len;
    qir_strbuf text = {0};
    uint32_t *offsets = QIR_NEW_ARRAY(g->arena, uint32_t, n + 1);
    qir_strbuf_putc(&text, '\0');
    for (size_t i = 0; i < n; i++) {
        const char *name = g->selftest->names.data[i];
        offsets[i + 1] = (uint32_t)text.len;
        qir_strbuf_write(&text, name, strlen(name) + 1);
    }
    LLVMTypeRef type = LLVMFunctionType(e.ptr, &e.i32, 1, false);
    LLVMValueRef fn = qcg_frame_function(&e, "op_name", type, LLVMExternalLinkage);
    LLVMValueRef number = LLVMGetParam(fn, 0), most = LLVMConstInt(e.i32, n, false);
    LLVMValueRef ok = LLVMBuildICmp(g->b, LLVMIntULE, number, most, "");
    number = LLVMBuildSelect(g->b, ok, number, LLVMConstNull(e.i32), "");
    LLVMValueRef table = qcg_const(g, offsets, (n + 1) * sizeof *offsets, 4);
    LLVMValueRef row = llb_index(g, table, LLVMBuildZExt(g->b, number, llb_int(g, 64), ""), 4);
    LLVMValueRef at = LLVMBuildZExt(g->b, llb_load(g, e.i32, row, 4), llb_int(g, 64), "");
    LLVMBuildRet(g->b, llb_offset(g, qcg_const(g, text.data, text.len, 1), at));
    qir_strbuf_free(&text);
}

void qcg_selftest_functions(qcg *g, const qcg_abi *abi, const qcg_bodies *bodies)
{
    selftest_function(g, abi, bodies);
    op_name_function(g, abi);
}
