/* Custom ops: the functions of the user's that a model calls, and the calls. */
#include "qir/custom.h"
#include <string.h>
#include "build.h"

/* ---- which functions ------------------------------------------------------------------------- */
static bool is_harmless(const char *symbol)
{
    qir_strbuf text = {0};
    qir_mangle(symbol, strlen(symbol), &text);
    bool same = !strcmp(qir_strbuf_cstr(&text), symbol);
    qir_strbuf_free(&text);
    return same;
}

/* A name that a C program can have, and that no function of the model's has. */
static bool check_symbol(const qir_op *op, const char *symbol, const char *model)
{
    qir_diag_engine *diag = qir_context_diag(qir_op_module(op)->ctx);
    size_t n = strlen(model);
    if (!is_harmless(symbol))
        return qir_error(diag, op->loc, "custom.symbol",
                         "'%s' may be a keyword or a macro of C or C++; give the custom op's function "
                         "another name",
                         symbol);
    return strncmp(symbol, model, n) || symbol[n] != '_' ||
           qir_error(diag, op->loc, "custom.symbol",
                     "'%s' begins like the names of the model; give the custom op's function another "
                     "name, or the model (-name)",
                     symbol);
}

static bool is_listed(const qcg_abi *abi, const char *symbol)
{
    size_t i = 0;
    while (i < abi->ncustoms && strcmp(qir_op_string(abi->customs[i], "symbol"), symbol))
        i++;
    return i < abi->ncustoms;
}

bool qcg_find_customs(qir_module *m, qcg_abi *abi)
{
    bool ok = true;
    size_t most = 0;
    qir_for_each_op(op, qir_module_main(m)->body)
        most += op->opcode == QIR_OP_custom;
    abi->customs = QIR_NEW_ARRAY(qir_context_arena(m->ctx), const qir_op *, most);
    qir_for_each_op(op, qir_module_main(m)->body) {
        if (op->opcode != QIR_OP_custom)
            continue;
        const char *symbol = qir_op_string(op, "symbol");
        ok = check_symbol(op, symbol, abi->name) && ok;
        if (!is_listed(abi, symbol))
            abi->customs[abi->ncustoms++] = op;
    }
    return ok;
}

/* ---- what they are told ---------------------------------------------------------------------- */
static LLVMTypeRef pointer(qcg *g)
{
    return LLVMPointerTypeInContext(g->llvm, 0);
}

static LLVMValueRef null(qcg *g)
{
    return LLVMConstNull(pointer(g));
}

/* In the object in any case: qcg_const may move data elsewhere. */
static LLVMValueRef bytes(qcg *g, const void *data, size_t n)
{
    if (!data)
        return null(g);
    LLVMValueRef init = LLVMConstStringInContext2(g->llvm, data, n, true);
    return qcg_table(g, ".argument", init, LLVMPrivateLinkage);
}

static LLVMValueRef attribute(qcg *g, const qcc_attribute *a)
{
    size_t n = a->count;
    LLVMValueRef fields[] = {
        qcg_text(g, a->name, sizeof a->name),
        qcg_u64(g, n),
        bytes(g, a->ints, n * sizeof *a->ints),
        bytes(g, a->floats, n * sizeof *a->floats),
        bytes(g, a->text, n + 1),
    };
    return LLVMConstStructInContext(g->llvm, fields, sizeof fields / sizeof *fields, false);
}

static LLVMValueRef table(qcg *g, LLVMValueRef *rows, uint32_t n, const char *name)
{
    if (n == 0)
        return null(g);
    return qcg_table(g, name, LLVMConstArray2(LLVMTypeOf(rows[0]), rows, n), LLVMPrivateLinkage);
}

static LLVMValueRef describe(qcg *g)
{
    const qcc_custom *c = qir_custom_describe(g->op, g->arena);
    uint32_t n = c->input_count + c->output_count;
    LLVMValueRef *rows = QIR_NEW_ARRAY(g->arena, LLVMValueRef, n + c->attribute_count);
    for (uint32_t i = 0; i < n; i++)
        rows[i] = qcg_tensor_info(g, i < c->input_count ? qir_op_operand(g->op, i)->type
                                                        : g->op->results[i - c->input_count].type,
                                  "");
    for (uint32_t i = 0; i < c->attribute_count; i++)
        rows[n + i] = attribute(g, &c->attributes[i]);
    LLVMValueRef fields[] = {
        qcg_u32(g, c->version),
        qcg_u32(g, c->input_count),
        qcg_u32(g, c->output_count),
        qcg_u32(g, c->attribute_count),
        table(g, rows, n, ".operands"),
        table(g, rows + n, c->attribute_count, ".attributes"),
    };
    return qcg_table(g, ".custom",
                     LLVMConstStructInContext(g->llvm, fields, sizeof fields / sizeof *fields, false),
                     LLVMPrivateLinkage);
}

/* ---- the call --------------------------------------------------------------------------------- */
/* An array of pointers on the stack. */
static LLVMValueRef pointers(qcg *g, const LLVMValueRef *p, uint32_t n)
{
    LLVMTypeRef type = LLVMArrayType2(pointer(g), n ? n : 1);
    LLVMValueRef array = LLVMBuildAlloca(g->b, type, "");
    for (uint32_t i = 0; i < n; i++) {
        LLVMValueRef at = qcg_u32(g, i);
        LLVMBuildStore(g->b, p[i], LLVMBuildGEP2(g->b, pointer(g), array, &at, 1, ""));
    }
    return array;
}

static LLVMValueRef function(qcg *g, const char *symbol, LLVMTypeRef *type)
{
    LLVMTypeRef params[] = {pointer(g), pointer(g), pointer(g)};
    *type = LLVMFunctionType(LLVMInt32TypeInContext(g->llvm), params, 3, false);
    LLVMValueRef fn = LLVMGetNamedFunction(g->module, symbol);
    return fn ? fn : LLVMAddFunction(g->module, symbol, *type);
}

bool qir_lower_custom(qcg *g)
{
    LLVMTypeRef type;
    LLVMValueRef fn = function(g, qir_op_string(g->op, "symbol"), &type);
    LLVMValueRef *in = QIR_NEW_ARRAY(g->arena, LLVMValueRef, g->op->noperands);
    for (uint32_t i = 0; i < g->op->noperands; i++)
        in[i] = qcg_operand(g, i);
    LLVMValueRef args[] = {pointers(g, in, g->op->noperands), pointers(g, g->outs, g->op->nresults),
                           describe(g)};
    g->code = LLVMBuildCall2(g->b, type, fn, args, 3, "");
    return true;
}
