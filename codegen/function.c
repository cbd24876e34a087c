/* Functions and constants of the LLVM module that is being made: what kernels, entry point and checks
 * are built from. */
#include <stdio.h>
#include <string.h>
#include "build.h"
#include "target.h"
#include "interface/selftest.h"
#include "interface/weights_file.h"
#include "qir/layout.h"
#include "qir/support/assert.h"

/* ---- constants -------------------------------------------------------------------------------- */
static void note_use(qcg *g, LLVMValueRef global, size_t at, const void *data, size_t bytes)
{
    if (g->selftest && g->op)
        qcg_selftest_note(g, global, at, data, bytes);
}

LLVMValueRef qcg_const(qcg *g, const void *data, size_t bytes, unsigned align)
{
    if (g->weights && bytes >= QCG_LARGE) {
        size_t at = qcg_image_place(g->image, data, bytes);
        note_use(g, NULL, at, data, bytes);
        return qcg_image_at(g, at);
    }
    LLVMValueRef global = qir_strmap_get(&g->globals, data, bytes);
    if (global) {
        if (LLVMGetAlignment(global) < align)
            LLVMSetAlignment(global, align);
        note_use(g, global, 0, data, bytes);
        return global;
    }
    LLVMValueRef init = LLVMConstStringInContext2(g->llvm, data, bytes, true);
    char name[32];
    snprintf(name, sizeof name, ".c%u", g->next_global++);
    global = LLVMAddGlobal(g->module, LLVMTypeOf(init), name);
    LLVMSetInitializer(global, init);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
    LLVMSetAlignment(global, align);
    /* The key is LLVM's own copy, for weights are large; of zeros it has none. */
    const void *key =
        LLVMIsNull(init) ? qir_arena_copy(g->arena, data, bytes) : LLVMGetAsString(init, &bytes);
    qir_strmap_put(&g->globals, key, bytes, global);
    note_use(g, global, 0, data, bytes);
    return global;
}

const void *qcg_in_physical_order(qir_arena *arena, const qir_type *t, const unsigned char *data)
{
    if (t->kind == QIR_PACKED || qir_layout_is_row_major(t))
        return data;
    int64_t strides[QIR_MAX_RANK], index[QIR_MAX_RANK] = {0};
    size_t size = qir_dtype_bytes(t->dtype);
    unsigned char *copy = qir_arena_alloc(arena, qir_type_bytes(t));
    qir_type_strides(t, strides);
    for (int64_t n = qir_type_elements(t); n > 0; n--, data += size) {
        int64_t at = 0;
        for (unsigned d = 0; d < t->rank; d++)
            at += index[d] * strides[d];
        memcpy(copy + (size_t)at * size, data, size);
        for (unsigned d = t->rank; d-- > 0 && ++index[d] == t->dims[d];)
            index[d] = 0;
    }
    return copy;
}

LLVMValueRef qcg_operand(qcg *g, unsigned i)
{
    enum { CONST_ALIGN = 64 };
    if (g->in[i])
        return g->in[i];
    qir_value *v = qir_value_root(qir_op_operand(g->op, i));
    qir_const *c = v ? qir_value_const(v) : NULL;
    QIR_ASSERT(c, "operand is neither a buffer nor a constant");
    const void *data = qir_const_data(c);
    QIR_ASSERT(data, "constants are loaded before code generation");
    g->in[i] = qcg_const(g, qcg_in_physical_order(g->arena, v->type, data), qir_type_bytes(v->type),
                         CONST_ALIGN);
    return g->in[i];
}

/* ---- functions -------------------------------------------------------------------------------- */
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
        qcg_string_attr(g, fn, "target-features", features);
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
