/* What the parts of the interface's functions share.  Private to codegen/. */
#ifndef QIR_CODEGEN_ENTRY_H
#define QIR_CODEGEN_ENTRY_H

#include "build.h"

/* A function of the interface while it is built. */
typedef struct qcg_frame {
    qcg *g;
    const qcg_abi *abi;
    LLVMValueRef fn, in, out, scratch, bytes; /* parameters; bytes only where they are checked */
    LLVMValueRef *in_ptr, *out_ptr;           /* loaded from the structs */
    LLVMValueRef weights;                     /* behind the inputs, where there is a weights file */
    LLVMTypeRef ptr, i8, i32, size;
} qcg_frame;

qcg_frame qcg_frame_make(qcg *g, const qcg_abi *abi);
/* Adds a function PREFIX_suffix for the baseline and positions the builder in its entry block. */
LLVMValueRef qcg_frame_function(qcg_frame *e, const char *suffix, LLVMTypeRef type,
                                LLVMLinkage linkage);
/* base + bytes */
LLVMValueRef qcg_frame_offset(qcg_frame *e, LLVMValueRef base, size_t bytes);
/* Loads in_ptr, out_ptr and weights; constants are found there from now on. */
void qcg_frame_load_tensors(qcg_frame *e, LLVMValueRef in, LLVMValueRef out);
LLVMBasicBlockRef qcg_frame_block(qcg_frame *e, const char *name);
/* Returns `code` if `bad`; building goes on where it is not. */
void qcg_frame_guard(qcg_frame *e, LLVMValueRef bad, int code);

/* Returns `code`, an i32, if it is negative; building goes on where it is not. */
void qcg_frame_pass_on(qcg_frame *e, LLVMValueRef code);

/* --- entry_checks.c --- */
/* Emits the checks of what the caller passed, which load the pointers; each returns its code.
 * `need`: bytes of scratch memory, of the type `size`. */
void qcg_entry_checks(qcg_frame *e, LLVMValueRef need);

/* --- body.c --- */
/* Where the plan has put a result of an op. */
LLVMValueRef qcg_result_address(qcg_frame *e, const qir_value *v);
/* `static i32 NAME_<level>(in, out, scratch)`: the ops of a variant on buffers that were checked,
 * in a floating-point environment that was set.  Returns 0, or what a custom op returned. */
LLVMValueRef qcg_body(qcg *g, const qcg_abi *abi, const qcg_call *calls, size_t ncalls);

/* What bodies are made of: an op, or, with `part`, one task's share of it; */
typedef struct qcg_part {
    LLVMValueRef task, tasks; /* i64 */
    LLVMValueRef workspace;   /* of every task but the first */
} qcg_part;
/* whose code is returned, i32 and negative if it failed; NULL: it cannot fail; */
LLVMValueRef qcg_call_op(qcg_frame *e, const qcg_call *call, const qcg_part *part);
/* the inputs that outputs update, moved there: from here on their pointers are the outputs'.
 * `copies`: what the caller holds in two buffers is copied before; */
void qcg_move_in(qcg_frame *e, bool copies);
/* the results that no op writes in place. */
void qcg_copy_results(qcg_frame *e);

/* --- tasks.c --- */
/* `static i32 NAME_<level>_mt(in, out, scratch, pool)`: the same body, its ops shared among tasks
 * of the caller's pool, each of which sets the floating-point environment itself. */
LLVMValueRef qcg_body_mt(qcg *g, const qcg_abi *abi, const qcg_call *calls, size_t ncalls);
/* struct qcc_pool, as callers of NAME_run_mt fill it: { user, threads, parallel_for }. */
LLVMTypeRef qcg_pool_type(qcg_frame *e);
/* The pool's number of threads, i32; returns NAME_E_POOL from the function if it is no pool. */
LLVMValueRef qcg_pool_threads(qcg_frame *e, LLVMValueRef pool);

/* --- dispatch.c --- */
/* The level to run, an index into the object's levels: `wanted`, or the CPU's best if that is
 * negative.  Returns NAME_E_CPU from the function if there is none. */
LLVMValueRef qcg_choose_level(qcg_frame *e, LLVMValueRef wanted);
/* The mask of levels that this CPU has; only the lowest where it cannot be asked. */
LLVMValueRef qcg_levels_here(qcg_frame *e);
/* NAME_isa, NAME_level_name, and on AArch64 NAME_level_for. */
void qcg_level_functions(qcg *g, const qcg_abi *abi);

/* Aliases of the functions that run, with the interface's hash in their names, which the header's macros make
 * callers use: added to the finished module. */
void qcg_entry_aliases(qcg *g, const qcg_abi *abi);

/* --- program.c ---------------------------------------------------------------------------------- */
/* Can a runner program be made for the triple?  False: diagnosed. */
bool qcg_program_check(qir_diag_engine *diag, const char *triple);
/* Adds `_start`, once the functions of the interface are there. */
void qcg_program(qcg *g, const qcg_abi *abi);

/* --- program_pool.c ------------------------------------------------------------------------------ */
enum { QCG_PROGRAM_TASKS = 3 };
/* A constant struct qcc_pool of QCG_PROGRAM_TASKS threads that are one: tasks run one after another, the
 * last one first, so that a task that needs what one before it does gives other results. */
LLVMValueRef qcg_program_pool(qcg *g, const qcg_abi *abi);

#endif
