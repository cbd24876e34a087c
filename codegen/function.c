/* Functions of the LLVM module that is being made: what kernels, entry point and checks are built from. */
#include <string.h>
#include "build.h"
#include "machine.h"
#include "target.h"
#include "qir/layout.h"
#include "qir/support/assert.h"

void qcg_enum_attr(qcg *g, LLVMValueRef fn, unsigned index, const char *name)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(fn, index, LLVMCreateEnumAttribute(g->llvm, kind, 0));
}

void qcg_string_attr(qcg *g, LLVMValueRef fn, const char *key, const char *value)
{
    LLVMAttributeRef a = LLVMCreateStringAttribute(g->llvm, key, (unsigned)strlen(key), value,
                                                   (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex, a);
}

bool qcg_arch_is(const qcg *g, const char *arch)
{
    return qcg_triple_is(g->opts->triple, arch);
}

/* So that backtraces from anywhere in the code, and from what it calls, reach the caller. */
static void unwind_table(qcg *g, LLVMValueRef fn)
{
    enum { ANY_INSTRUCTION = 2 };
    unsigned kind = LLVMGetEnumAttributeKindForName("uwtable", 7);
    LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(g->llvm, kind, ANY_INSTRUCTION));
}

/* Where it takes vpdpwssd for slow, LLVM makes a product and an addition of it: one operation more, and one register
 * less, where they are few. */
static const char *tuned(qcg *g, const char *features)
{
    enum { FEW = 16 };
    bool many = g->machine && g->machine->registers > FEW && qcg_arch_is(g, "x86_64");
    return many ? qir_arena_printf(g->arena, "%s,+fast-dpwssd", features) : features;
}

LLVMValueRef qcg_add_function(qcg *g, const char *name, LLVMTypeRef type, LLVMLinkage linkage,
                              const char *features)
{
    LLVMValueRef fn = LLVMAddFunction(g->module, name, type);
    LLVMSetLinkage(fn, linkage);
    qcg_enum_attr(g, fn, LLVMAttributeFunctionIndex, "nounwind");
    unwind_table(g, fn);
    if (g->opts->sanitize_thread)
        qcg_enum_attr(g, fn, LLVMAttributeFunctionIndex, "sanitize_thread");
    qcg_string_attr(g, fn, "no-builtins", "");
    if (features && *features)
        qcg_string_attr(g, fn, "target-features", tuned(g, features));
    if (features && *qcg_tune_cpu(g->opts, g->level))
        qcg_string_attr(g, fn, "tune-cpu", qcg_tune_cpu(g->opts, g->level));
    if (qcg_arch_is(g, "aarch64")) {
        qcg_string_attr(g, fn, "branch-target-enforcement", "true");
        qcg_string_attr(g, fn, "sign-return-address", "non-leaf");
    }
    return fn;
}

LLVMValueRef qcg_asm(qcg *g, LLVMTypeRef result, LLVMTypeRef *params, LLVMValueRef *args, unsigned n,
                     const char *text, const char *constraints)
{
    (void)g;
    LLVMTypeRef type = LLVMFunctionType(result, params, n, false);
    LLVMValueRef code = LLVMGetInlineAsm(type, text, strlen(text), constraints, strlen(constraints),
                                         true, false, LLVMInlineAsmDialectATT, false);
    return LLVMBuildCall2(g->b, type, code, args, n, "");
}

bool qcg_int_attr(const qir_op *op, const char *name, int64_t *out)
{
    const qir_attr *a = qir_op_attr(op, name);
    if (a && a->kind == QIR_ATTR_INT)
        *out = a->u.i;
    return a && a->kind == QIR_ATTR_INT;
}

bool qcg_place_attr(const qir_value *v, const char *name, int64_t *out)
{
    const qir_op *op = qir_value_op(v);
    return op && qcg_int_attr(op, qir_plan_attr(qir_op_module(op)->ctx, name, v->index), out);
}
