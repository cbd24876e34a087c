/* Target machines, the LLVM pass pipeline, and the bytes of an object.
 *
 * The pipeline only cleans up what the kernels wrote: nothing in it may call a library (no loop
 * idioms), change the order of float operations, or undo the register blocking of the kernels (no
 * unrolling, no vectorizing). */
#include "emit.h"
#include "target.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <string.h>
#include "qir/support/assert.h"

static const char pipeline[] =
    "function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,"
    "loop-simplify,lcssa,loop-mssa(licm),instcombine<no-verify-fixpoint>,early-cse<memssa>,"
    "simplifycfg,adce)";

static bool is_suitable(LLVMTargetMachineRef tm)
{
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(tm);
    bool suits = LLVMByteOrder(layout) == LLVMLittleEndian && LLVMPointerSize(layout) == 8;
    LLVMDisposeTargetData(layout);
    return suits;
}

LLVMTargetMachineRef qcg_target_machine(qir_diag_engine *diag, const char *triple, const char *cpu,
                                        const char *features)
{
    LLVMInitializeAllTargetInfos();
    LLVMInitializeAllTargets();
    LLVMInitializeAllTargetMCs();
    LLVMInitializeAllAsmPrinters();
    LLVMInitializeAllAsmParsers();
    LLVMTargetRef target = NULL;
    char *error = NULL;
    if (LLVMGetTargetFromTriple(triple, &target, &error)) {
        LLVMDisposeMessage(error);
        qir_error(diag, NULL, "codegen.target",
                  "unknown target '%s'; expected a triple such as x86_64-linux-gnu or "
                  "aarch64-linux-gnu",
                  triple);
        return NULL;
    }
    LLVMTargetMachineRef tm =
        LLVMCreateTargetMachine(target, triple, cpu, features, LLVMCodeGenLevelAggressive,
                                LLVMRelocPIC, LLVMCodeModelSmall);
    if (is_suitable(tm))
        return tm;
    LLVMDisposeTargetMachine(tm);
    qir_error(diag, NULL, "codegen.target",
              "target '%s' is not both 64 bits wide and little-endian, as weights and interface are; "
              "expected one like x86_64, aarch64 or riscv64",
              triple);
    return NULL;
}

static bool run_passes(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm,
                       const char *passes)
{
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef error = LLVMRunPasses(module, passes, tm, options);
    LLVMDisposePassBuilderOptions(options);
    if (!error)
        return true;
    char *text = LLVMGetErrorMessage(error);
    qir_error(diag, NULL, "internal.codegen", "pass pipeline failed: %s", text);
    LLVMDisposeErrorMessage(text);
    return false;
}

/* The sanitizer sees accesses of up to 16 bytes: wider ones are cut into such. */
static bool sanitize(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm)
{
    static const char *const options[] = {"qcc", "-scalarize-load-store", "-scalarize-min-bits=128"};
    LLVMParseCommandLineOptions(sizeof options / sizeof *options, options, NULL);
    return run_passes(diag, module, tm, "function(scalarizer,tsan)");
}

static bool verify(qir_diag_engine *diag, LLVMModuleRef module)
{
    char *text = NULL;
    bool broken = LLVMVerifyModule(module, LLVMReturnStatusAction, &text);
    if (broken)
        qir_error(diag, NULL, "internal.codegen", "generated LLVM IR is malformed: %s", text);
    LLVMDisposeMessage(text);
    return !broken;
}

/* On AArch64 kernels stay in the order in which they are written: with all 32 registers in use there is no
 * room for LLVM's scheduler, which loads early and spills.  The option is the process's, which is one of
 * qcg_run_child. */
static void keep_order(LLVMTargetMachineRef tm)
{
    static const char *const options[] = {"qcc", "-enable-misched=false"};
    char *triple = LLVMGetTargetMachineTriple(tm);
    if (strncmp(triple, "aarch64", strlen("aarch64")) == 0)
        LLVMParseCommandLineOptions(sizeof options / sizeof *options, options, NULL);
    LLVMDisposeMessage(triple);
}

bool qcg_prepare(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm, bool merges)
{
    keep_order(tm);
    return verify(diag, module) && (!merges || run_passes(diag, module, tm, "mergefunc"));
}

bool qcg_optimize(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm, bool sanitizes)
{
    return run_passes(diag, module, tm, pipeline) && (!sanitizes || sanitize(diag, module, tm));
}

static bool cannot_emit(qir_diag_engine *diag, char *text)
{
    qir_error(diag, NULL, "internal.codegen", "cannot emit machine code: %s", text ? text : "");
    LLVMDisposeMessage(text);
    return false;
}

static bool write_machine_code(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm,
                               LLVMCodeGenFileType type, qir_strbuf *out)
{
    LLVMMemoryBufferRef buffer = NULL;
    char *text = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(tm, module, type, &text, &buffer))
        return cannot_emit(diag, text);
    qir_strbuf_write(out, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
    LLVMDisposeMemoryBuffer(buffer);
    return true;
}

static bool write_llvm(LLVMModuleRef module, qir_strbuf *out)
{
    char *text = LLVMPrintModuleToString(module);
    qir_strbuf_puts(out, text);
    LLVMDisposeMessage(text);
    return true;
}

bool qcg_emit(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm,
              qir_emit_kind kind, qir_strbuf *out)
{
    switch (kind) {
    case QIR_EMIT_OBJECT:
    case QIR_EMIT_PROGRAM:
        return write_machine_code(diag, module, tm, LLVMObjectFile, out);
    case QIR_EMIT_ASSEMBLY:
        return write_machine_code(diag, module, tm, LLVMAssemblyFile, out);
    case QIR_EMIT_LLVM:
        return write_llvm(module, out);
    }
    QIR_UNREACHABLE("emit kind");
}
