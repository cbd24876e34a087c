/* Runner programs: the model with an entry `_start` of its own, which needs neither libc nor anything
 * else of a system but Linux's system calls.  It reads the inputs of one run after the other from
 * descriptor 0, all tensors packed in order, and writes the outputs to descriptor 1; at the end of the
 * input it exits with 0, else with the negated code of NAME_run, or QCG_CUT when an input ends early. */
#include <string.h>
#include "target.h"
#include "interface/entry.h"
#include "qir/support/assert.h"

enum { QCG_CUT = 64, STDIN = 0, STDOUT = 1 };

/* How an architecture calls Linux: number, then three arguments; the result comes back in the first
 * operand. */
static const struct system {
    const char *arch, *text, *constraints;
    unsigned read, write, exit;
} systems[] = {
    {"x86_64", "syscall", "={rax},{rax},{rdi},{rsi},{rdx},~{rcx},~{r11},~{memory}", 0, 1, 231},
    {"aarch64", "svc #0", "={x0},{x8},{x0},{x1},{x2},~{memory}", 63, 64, 94},
    {"riscv64", "ecall", "={x10},{x17},{x10},{x11},{x12},~{memory}", 63, 64, 94},
};

typedef struct program {
    qcg_frame e;
    const struct system *system;
    LLVMTypeRef word;
    LLVMValueRef transfer;
} program;

static const struct system *find_system(const char *triple)
{
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
        if (qcg_triple_is(triple, systems[i].arch))
            return &systems[i];
    return NULL;
}

bool qcg_program_check(qir_diag_engine *diag, const char *triple)
{
    return find_system(triple) ||
           qir_error(diag, NULL, "codegen.program",
                     "no runner program for '%s'; expected x86_64, aarch64 or riscv64 with Linux", triple);
}

static LLVMValueRef word(program *p, uint64_t v)
{
    return LLVMConstInt(p->word, v, false);
}

static LLVMValueRef call_system(program *p, LLVMValueRef number, LLVMValueRef a, LLVMValueRef b,
                                LLVMValueRef c)
{
    LLVMTypeRef params[] = {p->word, p->word, p->word, p->word};
    LLVMValueRef args[] = {number, a, b, c};
    return qcg_asm(p->e.g, p->word, params, args, 4, p->system->text, p->system->constraints);
}

/* Ends the process; `code` is an i64. */
static void leave(program *p, LLVMValueRef code)
{
    call_system(p, word(p, p->system->exit), code, word(p, 0), word(p, 0));
    LLVMBuildUnreachable(p->e.g->b);
}

/* ---- all bytes or as many as there are ---------------------------------------------------------- */
/* static i64 NAME_transfer(i64 call, i64 fd, ptr p, i64 n): reads or writes until n bytes are done or
 * none are; returns how many were. */
static void make_transfer(program *p)
{
    qcg *g = p->e.g;
    LLVMTypeRef params[] = {p->word, p->word, p->e.ptr, p->word};
    LLVMTypeRef type = LLVMFunctionType(p->word, params, 4, false);
    LLVMValueRef fn = qcg_frame_function(&p->e, "transfer", type, LLVMInternalLinkage);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(g->b);
    LLVMBasicBlockRef loop = qcg_frame_block(&p->e, "loop"), end = qcg_frame_block(&p->e, "end");
    LLVMValueRef zero = word(p, 0), base = LLVMBuildPtrToInt(g->b, LLVMGetParam(fn, 2), p->word, "");
    LLVMBuildBr(g->b, loop);
    LLVMPositionBuilderAtEnd(g->b, loop);
    LLVMValueRef done = LLVMBuildPhi(g->b, p->word, "done");
    LLVMValueRef left = LLVMBuildSub(g->b, LLVMGetParam(fn, 3), done, "");
    LLVMValueRef got = call_system(p, LLVMGetParam(fn, 0), LLVMGetParam(fn, 1),
                                   LLVMBuildAdd(g->b, base, done, ""), left);
    LLVMValueRef some = LLVMBuildICmp(g->b, LLVMIntSGT, got, zero, "");
    LLVMValueRef next = LLVMBuildSelect(g->b, some, LLVMBuildAdd(g->b, done, got, ""), done, "");
    LLVMValueRef more = LLVMBuildICmp(g->b, LLVMIntULT, next, LLVMGetParam(fn, 3), "");
    LLVMAddIncoming(done, &zero, &from, 1);
    LLVMAddIncoming(done, &next, &loop, 1);
    LLVMBuildCondBr(g->b, LLVMBuildAnd(g->b, some, more, ""), loop, end);
    LLVMPositionBuilderAtEnd(g->b, end);
    LLVMBuildRet(g->b, next);
    p->transfer = fn;
}

static LLVMValueRef transfer(program *p, unsigned call, unsigned fd, LLVMValueRef buffer, size_t bytes)
{
    LLVMValueRef args[] = {word(p, call), word(p, fd), buffer, word(p, bytes)};
    return LLVMBuildCall2(p->e.g->b, LLVMGlobalGetValueType(p->transfer), p->transfer, args, 4, "");
}

/* ---- memory ------------------------------------------------------------------------------------- */
static LLVMValueRef make_global(program *p, LLVMValueRef init, bool constant)
{
    LLVMValueRef global = LLVMAddGlobal(p->e.g->module, LLVMTypeOf(init), "");
    LLVMSetInitializer(global, init);
    LLVMSetLinkage(global, LLVMInternalLinkage);
    LLVMSetGlobalConstant(global, constant);
    LLVMSetAlignment(global, QCG_SCRATCH_ALIGN);
    return global;
}

static LLVMValueRef make_buffer(program *p, size_t bytes)
{
    return make_global(p, LLVMConstNull(LLVMArrayType2(p->e.i8, bytes ? bytes : 1)), false);
}

static void make_buffers(program *p, const qcg_tensor_abi *t, uint32_t n, LLVMValueRef *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = make_buffer(p, qir_type_bytes(t[i].type));
}

/* The struct of pointers that NAME_run takes. */
static LLVMValueRef make_struct(program *p, LLVMValueRef *pointers, uint32_t n)
{
    return make_global(p, LLVMConstArray2(p->e.ptr, pointers, n), true);
}

/* ---- _start --------------------------------------------------------------------------------------- */
static void begin(program *p)
{
    qcg *g = p->e.g;
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->llvm), NULL, 0, false);
    p->e.fn = qcg_add_function(g, "_start", type, LLVMExternalLinkage, NULL);
    qcg_string_attr(g, p->e.fn, "stackrealign", ""); /* nobody called: no return address on the stack */
    LLVMPositionBuilderAtEnd(g->b, qcg_frame_block(&p->e, "entry"));
}

/* Leaves with `code` if `bad`. */
static void guard(program *p, LLVMValueRef bad, LLVMValueRef code)
{
    LLVMBasicBlockRef fail = qcg_frame_block(&p->e, "fail"), next = qcg_frame_block(&p->e, "next");
    LLVMBuildCondBr(p->e.g->b, bad, fail, next);
    LLVMPositionBuilderAtEnd(p->e.g->b, fail);
    leave(p, code);
    LLVMPositionBuilderAtEnd(p->e.g->b, next);
}

/* Reads the inputs of one run; the end of the input is the end of the program. */
static void read_inputs(program *p, LLVMValueRef *buffers)
{
    LLVMBuilderRef b = p->e.g->b;
    LLVMValueRef got = word(p, 0);
    size_t wanted = 0;
    for (uint32_t i = 0; i < p->e.abi->nin; i++) {
        size_t bytes = qir_type_bytes(p->e.abi->in[i].type);
        wanted += bytes;
        got = LLVMBuildAdd(b, got, transfer(p, p->system->read, STDIN, buffers[i], bytes), "");
    }
    if (!wanted)
        return;
    guard(p, LLVMBuildICmp(b, LLVMIntEQ, got, word(p, 0), ""), word(p, 0));
    guard(p, LLVMBuildICmp(b, LLVMIntNE, got, word(p, wanted), ""), word(p, QCG_CUT));
}

/* NAME_run, or, where there is one, NAME_run_mt with a pool of its own. */
static void run_model(program *p, LLVMValueRef in, LLVMValueRef out, LLVMValueRef pool)
{
    qcg_frame *e = &p->e;
    const char *name = qir_arena_printf(e->g->arena, pool ? "%s_run_mt" : "%s_run", e->abi->name);
    LLVMValueRef run = LLVMGetNamedFunction(e->g->module, name);
    QIR_ASSERT(run, "the entry points are made first");
    size_t bytes = pool ? qcg_abi_scratch_mt(e->abi, QCG_PROGRAM_TASKS) : e->abi->scratch_bytes;
    LLVMValueRef args[] = {in, out, make_buffer(p, bytes), LLVMConstInt(e->size, bytes, false), pool};
    LLVMValueRef code = LLVMBuildCall2(e->g->b, LLVMGlobalGetValueType(run), run, args, pool ? 5 : 4, "");
    LLVMValueRef negated = LLVMBuildNeg(e->g->b, LLVMBuildSExt(e->g->b, code, p->word, ""), "");
    guard(p, LLVMBuildIsNotNull(e->g->b, code, ""), negated);
}

/* (One check for all of them: a model may have hundreds.) */
static void write_outputs(program *p, LLVMValueRef *buffers)
{
    LLVMBuilderRef b = p->e.g->b;
    LLVMValueRef done = word(p, 0);
    size_t wanted = 0;
    for (uint32_t k = 0; k < p->e.abi->nout; k++) {
        size_t bytes = qir_type_bytes(p->e.abi->out[k].type);
        wanted += bytes;
        done = LLVMBuildAdd(b, done, transfer(p, p->system->write, STDOUT, buffers[k], bytes), "");
    }
    guard(p, LLVMBuildICmp(b, LLVMIntNE, done, word(p, wanted), ""), word(p, QCG_CUT));
}

static size_t input_bytes(const qcg_abi *abi)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < abi->nin; i++)
        bytes += qir_type_bytes(abi->in[i].type);
    return bytes;
}

void qcg_program(qcg *g, const qcg_abi *abi)
{
    program p = {.e = qcg_frame_make(g, abi),
                 .system = find_system(abi->triple),
                 .word = LLVMInt64TypeInContext(g->llvm)};
    LLVMValueRef *in = QIR_NEW_ARRAY(g->arena, LLVMValueRef, abi->nin + 1);
    LLVMValueRef *out = QIR_NEW_ARRAY(g->arena, LLVMValueRef, abi->nout + 1);
    make_transfer(&p);
    LLVMValueRef pool = abi->threads ? qcg_program_pool(g, abi) : NULL;
    begin(&p);
    make_buffers(&p, abi->in, abi->nin, in);
    make_buffers(&p, abi->out, abi->nout, out);
    LLVMBasicBlockRef again = qcg_frame_block(&p.e, "again");
    LLVMBuildBr(g->b, again);
    LLVMPositionBuilderAtEnd(g->b, again);
    read_inputs(&p, in);
    run_model(&p, make_struct(&p, in, abi->nin), make_struct(&p, out, abi->nout), pool);
    write_outputs(&p, out);
    if (input_bytes(abi))
        LLVMBuildBr(g->b, again);
    else
        leave(&p, word(&p, 0)); /* without inputs there is one run */
}
