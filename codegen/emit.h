/* The LLVM side of a target: machine, attributes, pipeline, bytes.  Private to codegen/. */
#ifndef QIR_CODEGEN_EMIT_H
#define QIR_CODEGEN_EMIT_H

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>
#include "qir/codegen.h"

/* What every CPU of the triple has where LLVM assumes less, and its calling convention; "": LLVM's. */
const char *qcg_platform_features(const char *triple);
const char *qcg_platform_abi(const char *triple);

/* Features of a level's op functions: those of the platform and of the level, then -mattr.  Arena (context). */
const char *qcg_features(qir_context *ctx, const qir_codegen_options *opts, qir_level level);
/* CPU that they are scheduled for; the instructions used do not depend on it. */
const char *qcg_tune_cpu(const qir_codegen_options *opts, qir_level level);

/* A machine for the baseline of the triple.  NULL: diagnosed.  Caller disposes. */
LLVMTargetMachineRef qcg_target_machine(qir_diag_engine *diag, const char *triple, const char *cpu,
                                        const char *features);

/* Verifies `module` and runs the fixed pipeline; then, if `sanitizes`, what tells LLVM's thread sanitizer
 * of every access. */
bool qcg_optimize(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm,
                  bool sanitizes);

/* Appends object, assembly or IR to `out`. */
bool qcg_emit(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm,
              qir_emit_kind kind, qir_strbuf *out);

#endif
