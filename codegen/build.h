/* Small helpers over the LLVM C API, and the parts of the module that are not ops.  Private to
 * codegen/; kernels have their own helpers (llb). */
#ifndef QIR_CODEGEN_BUILD_H
#define QIR_CODEGEN_BUILD_H

#include "interface/abi.h"
#include "gen.h"

/* A constant that the function of an op gets from its callers. */
typedef struct qcg_constant {
    bool in_file; /* weights file or pool */
    size_t at;
} qcg_constant;
enum { QCG_MOST_CONSTANTS = 6 };

/* One generated op, or region of ops: the function and what it was generated from. */
typedef struct qcg_call {
    const qir_op *op;       /* of a region the last one, whose results are the call's */
    qir_value *const *in;   /* what it reads: a pointer each, none of them a constant */
    size_t nin;
    LLVMValueRef fn;
    bool shares;    /* has parameters task and tasks */
    unsigned tasks; /* that are worth while, at most */
    unsigned most, first; /* parameters that are constants: how many, and the number of the first */
    qcg_constant constants[QCG_MOST_CONSTANTS];
    unsigned nconstants;  /* of them used */
    bool own_constants;   /* it reads its constants where they are, by name, and is never shared */
} qcg_call;

/* Makes the function of op number k, for at most `tasks` tasks.  False: diagnosed. */
bool qcg_lower_op(qcg *g, const qir_op *op, size_t k, const char *features, unsigned tasks, qcg_call *call);

/* Adds the function of a call of which all else is known, with parameters task and tasks if it takes several:
 *     void, or code, (in..., results..., workspace[, task, tasks][, weights], constants...) */
void qcg_call_function(qcg *g, const char *symbol, const char *features, qcg_call *call);
/* The builder goes into its entry block, g knows its parameters; `in` are the first ones. */
void qcg_call_enter(qcg *g, qcg_call *call);
/* Appends its constants to the arguments of a call, of which there are n; returns how many there are then. */
unsigned qcg_pass_constants(qcg *g, const qcg_call *call, LLVMValueRef *args, unsigned n);
/* Where the constants of all calls lie: a symbol that is not defined in the module, of bytes that are written into
 * the object (elf/join.h). */
void qcg_pool_begin(qcg *g);
const char *qcg_pool_symbol(qcg *g);
/* All are there; `embeds`: they become a constant of the module, for other outputs. */
void qcg_pool_finish(qcg *g, bool embeds);

/* Adds a function with the attributes that all generated code carries; `features` NULL: baseline. */
LLVMValueRef qcg_add_function(qcg *g, const char *name, LLVMTypeRef type, LLVMLinkage linkage,
                              const char *features);
void qcg_string_attr(qcg *g, LLVMValueRef fn, const char *key, const char *value);
void qcg_enum_attr(qcg *g, LLVMValueRef fn, unsigned index, const char *name);

/* Symbol of the function of op number k: debuggers and profilers show the layer.  Arena. */
const char *qcg_op_symbol(qcg *g, const qir_op *op, size_t k);
/* Line tables for the functions of the finished module, where opts->debug_file asks for them. */
void qcg_debug(qcg *g);

/* An integer attribute of the plan (buf, buf_out, ws), when the op has it. */
bool qcg_int_attr(const qir_op *op, const char *name, int64_t *out);
/* Attribute `name` ("buf", "buf_out") of the plan for a result of an op; false for other values. */
bool qcg_place_attr(const qir_value *v, const char *name, int64_t *out);

/* Memory for the floating-point environment, on entry of a function; NULL on architectures without a
 * known control register.  qcg_fp_enter saves the environment there and sets the default one. */
LLVMValueRef qcg_fp_save(qcg *g);
void qcg_fp_enter(qcg *g, LLVMValueRef saved);
void qcg_fp_leave(qcg *g, LLVMValueRef saved);

/* What runs a level (entry.h); run_mt NULL without -fthreads. */
typedef struct qcg_bodies {
    LLVMValueRef run, run_mt, selftest;
} qcg_bodies;

/* The functions of the interface; `bodies`: those of each level. */
void qcg_entry(qcg *g, const qcg_abi *abi, const qcg_bodies *bodies);

/* Are objects of this triple ELF files? */
bool qcg_is_elf(const char *triple);
/* The last step: sections for what has none. */
void qcg_place_in_sections(qcg *g);

/* The constant table NAME_info, once the functions that it points to are there. */
void qcg_info(qcg *g, const qcg_abi *abi);

/* The section .note.qcc, when the options have a text for it. */
void qcg_note(qcg *g);

/* Parts of constant tables: numbers, text padded to `size` bytes with a NUL, a qcc_tensor_info, and a
 * table itself. */
LLVMValueRef qcg_u32(qcg *g, uint64_t v);
LLVMValueRef qcg_u64(qcg *g, uint64_t v);
LLVMValueRef qcg_text(qcg *g, const char *s, size_t size);
LLVMValueRef qcg_tensor_info(qcg *g, const qir_type *type, const char *name);
LLVMValueRef qcg_table(qcg *g, const char *name, LLVMValueRef init, LLVMLinkage linkage);

/* A call of inline assembly with n operands. */
LLVMValueRef qcg_asm(qcg *g, LLVMTypeRef result, LLVMTypeRef *params, LLVMValueRef *args, unsigned n,
                     const char *text, const char *constraints);
bool qcg_arch_is(const qcg *g, const char *arch);

#endif
