/* Functions in sections of their own, as -ffunction-sections does it, so that a linker with --gc-sections drops
 * what a program does not use: all that runs goes or stays together, the functions of ops in one
 * section and what they read in another, for a section takes a hundred bytes.  ELF only: Mach-O drops by
 * symbol anyway. */
#include <string.h>
#include "build.h"

bool qcg_is_elf(const char *triple)
{
    static const char *const others[] = {"apple", "darwin", "macos", "ios", "windows", "win32",
                                         "uefi",  "macho",  "coff",  "aix", "wasm"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strstr(triple, others[i]))
            return false;
    return true;
}

/* Does a constant hold addresses, which the dynamic linker has to fill in? */
static bool has_addresses(LLVMValueRef v)
{
    if (LLVMIsAGlobalValue(v))
        return true;
    for (int i = 0; i < LLVMGetNumOperands(v); i++)
        if (has_addresses(LLVMGetOperand(v, (unsigned)i)))
            return true;
    return false;
}

/* Only the code of ops reads it? */
static bool is_of_ops(qcg *g, LLVMValueRef v)
{
    for (LLVMUseRef u = LLVMGetFirstUse(v); u; u = LLVMGetNextUse(u)) {
        LLVMValueRef user = LLVMGetUser(u);
        if (LLVMIsAConstantExpr(user) && is_of_ops(g, user))
            continue;
        if (!LLVMIsAInstruction(user) ||
            !qir_map_get(&g->op_of, LLVMGetBasicBlockParent(LLVMGetInstructionParent(user))))
            return false;
    }
    return true;
}

/* Names of private constants are numbers behind a dot: the model's name comes before them. */
static void place(qcg *g, LLVMValueRef global, const char *section)
{
    size_t len;
    const char *name = LLVMGetValueName2(global, &len);
    LLVMSetSection(global, qir_arena_printf(g->arena, "%s.%s%s", section,
                                            *name == '.' ? g->opts->name : "", name));
}

static void place_together(qcg *g, LLVMValueRef global, const char *section)
{
    LLVMSetSection(global, qir_arena_printf(g->arena, "%s.%s", section, g->opts->name));
}

static bool has_section(LLVMValueRef global)
{
    const char *section = LLVMGetSection(global);
    return section && *section;
}

void qcg_place_in_sections(qcg *g)
{
    if (!qcg_is_elf(g->opts->triple))
        return;
    for (LLVMValueRef f = LLVMGetFirstFunction(g->module); f; f = LLVMGetNextFunction(f)) {
        if (LLVMIsDeclaration(f) || has_section(f))
            continue;
        if (qir_map_get(&g->op_of, f))
            place_together(g, f, ".text");
        else
            place(g, f, ".text");
    }
    for (LLVMValueRef v = LLVMGetFirstGlobal(g->module); v; v = LLVMGetNextGlobal(v)) {
        if (LLVMIsDeclaration(v) || has_section(v))
            continue;
        if (has_addresses(LLVMGetInitializer(v)))
            place(g, v, ".data.rel.ro");
        else if (is_of_ops(g, v))
            place_together(g, v, ".rodata");
        else
            place(g, v, ".rodata");
    }
}
