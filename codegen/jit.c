/* The JIT is the compiler: the very bytes of the object file are linked into this process by LLVM
 * ORC, and run through the same entry point. */
#include <llvm-c/LLJIT.h>
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <llvm-c/Error.h>
#include <stdlib.h>
#include <string.h>
#include "abi.h"

typedef int (*run_fn)(const void *inputs, const void *outputs, void *scratch, size_t bytes);

struct qir_jit {
    LLVMOrcLLJITRef lljit;
    run_fn run;
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

static bool link_object(qir_jit *j, qir_diag_engine *diag, const qir_strbuf *object,
                        const char *symbol)
{
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    if (!check(diag, LLVMOrcCreateLLJIT(&j->lljit, NULL), "cannot start the JIT"))
        return false;
    LLVMMemoryBufferRef bytes = LLVMCreateMemoryBufferWithMemoryRangeCopy(
        object->data, object->len, "model.o");
    LLVMOrcJITDylibRef dylib = LLVMOrcLLJITGetMainJITDylib(j->lljit);
    LLVMOrcExecutorAddress address = 0;
    if (!check(diag, LLVMOrcLLJITAddObjectFile(j->lljit, dylib, bytes), "cannot link the object") ||
        !check(diag, LLVMOrcLLJITLookup(j->lljit, &address, symbol), "cannot find the entry point"))
        return false;
    j->run = (run_fn)(uintptr_t)address;
    return true;
}

static bool load(qir_jit *j, const qir_codegen_options *opts, const qir_variant *v)
{
    qir_diag_engine *diag = qir_context_diag(v->module->ctx);
    qcg_abi abi;
    qir_strbuf object = {0}, symbol = {0};
    qir_codegen_options object_opts = *opts;
    object_opts.emit = QIR_EMIT_OBJECT;
    bool ok = qcg_abi_get(opts, v, 1, &abi) && qir_codegen(&object_opts, v, 1, &object);
    if (ok) {
        qir_strbuf_printf(&symbol, "%s_run", abi.name);
        j->scratch_bytes = (abi.scratch_bytes + QCG_SCRATCH_ALIGN - 1) & ~(size_t)63;
        j->scratch = j->scratch_bytes ? aligned_alloc(QCG_SCRATCH_ALIGN, j->scratch_bytes) : NULL;
        ok = (j->scratch || !j->scratch_bytes) ||
             qir_error(diag, NULL, "codegen.memory", "cannot allocate %zu bytes of scratch memory",
                       j->scratch_bytes);
        ok = ok && link_object(j, diag, &object, symbol.data);
    }
    qir_strbuf_free(&object);
    qir_strbuf_free(&symbol);
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
