/* The LLVM side of a target: machine, attributes, pipeline, bytes.  Private to codegen/. */
#ifndef QIR_CODEGEN_EMIT_H
#define QIR_CODEGEN_EMIT_H

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>
#include "qir/codegen.h"

/* A machine for the baseline of the triple.  NULL: diagnosed.  Caller disposes. */
LLVMTargetMachineRef qcg_target_machine(qir_diag_engine *diag, const char *triple, const char *cpu,
                                        const char *features);

/* Verifies `module`; merges: functions whose code is the same become one. */
bool qcg_prepare(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm, bool merges);
/* Runs the pipeline; sanitizes: and tells LLVM's thread sanitizer of every access, behind all else. */
bool qcg_optimize(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm, bool sanitizes);

/* Appends object, assembly or IR to `out`. */
bool qcg_emit(qir_diag_engine *diag, LLVMModuleRef module, LLVMTargetMachineRef tm,
              qir_emit_kind kind, qir_strbuf *out);

#endif
