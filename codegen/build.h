/* Small helpers over the LLVM C API, and the parts of the module that are not ops.  Private to
 * codegen/; kernels have their own helpers (llb). */
#ifndef QIR_CODEGEN_BUILD_H
#define QIR_CODEGEN_BUILD_H

#include "abi.h"
#include "gen.h"

/* One generated op: the function and what it was generated from. */
typedef struct qcg_call {
    const qir_op *op;
    LLVMValueRef fn;
} qcg_call;

/* Adds a function with the attributes that all generated code carries; `features` NULL: baseline. */
LLVMValueRef qcg_add_function(qcg *g, const char *name, LLVMTypeRef type, LLVMLinkage linkage,
                              const char *features);
void qcg_string_attr(qcg *g, LLVMValueRef fn, const char *key, const char *value);
void qcg_enum_attr(qcg *g, LLVMValueRef fn, unsigned index, const char *name);

/* An integer attribute of the plan (buf, buf_out, ws), when the op has it. */
bool qcg_int_attr(const qir_op *op, const char *name, int64_t *out);
/* Attribute `name` ("buf", "buf_out") of the plan for a result of an op; false for other values. */
bool qcg_place_attr(const qir_value *v, const char *name, int64_t *out);

/* `static i1 NAME_cpu_ok(void)`: does this CPU have the features?  NULL: nothing to check. */
LLVMValueRef qcg_cpu_check(qcg *g, const char *features);

/* Saves the floating-point environment and sets the default one; returns what was saved, or NULL on
 * architectures without a known control register. */
LLVMValueRef qcg_fp_enter(qcg *g);
void qcg_fp_leave(qcg *g, LLVMValueRef saved);

/* NAME_run, its hashed alias, NAME_isa, NAME_info. */
void qcg_entry(qcg *g, const qcg_abi *abi, const qcg_call *calls, size_t ncalls);

/* The constant table NAME_info; `run` is the entry point. */
void qcg_info(qcg *g, const qcg_abi *abi, LLVMValueRef run);

/* A call of inline assembly with n operands. */
LLVMValueRef qcg_asm(qcg *g, LLVMTypeRef result, LLVMTypeRef *params, LLVMValueRef *args, unsigned n,
                     const char *text, const char *constraints);
bool qcg_arch_is(const qcg *g, const char *arch);

#endif
