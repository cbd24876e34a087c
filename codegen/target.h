/* What a triple and a level mean to LLVM: architecture, features, CPU.  Private to codegen/. */
#ifndef QIR_CODEGEN_TARGET_H
#define QIR_CODEGEN_TARGET_H

#include "qir/codegen.h"

/* Is the first component of the triple `arch` (arm64 is aarch64)? */
bool qcg_triple_is(const char *triple, const char *arch);

/* What every CPU of the triple has where LLVM assumes less, and its calling convention; "": LLVM's. */
const char *qcg_platform_features(const char *triple);
const char *qcg_platform_abi(const char *triple);

/* Features of a level's op functions: those of the platform and of the level, then -mattr.  Arena (context). */
const char *qcg_features(qir_context *ctx, const qir_codegen_options *opts, qir_level level);
/* CPU that they are scheduled for; the instructions used do not depend on it. */
const char *qcg_tune_cpu(const qir_codegen_options *opts, qir_level level);

#endif
