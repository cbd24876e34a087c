/* Constants of the LLVM module that is being made.
 *
 * Those of ops lie in one place, the pool; their functions get addresses there from their callers. */
#include <stdio.h>
#include <string.h>
#include "build.h"
#include "image.h"
#include "llb.h"
#include "interface/selftest.h"
#include "interface/weights_file.h"
#include "qir/layout.h"
#include "qir/support/assert.h"
#include "qir/support/vec.h"

static void note_use(qcg *g, LLVMValueRef global, size_t at, const void *data, size_t bytes)
{
    if (g->selftest && g->op)
        qcg_selftest_note(g, global, at, data, bytes);
}

static LLVMValueRef private_global(qcg *g, LLVMValueRef init, const char *name, unsigned align)
{
    LLVMValueRef global = LLVMAddGlobal(g->module, LLVMTypeOf(init), name);
    LLVMSetInitializer(global, init);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
    LLVMSetAlignment(global, align);
    return global;
}

/* In the weights file or the pool. */
static qcg_constant placed(qcg *g, const void *data, size_t bytes, unsigned align)
{
    bool in_file = g->image && bytes >= QCG_LARGE;
    size_t at = in_file ? qcg_image_place(g->image, data, bytes, QCG_WEIGHTS_ALIGN)
                        : qcg_image_place(g->pool, data, bytes, align);
    note_use(g, in_file ? NULL : g->pool_global, at, data, bytes);
    return (qcg_constant){in_file, at};
}

/* As a parameter of the op's function; NULL: it has none for it. */
static LLVMValueRef of_call(qcg *g, const void *data, size_t bytes, unsigned align)
{
    qcg_call *call = g->call;
    if (!call || call->own_constants || call->nconstants == call->most)
        return NULL;
    call->constants[call->nconstants] = placed(g, data, bytes, align);
    return LLVMGetParam(call->fn, call->first + call->nconstants++);
}

LLVMValueRef qcg_const(qcg *g, const void *data, size_t bytes, unsigned align)
{
    LLVMValueRef param = of_call(g, data, bytes, align);
    if (param)
        return param;
    if (bytes >= QCG_LARGE && (g->weights || !g->image)) {
        qcg_constant c = placed(g, data, bytes, align);
        return llb_at(g, c.in_file ? g->weights : g->pool_global, (int64_t)c.at);
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
    global = private_global(g, init, name, align);
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

/* ---- the pool ---------------------------------------------------------------------------------- */
/* Of the pool: with it LLVM knows that what it read there it may as well read again. */
enum { POOL_ALIGN = 64 };

/* In a register: as addresses of their own constants would each take a relocation. */
static LLVMValueRef pool_base(qcg *g)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b);
    LLVMValueRef fn = LLVMGetBasicBlockParent(here);
    if (g->pool_fn != fn) {
        LLVMValueRef first = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(fn));
        if (first)
            LLVMPositionBuilderBefore(g->b, first);
        g->pool_fn = fn;
        g->pool_base = llb_hide(g, g->pool_global);
        LLVMPositionBuilderAtEnd(g->b, here);
    }
    return g->pool_base;
}

unsigned qcg_pass_constants(qcg *g, const qcg_call *call, LLVMValueRef *args, unsigned n)
{
    for (unsigned i = 0; i < call->nconstants; i++) {
        const qcg_constant *c = &call->constants[i];
        args[n++] = llb_at(g, c->in_file ? g->weights : pool_base(g), (int64_t)c->at);
    }
    for (unsigned i = call->nconstants; i < call->most; i++)
        args[n++] = LLVMGetPoison(LLVMPointerTypeInContext(g->llvm, 0));
    return n;
}

/* The bytes of an image as a constant of LLVM's. */
typedef struct pieces {
    qcg *g;
    QIR_VEC(LLVMValueRef) list;
} pieces;

static void add_piece(void *user, const void *data, size_t bytes)
{
    pieces *p = user;
    qir_vec_push(&p->list, LLVMConstStringInContext2(p->g->llvm, data, bytes, true));
}

void qcg_pool_begin(qcg *g)
{
    LLVMTypeRef any = LLVMArrayType2(LLVMInt8TypeInContext(g->llvm), INT32_MAX);
    g->pool = qcg_image_create(g->arena, 0);
    g->pool_global = LLVMAddGlobal(g->module, any, qcg_pool_symbol(g));
    LLVMSetGlobalConstant(g->pool_global, true);
    LLVMSetAlignment(g->pool_global, POOL_ALIGN);
    LLVMSetVisibility(g->pool_global, LLVMHiddenVisibility);
}

const char *qcg_pool_symbol(qcg *g)
{
    return qir_arena_printf(g->arena, "%s.constants", g->opts->name);
}

/* As a constant of LLVM's. */
static void embed(qcg *g)
{
    pieces p = {.g = g};
    qcg_image_put(g->pool, add_piece, &p);
    LLVMValueRef init = LLVMConstStructInContext(g->llvm, p.list.data, (unsigned)p.list.len, true);
    LLVMReplaceAllUsesWith(g->pool_global, private_global(g, init, ".constants", POOL_ALIGN));
    qir_vec_free(&p.list);
}

void qcg_pool_finish(qcg *g, bool embeds)
{
    bool empty = !qcg_image_bytes(g->pool);
    if (embeds && !empty)
        embed(g);
    if (embeds || empty)
        LLVMDeleteGlobal(g->pool_global);
}
