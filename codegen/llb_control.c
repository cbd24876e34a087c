/* Loops and branches over the LLVM C API: see llb.h. */
#include "llb.h"

#include <llvm-c/DebugInfo.h>
#include <string.h>
#include "qir/support/assert.h"
#include "qir/support/checked.h"

static LLVMBasicBlockRef new_block(qcg *g)
{
    return LLVMAppendBasicBlockInContext(g->llvm, g->fn, "");
}

static void enter(qcg *g, llb_loop *l)
{
    l->from = LLVMGetInsertBlock(g->b);
    l->body = new_block(g);
    LLVMBuildBr(g->b, l->body);
    LLVMPositionBuilderAtEnd(g->b, l->body);
    llb_val init = l->iv;
    l->iv = LLVMBuildPhi(g->b, llb_int(g, 64), "");
    LLVMAddIncoming(l->iv, &init, &l->from, 1);
}

void llb_begin(qcg *g, llb_loop *l, int64_t begin, int64_t end, int64_t step)
{
    QIR_ASSERT(begin < end && step > 0, "a loop has at least one trip");
    int64_t stop = begin + qir_ceil_div(end - begin, step) * step;
    memset(l, 0, sizeof *l);
    l->step = step;
    l->end = llb_i64(g, stop);
    l->single = stop == begin + step;
    l->iv = llb_i64(g, begin);
    if (!l->single)
        enter(g, l);
}

void llb_begin_at(qcg *g, llb_loop *l, llb_val begin, llb_val end, int64_t step)
{
    memset(l, 0, sizeof *l);
    l->step = step;
    l->end = end;
    l->iv = begin;
    l->single = LLVMIsConstant(begin) && end == llb_add(g, begin, llb_i64(g, step));
    if (!l->single)
        enter(g, l);
}

llb_val llb_carry(qcg *g, llb_loop *l, llb_val init)
{
    QIR_ASSERT(l->ncarry < LLB_MAX_CARRY, "too many carried values");
    unsigned i = l->ncarry++;
    l->phi[i] = init;
    if (!l->single) {
        l->phi[i] = LLVMBuildPhi(g->b, LLVMTypeOf(init), "");
        LLVMAddIncoming(l->phi[i], &init, &l->from, 1);
    }
    return l->phi[i];
}

void llb_next(llb_loop *l, unsigned i, llb_val v)
{
    l->value[i] = v;
}

/* Loops stay as they are written: unrolling and vectorising would undo the register plan. */
static void keep_loop(qcg *g, llb_val branch)
{
    static const char *const hints[] = {"llvm.loop.unroll.disable", "llvm.loop.vectorize.disable"};
    LLVMMetadataRef ops[3];
    LLVMMetadataRef self = LLVMTemporaryMDNode(g->llvm, NULL, 0);
    ops[0] = self;
    for (unsigned i = 0; i < 2; i++) {
        LLVMMetadataRef s = LLVMMDStringInContext2(g->llvm, hints[i], strlen(hints[i]));
        ops[i + 1] = LLVMMDNodeInContext2(g->llvm, &s, 1);
    }
    LLVMMetadataRef node = LLVMMDNodeInContext2(g->llvm, ops, 3);
    LLVMMetadataReplaceAllUsesWith(self, node);
    LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(g->llvm, "llvm.loop", 9),
                    LLVMMetadataAsValue(g->llvm, node));
}

void llb_end(qcg *g, llb_loop *l)
{
    if (l->single)
        return;
    LLVMBasicBlockRef latch = LLVMGetInsertBlock(g->b), exit = new_block(g);
    llb_val next = LLVMBuildAdd(g->b, l->iv, llb_i64(g, l->step), "");
    llb_val more = LLVMBuildICmp(g->b, LLVMIntNE, next, l->end, "");
    keep_loop(g, LLVMBuildCondBr(g->b, more, l->body, exit));
    LLVMAddIncoming(l->iv, &next, &latch, 1);
    for (unsigned i = 0; i < l->ncarry; i++)
        LLVMAddIncoming(l->phi[i], &l->value[i], &latch, 1);
    LLVMPositionBuilderAtEnd(g->b, exit);
}

void llb_then(qcg *g, llb_if *s, llb_val cond)
{
    LLVMBasicBlockRef then = new_block(g);
    s->otherwise = new_block(g);
    s->done = new_block(g);
    LLVMBuildCondBr(g->b, cond, then, s->otherwise);
    LLVMPositionBuilderAtEnd(g->b, then);
}

void llb_else(qcg *g, llb_if *s)
{
    LLVMBuildBr(g->b, s->done);
    LLVMPositionBuilderAtEnd(g->b, s->otherwise);
}

void llb_endif(qcg *g, llb_if *s)
{
    LLVMBuildBr(g->b, s->done);
    LLVMPositionBuilderAtEnd(g->b, s->done);
}
