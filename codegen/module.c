/* From a planned module to an LLVM module: one internal function per op, in program order, then the
 * entry point that calls them.  What an op's function contains is the business of the kernels,
 * found through the lower column of ops.def. */
#include <stdio.h>
#include <string.h>
#include <llvm-c/Target.h>
#include "build.h"
#include "child.h"
#include "emit.h"
#include "machine.h"
#include "qir/layout.h"
#include "qir/support/assert.h"

typedef bool (*lower_fn)(qcg *g);
static const lower_fn lower_table[] = {
#define OP_BEGIN(op, doc)
#define OP_END(op, nresults, traits, infer, qrule, eval, lower) qir_lower_##lower,
#include "ops.def"
};

bool qir_lower_none(qcg *g)
{
    return qir_error(qir_context_diag(g->qir->ctx), g->op->loc, "codegen.op",
                     "no code can be generated for '%s'; rewrite the model without it, or evaluate "
                     "it with qir-run",
                     qir_op_name(g->op));
}

/* ---- constants -------------------------------------------------------------------------------- */
LLVMValueRef qcg_const(qcg *g, const void *data, size_t bytes, unsigned align)
{
    LLVMValueRef global = qir_strmap_get(&g->globals, data, bytes);
    if (global) {
        if (LLVMGetAlignment(global) < align)
            LLVMSetAlignment(global, align);
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
    qir_strmap_put(&g->globals, qir_arena_copy(g->arena, data, bytes), bytes, global);
    return global;
}

/* Row-major bytes into the physical order of `t`. */
static const void *in_physical_order(qir_arena *arena, const qir_type *t, const unsigned char *data)
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
    g->in[i] = qcg_const(g, in_physical_order(g->arena, v->type, data), qir_type_bytes(v->type),
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

LLVMValueRef qcg_add_function(qcg *g, const char *name, LLVMTypeRef type, LLVMLinkage linkage,
                              const char *features)
{
    LLVMValueRef fn = LLVMAddFunction(g->module, name, type);
    LLVMSetLinkage(fn, linkage);
    qcg_enum_attr(g, fn, LLVMAttributeFunctionIndex, "nounwind");
    qcg_string_attr(g, fn, "no-builtins", "");
    if (features && *features)
        qcg_string_attr(g, fn, "target-features", features);
    if (features && *qcg_tune_cpu(g->opts))
        qcg_string_attr(g, fn, "tune-cpu", qcg_tune_cpu(g->opts));
    if (qcg_arch_is(g, "aarch64"))
        qcg_string_attr(g, fn, "branch-target-enforcement", "true");
    return fn;
}

static bool is_buffer(const qir_value *v)
{
    return v && qir_value_root((qir_value *)v)->kind != QIR_VALUE_CONST;
}

static LLVMValueRef op_function(qcg *g, const qir_op *op, size_t k, const char *features)
{
    unsigned n = 0;
    LLVMTypeRef ptr = LLVMPointerTypeInContext(g->llvm, 0);
    LLVMTypeRef *params = QIR_NEW_ARRAY(g->arena, LLVMTypeRef, op->noperands + 2);
    for (uint32_t i = 0; i < op->noperands; i++)
        if (is_buffer(qir_op_operand(op, i)))
            params[n++] = ptr;
    params[n++] = ptr;
    params[n++] = ptr;
    char name[96];
    snprintf(name, sizeof name, "%s_op%zu", g->opts->name, k);
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(g->llvm), params, n, false);
    return qcg_add_function(g, name, type, LLVMInternalLinkage, features);
}

bool qcg_int_attr(const qir_op *op, const char *name, int64_t *out)
{
    const qir_attr *a = qir_op_attr(op, name);
    if (a && a->kind == QIR_ATTR_INT)
        *out = a->u.i;
    return a && a->kind == QIR_ATTR_INT;
}

/* Did the plan put the result into an operand's memory? */
static bool is_in_place(const qir_op *op)
{
    int64_t to, from;
    if (!qcg_int_attr(op, "buf", &to))
        return false;
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *v = qir_op_operand(op, i);
        const qir_op *def = v ? qir_value_op(qir_value_root(v)) : NULL;
        if (def && qcg_int_attr(def, "buf", &from) && from == to)
            return true;
    }
    return false;
}

static void bind_params(qcg *g, const qir_op *op)
{
    unsigned n = 0;
    g->in = QIR_NEW_ARRAY(g->arena, LLVMValueRef, op->noperands + 1);
    for (uint32_t i = 0; i < op->noperands; i++)
        if (is_buffer(qir_op_operand(op, i)))
            g->in[i] = LLVMGetParam(g->fn, n++);
    g->out = LLVMGetParam(g->fn, n++);
    g->ws = LLVMGetParam(g->fn, n);
    /* The plan gives results and workspaces memory of their own, but for ops done in place. */
    qcg_enum_attr(g, g->fn, n + 1, "noalias");
    if (!is_in_place(op))
        qcg_enum_attr(g, g->fn, n, "noalias");
}

static bool lower_op(qcg *g, const qir_op *op, size_t k, const char *features)
{
    g->op = op;
    g->fn = op_function(g, op, k, features);
    bind_params(g, op);
    LLVMPositionBuilderAtEnd(g->b, LLVMAppendBasicBlockInContext(g->llvm, g->fn, "entry"));
    if (!lower_table[op->opcode](g))
        return false;
    LLVMBuildRetVoid(g->b);
    return true;
}

/* ---- the module ------------------------------------------------------------------------------- */
static void module_flag(qcg *g, const char *name)
{
    LLVMValueRef one = LLVMConstInt(LLVMInt32TypeInContext(g->llvm), 1, false);
    LLVMAddModuleFlag(g->module, LLVMModuleFlagBehaviorError, name, strlen(name),
                      LLVMValueAsMetadata(one));
}

static void set_flags(qcg *g, LLVMTargetMachineRef tm)
{
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(tm);
    LLVMSetModuleDataLayout(g->module, layout);
    LLVMDisposeTargetData(layout);
    LLVMSetTarget(g->module, g->opts->triple);
    if (qcg_arch_is(g, "x86_64")) {
        module_flag(g, "cf-protection-branch");
        module_flag(g, "cf-protection-return");
    } else if (qcg_arch_is(g, "aarch64")) {
        module_flag(g, "branch-target-enforcement");
    }
}

static bool build(qcg *g, const qcg_abi *abi)
{
    const char *features = qcg_features(g->qir->ctx, g->opts);
    qir_block *body = qir_module_main(g->qir)->body;
    size_t n = 0;
    qir_for_each_op(op, body)
        n++;
    qcg_call *calls = QIR_NEW_ARRAY(g->arena, qcg_call, n);
    n = 0;
    bool ok = true;
    qir_for_each_op(op, body) {
        if (qir_op_has_trait(op, QIR_TRAIT_TERMINATOR) || qir_op_is_view(op))
            continue;
        ok = lower_op(g, op, n, features) && ok;
        calls[n++] = (qcg_call){op, g->fn};
    }
    if (ok)
        qcg_entry(g, abi, calls, n);
    return ok;
}

struct job {
    qir_module *m;
    const qir_codegen_options *opts;
    const qcg_abi *abi;
};

/* Runs in the child; nothing is freed there but what LLVM wants freed to flush. */
static bool compile(void *user, qir_strbuf *out)
{
    struct job *job = user;
    qir_diag_engine *diag = qir_context_diag(job->m->ctx);
    LLVMTargetMachineRef tm = qcg_target_machine(diag, job->opts->triple, "", "");
    if (!tm)
        return false;
    qcg g = {.qir = job->m,
             .llvm = LLVMContextCreate(),
             .opts = job->opts,
             .machine = qcg_machine_get(job->opts->level),
             .arena = qir_context_arena(job->m->ctx)};
    g.module = LLVMModuleCreateWithNameInContext(job->opts->name, g.llvm);
    g.b = LLVMCreateBuilderInContext(g.llvm);
    set_flags(&g, tm);
    return build(&g, job->abi) && qcg_emit(diag, g.module, tm, job->opts->emit, out);
}

/* Reads every constant that code uses, so that a missing params file is diagnosed here. */
static bool load_constants(qir_module *m)
{
    bool ok = true;
    qir_for_each_const(c, m)
        if (c->value.uses)
            ok = qir_const_data(c) && ok;
    return ok;
}

bool qir_codegen(qir_module *m, const qir_codegen_options *opts, qir_strbuf *out)
{
    qcg_abi abi;
    if (!qcg_abi_get(m, opts, &abi) || !load_constants(m))
        return false;
    struct job job = {m, opts, &abi};
    return qcg_run_child(qir_context_diag(m->ctx), compile, &job, out, NULL);
}
