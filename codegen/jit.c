/* The JIT is the compiler: the very bytes of the object file are linked into this process by LLVM
 * ORC, and run through the same entry point. */
#include <llvm-c/LLJIT.h>
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <llvm-c/Error.h>
#include <stdlib.h>
#include <string.h>
#include "interface/abi.h"
#include "qir/custom.h"
#include "qir/ops.h"

typedef int (*run_fn)(const void *inputs, const void *outputs, void *scratch, size_t bytes);

typedef int (*run_mt_fn)(const void *inputs, const void *outputs, void *scratch, size_t bytes,
                         const qir_pool *pool);

struct qir_jit {
    LLVMOrcLLJITRef lljit;
    run_fn run;
    run_mt_fn run_mt; /* NULL: compiled without */
    void *scratch;
    size_t scratch_bytes;
};

static bool check(qir_diag_engine *diag, LLVMErrorRef error, const char *what)
{
    if (!error)
        return true;
    char *text = LLVMGetErrorMessage(error);
    qir_error(diag, NULL, "internal.jit", "%s: %s", what, text);
    LLVMDisposeErrorMessage(text);
    return false;
}

static LLVMOrcExecutorAddress find(qir_jit *j, qir_diag_engine *diag, const qcg_abi *abi,
                                   const char *suffix)
{
    qir_strbuf symbol = {0};
    LLVMOrcExecutorAddress address = 0;
    qir_strbuf_printf(&symbol, "%s_%s", abi->name, suffix);
    check(diag, LLVMOrcLLJITLookup(j->lljit, &address, qir_strbuf_cstr(&symbol)),
          "cannot find the entry point");
    qir_strbuf_free(&symbol);
    return address;
}

/* Custom ops call the functions that plugins have brought into this process. */
static bool define_customs(qir_jit *j, qir_diag_engine *diag, const qcg_abi *abi)
{
    qir_arena *arena = abi->ncustoms ? qir_context_arena(qir_op_module(abi->customs[0])->ctx) : NULL;
    LLVMOrcCSymbolMapPairs pairs =
        arena ? QIR_NEW_ARRAY(arena, LLVMOrcCSymbolMapPair, abi->ncustoms) : NULL;
    for (size_t i = 0; i < abi->ncustoms; i++) {
        const qir_op *op = abi->customs[i];
        qir_custom_fn fn = qir_custom_function(op);
        if (!fn)
            return false;
        pairs[i].Name = LLVMOrcLLJITMangleAndIntern(j->lljit, qir_op_string(op, "symbol"));
        pairs[i].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)fn;
        pairs[i].Sym.Flags.GenericFlags =
            LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable;
    }
    return !arena || check(diag,
                           LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(j->lljit),
                                                 LLVMOrcAbsoluteSymbols(pairs, abi->ncustoms)),
                           "cannot define the functions of custom ops");
}

static bool link_object(qir_jit *j, qir_diag_engine *diag, const qir_strbuf *object,
                        const qcg_abi *abi)
{
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    if (!check(diag, LLVMOrcCreateLLJIT(&j->lljit, NULL), "cannot start the JIT") ||
        !define_customs(j, diag, abi))
        return false;
    LLVMMemoryBufferRef bytes = LLVMCreateMemoryBufferWithMemoryRangeCopy(
        object->data, object->len, "model.o");
    LLVMOrcJITDylibRef dylib = LLVMOrcLLJITGetMainJITDylib(j->lljit);
    if (!check(diag, LLVMOrcLLJITAddObjectFile(j->lljit, dylib, bytes), "cannot link the object"))
        return false;
    j->run = (run_fn)(uintptr_t)find(j, diag, abi, "run");
    j->run_mt = abi->threads ? (run_mt_fn)(uintptr_t)find(j, diag, abi, "run_mt") : NULL;
    return j->run && (j->run_mt || !abi->threads);
}

static bool make_scratch(qir_jit *j, qir_diag_engine *diag, const qcg_abi *abi)
{
    size_t bytes = abi->threads ? qcg_abi_scratch_mt(abi, QCG_MOST_TASKS) : abi->scratch_bytes;
    j->scratch_bytes = (bytes + QCG_SCRATCH_ALIGN - 1) & ~(size_t)63;
    j->scratch = j->scratch_bytes ? aligned_alloc(QCG_SCRATCH_ALIGN, j->scratch_bytes) : NULL;
    return j->scratch || !j->scratch_bytes ||
           qir_error(diag, NULL, "codegen.memory", "cannot allocate %zu bytes of scratch memory",
                     j->scratch_bytes);
}

static bool load(qir_jit *j, const qir_codegen_options *opts, const qir_variant *v)
{
    qir_diag_engine *diag = qir_context_diag(v->module->ctx);
    qcg_abi abi;
    qir_strbuf object = {0};
    qir_codegen_options object_opts = *opts;
    object_opts.emit = QIR_EMIT_OBJECT;
    bool ok = qcg_abi_get(opts, v, 1, &abi) && qir_codegen(&object_opts, v, 1, &object) &&
              make_scratch(j, diag, &abi) && link_object(j, diag, &object, &abi);
    qir_strbuf_free(&object);
    return ok;
}

qir_jit *qir_jit_create(const qir_codegen_options *opts, const qir_variant *v)
{
    qir_jit *j = calloc(1, sizeof *j);
    if (j && !load(j, opts, v)) {
        qir_jit_destroy(j);
        return NULL;
    }
    return j;
}

void qir_jit_destroy(qir_jit *j)
{
    if (!j)
        return;
    if (j->lljit)
        LLVMConsumeError(LLVMOrcDisposeLLJIT(j->lljit));
    free(j->scratch);
    free(j);
}

int qir_jit_run(qir_jit *j, const void *const *inputs, void *const *outputs)
{
    return j->run(inputs, outputs, j->scratch, j->scratch_bytes);
}

int qir_jit_run_mt(qir_jit *j, const void *const *inputs, void *const *outputs, const qir_pool *pool)
{
    enum { RUBBISH = 0x5a };
    if (j->scratch)
        memset(j->scratch, RUBBISH, j->scratch_bytes);
    return j->run_mt(inputs, outputs, j->scratch, j->scratch_bytes, pool);
}
