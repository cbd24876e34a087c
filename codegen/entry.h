/* What the parts of the entry point share.  Private to codegen/. */
#ifndef QIR_CODEGEN_ENTRY_H
#define QIR_CODEGEN_ENTRY_H

#include "build.h"

typedef struct qcg_entry_state {
    qcg *g;
    const qcg_abi *abi;
    LLVMValueRef fn, in, out, scratch, bytes; /* parameters */
    LLVMValueRef *in_ptr, *out_ptr;           /* loaded from the structs */
    LLVMTypeRef ptr, i8, i32, size;
} qcg_entry_state;

/* base + bytes */
LLVMValueRef qcg_entry_offset(qcg_entry_state *e, LLVMValueRef base, size_t bytes);

/* Emits the checks of what the caller passed, which load the pointers; each returns its code.
 * `cpu_ok`: the function that asks the CPU, or NULL. */
void qcg_entry_checks(qcg_entry_state *e, LLVMValueRef cpu_ok);

#endif
