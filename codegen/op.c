/* The function of one op: its parameters, which stand for operands, results and workspace (those of a region are
 * like them), and the kernel that fills it, found through the lower column of ops.def. */
#include "build.h"
#include "interface/weights_file.h"
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

void qcg_call_function(qcg *g, const char *symbol, const char *features, qcg_call *call)
{
    unsigned n = 0;
    const qir_op *op = call->op;
    LLVMTypeRef ptr = LLVMPointerTypeInContext(g->llvm, 0);
    LLVMTypeRef *params = QIR_NEW_ARRAY(g->arena, LLVMTypeRef, call->nin + op->nresults + 4 + call->most);
    call->shares = call->tasks > 1;
    while (n < call->nin + op->nresults + 1) /* and the workspace */
        params[n++] = ptr;
    for (unsigned i = 0; call->shares && i < 2; i++)
        params[n++] = LLVMInt64TypeInContext(g->llvm);
    if (g->image)
        params[n++] = ptr;
    call->first = n;
    while (n < call->first + call->most)
        params[n++] = ptr;
    LLVMTypeRef result = qir_op_has_trait(op, QIR_TRAIT_CALLS) ? LLVMInt32TypeInContext(g->llvm)
                                                               : LLVMVoidTypeInContext(g->llvm);
    LLVMTypeRef type = LLVMFunctionType(result, params, n, false);
    call->fn = qcg_add_function(g, symbol, type, LLVMInternalLinkage, features);
    LLVMSetUnnamedAddress(call->fn, LLVMGlobalUnnamedAddr); /* equal ones are one */
    qir_map_put(&g->op_of, call->fn, (void *)(uintptr_t)op);
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

static void bind_constants(qcg *g, const qcg_call *call)
{
    unsigned from = call->first - (g->image != NULL);
    g->weights = g->image ? LLVMGetParam(g->fn, from) : NULL;
    for (unsigned i = from; i < call->first + call->most; i++) {
        qcg_enum_attr(g, g->fn, i + 1, "noalias");
        qcg_enum_attr(g, g->fn, i + 1, "readonly");
    }
}

void qcg_call_enter(qcg *g, qcg_call *call)
{
    const qir_op *op = call->op;
    unsigned n = (unsigned)call->nin;
    g->call = call;
    g->fn = call->fn;
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
    g->task = call->shares ? LLVMGetParam(g->fn, n + 1) : NULL;
    g->tasks = call->shares ? LLVMGetParam(g->fn, n + 2) : NULL;
    g->units = 1;
    bind_constants(g, call);
    LLVMPositionBuilderAtEnd(g->b, LLVMAppendBasicBlockInContext(g->llvm, g->fn, "entry"));
}

static void list_inputs(qcg *g, const qir_op *op, qcg_call *call)
{
    qir_value **in = QIR_NEW_ARRAY(g->arena, qir_value *, op->noperands + 1);
    for (uint32_t i = 0; i < op->noperands; i++)
        if (is_buffer(qir_op_operand(op, i)))
            in[call->nin++] = qir_op_operand(op, i);
    call->in = in;
}

static void bind_operands(qcg *g, const qir_op *op)
{
    unsigned n = 0;
    g->in = QIR_NEW_ARRAY(g->arena, LLVMValueRef, op->noperands + 1);
    for (uint32_t i = 0; i < op->noperands; i++)
        if (is_buffer(qir_op_operand(op, i)))
            g->in[i] = LLVMGetParam(g->fn, n++);
}

/* Of results without elements there is nothing to compute; what calls the user is called. */
static bool is_nothing(const qir_op *op)
{
    for (uint32_t i = 0; i < op->nresults; i++)
        if (qir_type_elements(op->results[i].type))
            return false;
    return !qir_op_has_trait(op, QIR_TRAIT_CALLS);
}

bool qcg_lower_op(qcg *g, const qir_op *op, size_t k, const char *features, unsigned tasks, qcg_call *call)
{
    *call = (qcg_call){.op = op, .tasks = tasks, .most = QCG_MOST_CONSTANTS};
    g->op = op;
    list_inputs(g, op, call);
    qcg_call_function(g, qcg_op_symbol(g, op, k), features, call);
    qcg_call_enter(g, call);
    bind_operands(g, op);
    if (!is_nothing(op) && !lower_table[op->opcode](g))
        return false;
    if (qir_op_has_trait(op, QIR_TRAIT_CALLS))
        LLVMBuildRet(g->b, g->code);
    else
        LLVMBuildRetVoid(g->b);
    g->op = NULL;
    g->call = NULL;
    if (g->units < tasks)
        call->tasks = (unsigned)g->units;
    return true;
}
