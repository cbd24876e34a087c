/* Asking the CPU what it has, by baseline instructions, since there is no libc to ask: per
 * architecture, which features must be asked for and how.  Private to codegen/. */
#ifndef QIR_CODEGEN_CPU_H
#define QIR_CODEGEN_CPU_H

#include "build.h"

/* Is +name in a list of LLVM features? */
bool qcg_has_feature(const char *features, const char *name);

/* Must code with these features ask the CPU first (and is it possible on that system)? */
bool qcg_cpu_is_asked(const char *triple, const char *features);

/* i32: bit i is set if the CPU has what level i of the object needs.  Builds into `fn`, at the
 * builder's place; all levels' bits are set where nothing is asked. */
LLVMValueRef qcg_cpu_levels(qcg *g, LLVMValueRef fn, const qcg_abi *abi);

/* mask | (ok ? 1 << bit : 0) */
LLVMValueRef qcg_mask_or(qcg *g, LLVMValueRef mask, LLVMValueRef ok, unsigned bit);

/* --- rows of the table in cpu.c ------------------------------------------------------------------
 */
bool qcg_x86_asks(const char *triple, const char *features);
LLVMValueRef qcg_x86_levels(qcg *g, LLVMValueRef fn, const qcg_abi *abi);
bool qcg_arm_asks(const char *triple, const char *features);
LLVMValueRef qcg_arm_levels(qcg *g, LLVMValueRef fn, const qcg_abi *abi);
/* The same mask from parameters 0 and 1 of `fn`: Linux's AT_HWCAP and AT_HWCAP2. */
LLVMValueRef qcg_arm_levels_of_hwcap(qcg *g, LLVMValueRef fn, const qcg_abi *abi);

#endif
