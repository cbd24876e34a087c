/* Every function and constant in a section of its own, as -ffunction-sections and -fdata-sections do it, so
 * that a linker with --gc-sections drops what a program does not use.  ELF only: Mach-O drops by symbol
 * anyway. */
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

/* Names of private constants are numbers behind a dot: the model's name comes before them. */
static void place(qcg *g, LLVMValueRef global, const char *section)
{
    size_t len;
    const char *name = LLVMGetValueName2(global, &len);
    LLVMSetSection(global, qir_arena_printf(g->arena, "%s.%s%s", section,
                                            *name == '.' ? g->opts->name : "", name));
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
    for (LLVMValueRef f = LLVMGetFirstFunction(g->module); f; f = LLVMGetNextFunction(f))
        if (!LLVMIsDeclaration(f) && !has_section(f))
            place(g, f, ".text");
    for (LLVMValueRef v = LLVMGetFirstGlobal(g->module); v; v = LLVMGetNextGlobal(v))
        if (!LLVMIsDeclaration(v) && !has_section(v))
            place(g, v, has_addresses(LLVMGetInitializer(v)) ? ".data.rel.ro" : ".rodata");
}
