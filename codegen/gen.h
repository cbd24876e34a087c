/* The generator's state while one op is lowered; private to codegen/.
 *
 * The driver (module.c) makes one internal LLVM function per op of each level,
 *     void NAME_<level>_<k>_<layer>(const i8 *in0, ..., i8 *out0, ..., i8 *ws[, i64 task, i64 tasks]
 *                          [, const i8 *weights], const i8 *constant0, ...)
 * positions the builder in its entry block, calls the op's qir_lower_* function, and then emits the
 * return.  Constants are parameters, so that ops which differ in them alone are one function.  Kernels leave
 * the builder in the block where execution continues. */
#ifndef QIR_CODEGEN_GEN_H
#define QIR_CODEGEN_GEN_H

#include <llvm-c/Core.h>
#include "qir/codegen.h"
#include "qir/ops.h"
#include "qir/support/map.h"

struct qcg_image;   /* constants behind one another: codegen/image.h */
struct qcg_call;    /* the function of an op: codegen/build.h */
struct qcg_machine; /* vector machine of a level: codegen/machine.h */

typedef struct qcg {
    qir_module *qir; /* planned for `level` */
    LLVMContextRef llvm;
    LLVMModuleRef module;
    LLVMBuilderRef b;
    const qir_codegen_options *opts;
    qir_level level; /* of `qir`, the variant that is being generated */
    const struct qcg_machine *machine;
    qir_arena *arena; /* for the whole generation */

    const qir_op *op;     /* being lowered; NULL: none is */
    const qir_op *region; /* last op of the region that it is a part of; NULL: of none */
    LLVMValueRef fn;      /* its function */
    struct qcg_call *call; /* the same, with its constants; NULL: it is none of an op */
    LLVMValueRef *in;     /* pointer per operand; NULL: absent or constant (see qcg_const) */
    LLVMValueRef out;     /* pointer of result 0 */
    LLVMValueRef *outs;   /* pointer per result */
    LLVMValueRef code;    /* what it returns, i32: of an op that calls the user (trait CALLS) */
    LLVMValueRef ws;      /* workspace: qir_level_workspace() bytes, 64-byte aligned */
    LLVMValueRef task, tasks; /* this call's share of the op (share.h); NULL: all of it */
    bool sharing;             /* inside a loop that has taken it */
    int64_t units;            /* that the op's loops can be cut into */
    struct qcg_selftest *selftest; /* NULL: none is made */
    struct qcg_image *image;  /* of the weights file; NULL: all constants are in the object */
    struct qcg_image *pool;   /* of the object: what ops read */
    LLVMValueRef pool_global; /* where that is */
    LLVMValueRef pool_base, pool_fn; /* the same in a register of this function */
    LLVMValueRef weights;     /* where it is, in the function that is being built; NULL: not known there */
    unsigned next_global; /* numbers private constants */
    qir_map globals;      /* bytes -> private constant */
    qir_map op_of;        /* function -> the op that it computes */
} qcg;

/* Pointer of a constant with these bytes: in an op a parameter, elsewhere a private global.  Equal bytes share a
 * place, in the object or, large ones, in the weights file where there is one. */
LLVMValueRef qcg_const(qcg *g, const void *data, size_t bytes, unsigned align);

/* Row-major bytes in the physical order of `t`: the same, or a copy in `arena`. */
const void *qcg_in_physical_order(qir_arena *arena, const qir_type *t, const unsigned char *data);

/* Pointer of operand i: the buffer, or a global with the constant's bytes (packed or row-major). */
LLVMValueRef qcg_operand(qcg *g, unsigned i);

/* One per name in the lower column of ops.def.  False: diagnosed (unsupported form). */
#define OP_BEGIN(op, doc)
#define OP_END(op, nresults, traits, infer, qrule, eval, lower) bool qir_lower_##lower(qcg *g);
#include "ops.def"

#endif
