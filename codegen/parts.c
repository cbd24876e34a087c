/* A module as parts: see parts.h.
 *
 * Functions of ops are dealt out in their order, so that a region and what it calls are mostly in one part, and what
 * stays together needs no relocation.  Those that are called from elsewhere become hidden symbols, which are local
 * again when the parts are joined (elf/join.h). */
#include "parts.h"

#include "build.h"

enum { PART = 6000 }; /* instructions that are worth a process of their own */

static size_t instructions(LLVMValueRef fn)
{
    size_t n = 0;
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(fn); b; b = LLVMGetNextBasicBlock(b))
        for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
            n++;
    return n;
}

static bool is_op(const qcg *g, LLVMValueRef fn)
{
    return !LLVMIsDeclaration(fn) && qir_map_get(&g->op_of, fn);
}

static unsigned part_of_function(const qir_map *part_of, LLVMValueRef fn)
{
    return (unsigned)(uintptr_t)qir_map_get(part_of, fn);
}

static LLVMValueRef function_of(LLVMValueRef instruction)
{
    return LLVMGetBasicBlockParent(LLVMGetInstructionParent(instruction));
}

static bool is_called_from_elsewhere(const qir_map *part_of, LLVMValueRef fn)
{
    for (LLVMUseRef u = LLVMGetFirstUse(fn); u; u = LLVMGetNextUse(u)) {
        LLVMValueRef user = LLVMGetUser(u);
        if (!LLVMIsAInstruction(user) ||
            part_of_function(part_of, function_of(user)) != part_of_function(part_of, fn))
            return true;
    }
    return false;
}

static void hide(LLVMValueRef v)
{
    LLVMSetLinkage(v, LLVMExternalLinkage);
    LLVMSetVisibility(v, LLVMHiddenVisibility);
}

unsigned qcg_parts_deal(qcg *g, qir_map *part_of)
{
    size_t all = 0, before = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(g->module); f; f = LLVMGetNextFunction(f))
        all += is_op(g, f) ? instructions(f) : 0;
    size_t most = all / PART, n = g->opts->debug_file || !most ? 1 : most < QCG_MOST_PARTS ? most : QCG_MOST_PARTS;
    for (LLVMValueRef f = LLVMGetFirstFunction(g->module); f; f = LLVMGetNextFunction(f)) {
        if (!is_op(g, f))
            continue;
        qir_map_put(part_of, f, (void *)(uintptr_t)(before * n / all));
        before += instructions(f);
    }
    for (LLVMValueRef f = LLVMGetFirstFunction(g->module); f; f = LLVMGetNextFunction(f))
        if (is_op(g, f) && is_called_from_elsewhere(part_of, f))
            hide(f);
    return (unsigned)n;
}

/* ---- taking out -------------------------------------------------------------------------------- */
/* A declaration in place of a function. */
static void declare(qcg *g, LLVMValueRef fn)
{
    size_t len;
    const char *old = LLVMGetValueName2(fn, &len), *name = qir_arena_strndup(g->arena, old, len);
    LLVMValueRef declared = LLVMAddFunction(g->module, "", LLVMGlobalGetValueType(fn));
    LLVMReplaceAllUsesWith(fn, declared);
    LLVMDeleteFunction(fn);
    LLVMSetValueName2(declared, name, len);
    LLVMSetVisibility(declared, LLVMHiddenVisibility);
    qcg_enum_attr(g, declared, LLVMAttributeFunctionIndex, "nounwind");
}

/* Do code that is left, or tables of the interface, read a constant? */
static bool is_read(LLVMValueRef v, unsigned part)
{
    for (LLVMUseRef u = LLVMGetFirstUse(v); u; u = LLVMGetNextUse(u)) {
        LLVMValueRef user = LLVMGetUser(u);
        bool table = LLVMIsAGlobalVariable(user) && LLVMGetLinkage(user) != LLVMPrivateLinkage;
        if (LLVMIsAInstruction(user) || (table ? part == 0 : is_read(user, part)))
            return true;
    }
    return false;
}

static void keep_functions(qcg *g, const qir_map *part_of, unsigned part)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(g->module), next; f; f = next) {
        next = LLVMGetNextFunction(f);
        if (!LLVMIsDeclaration(f) && part_of_function(part_of, f) != part)
            declare(g, f);
    }
    for (LLVMValueRef f = LLVMGetFirstFunction(g->module), next; f; f = next) {
        next = LLVMGetNextFunction(f);
        if (LLVMIsDeclaration(f) && !LLVMGetFirstUse(f))
            LLVMDeleteFunction(f);
    }
}

/* Private constants stay where they are read. */
static void keep_variables(qcg *g, unsigned part)
{
    for (LLVMValueRef v = LLVMGetFirstGlobal(g->module); v; v = LLVMGetNextGlobal(v)) {
        bool own = LLVMGetLinkage(v) == LLVMPrivateLinkage;
        if (LLVMIsDeclaration(v) || (own ? is_read(v, part) : part == 0))
            continue;
        LLVMSetInitializer(v, NULL);
        LLVMSetLinkage(v, LLVMExternalLinkage);
    }
}

void qcg_parts_keep(qcg *g, const qir_map *part_of, unsigned part)
{
    keep_functions(g, part_of, part);
    keep_variables(g, part);
    if (part)
        LLVMSetModuleInlineAsm2(g->module, "", 0);
}
