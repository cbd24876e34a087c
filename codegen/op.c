/* The function of one op: its parameters, which stand for operands, results and workspace, and the kernel
 * that fills it, found through the lower column of ops.def. */
#include "build.h"
#include "interface/weights_file.h"
#include "kernels/share.h"
#include "qir/layout.h"

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

static bool is_buffer(const qir_value *v)
{
    return v && qir_value_root((qir_value *)v)->kind != QIR_VALUE_CONST;
}

static LLVMValueRef op_function(qcg *g, const qir_op *op, size_t k, const char *features, bool shares)
{
    unsigned n = 0;
    LLVMTypeRef ptr = LLVMPointerTypeInContext(g->llvm, 0);
    LLVMTypeRef *params = QIR_NEW_ARRAY(g->arena, LLVMTypeRef, op->noperands + op->nresults + 4);
    for (uint32_t i = 0; i < op->noperands; i++)
        if (is_buffer(qir_op_operand(op, i)))
            params[n++] = ptr;
    for (uint32_t i = 0; i <= op->nresults; i++) /* and the workspace */
        params[n++] = ptr;
    for (unsigned i = 0; shares && i < 2; i++)
        params[n++] = LLVMInt64TypeInContext(g->llvm);
    if (g->image)
        params[n++] = ptr;
    LLVMTypeRef result = qir_op_has_trait(op, QIR_TRAIT_CALLS) ? LLVMInt32TypeInContext(g->llvm)
                                                               : LLVMVoidTypeInContext(g->llvm);
    LLVMTypeRef type = LLVMFunctionType(result, params, n, false);
    LLVMValueRef fn =
        qcg_add_function(g, qcg_op_symbol(g, op, k), type, LLVMInternalLinkage, features);
    qir_map_put(&g->op_of, fn, (void *)(uintptr_t)op);
    return fn;
}

/* Did the plan put the result into an operand's memory? */
static bool is_in_place(const qir_op *op)
{
    int64_t to, from;
    if (qir_op_has_trait(op, QIR_TRAIT_UPDATES))
        return true; /* perhaps: the code asks */
    if (!qcg_place_attr(&op->results[0], "buf", &to))
        return false;
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_value *v = qir_op_operand(op, i);
        if (v && qcg_place_attr(qir_value_root(v), "buf", &from) && from == to)
            return true;
    }
    return false;
}

static void bind_weights(qcg *g)
{
    g->weights = g->image ? LLVMGetLastParam(g->fn) : NULL;
    for (unsigned i = 0; g->weights && i < 2; i++)
        qcg_enum_attr(g, g->fn, LLVMCountParams(g->fn), i ? "readonly" : "noalias");
}

static void bind_params(qcg *g, const qir_op *op, bool shares)
{
    unsigned n = 0;
    g->in = QIR_NEW_ARRAY(g->arena, LLVMValueRef, op->noperands + 1);
    for (uint32_t i = 0; i < op->noperands; i++)
        if (is_buffer(qir_op_operand(op, i)))
            g->in[i] = LLVMGetParam(g->fn, n++);
    g->outs = QIR_NEW_ARRAY(g->arena, LLVMValueRef, op->nresults);
    /* The plan gives results and workspaces memory of their own, but for ops done in place. */
    for (uint32_t i = 0; i < op->nresults; i++) {
        g->outs[i] = LLVMGetParam(g->fn, n++);
        if (i || !is_in_place(op))
            qcg_enum_attr(g, g->fn, n, "noalias");
    }
    g->out = g->outs[0];
    g->ws = LLVMGetParam(g->fn, n);
    qcg_enum_attr(g, g->fn, n + 1, "noalias");
    g->task = shares ? LLVMGetParam(g->fn, n + 1) : NULL;
    g->tasks = shares ? LLVMGetParam(g->fn, n + 2) : NULL;
    g->units = 1;
    bind_weights(g);
}

bool qcg_lower_op(qcg *g, const qir_op *op, size_t k, const char *features, qcg_call *call)
{
    unsigned tasks = qcg_share_tasks(g->level, op, g->opts->share_grain);
    g->op = op;
    g->fn = op_function(g, op, k, features, tasks > 1);
    bind_params(g, op, tasks > 1);
    LLVMPositionBuilderAtEnd(g->b, LLVMAppendBasicBlockInContext(g->llvm, g->fn, "entry"));
    if (!lower_table[op->opcode](g))
        return false;
    if (qir_op_has_trait(op, QIR_TRAIT_CALLS))
        LLVMBuildRet(g->b, g->code);
    else
        LLVMBuildRetVoid(g->b);
    g->op = NULL;
    *call = (qcg_call){op, g->fn, tasks > 1, g->units < tasks ? (unsigned)g->units : tasks};
    return true;
}
