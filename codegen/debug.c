/* What debuggers and profilers see: symbols that name layers, and line tables that map code to lines
 * of QIR.  All code of an op has the line of that op, so the tables are made of the finished module,
 * function by function, and kernels know nothing of them. */
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Support.h>
#include <string.h>
#include "build.h"

const char *qcg_op_symbol(qcg *g, const qir_op *op, size_t k)
{
    enum { LONGEST = 63, LONGEST_NAME = 40 };
    qir_strbuf symbol = {0};
    const char *layer = qir_loc_first_name(op->loc);
    qir_strbuf_printf(&symbol, "%.*s_%s_%zu_", LONGEST_NAME, g->opts->name,
                      qir_level_get(g->level)->name, k);
    size_t start = symbol.len;
    if (layer)
        qir_mangle_loosely(layer, LONGEST - start, &symbol);
    if (symbol.len == start)
        qir_strbuf_puts(&symbol, qir_op_name(op));
    const char *copy = qir_arena_strndup(g->arena, symbol.data, symbol.len);
    qir_strbuf_free(&symbol);
    return copy;
}

/* ---- line tables ------------------------------------------------------------------------------ */
typedef struct lines {
    qcg *g;
    LLVMDIBuilderRef di;
    LLVMMetadataRef file, type; /* of all functions */
} lines;

static void module_flag(qcg *g, const char *name, unsigned value)
{
    LLVMValueRef v = LLVMConstInt(LLVMInt32TypeInContext(g->llvm), value, false);
    LLVMAddModuleFlag(g->module, LLVMModuleFlagBehaviorWarning, name, strlen(name),
                      LLVMValueAsMetadata(v));
}

/* What the backend moves or makes up would have line 0; but it, too, belongs to the op.  The option is the
 * process's, which is one of qcg_run_child. */
static void want_all_lines(void)
{
    static const char *const options[] = {"qcc", "-use-unknown-locations=Disable"};
    LLVMParseCommandLineOptions(2, options, NULL);
}

/* No folder and no path of this machine: debuggers search for the file's name. */
static void begin(lines *t)
{
    const char *file = t->g->opts->debug_file;
    module_flag(t->g, "Debug Info Version", LLVMDebugMetadataVersion());
    module_flag(t->g, "Dwarf Version", 4);
    t->di = LLVMCreateDIBuilder(t->g->module);
    t->file = LLVMDIBuilderCreateFile(t->di, file, strlen(file), ".", 1);
    LLVMDIBuilderCreateCompileUnit(t->di, LLVMDWARFSourceLanguageC11, t->file, "qcc", 3, true, "", 0, 0,
                                   "", 0, LLVMDWARFEmissionFull, 0, false, false, "", 0, "",
                                   0);
    t->type = LLVMDIBuilderCreateSubroutineType(t->di, t->file, NULL, 0, LLVMDIFlagZero);
}

/* The op's, else the model's function. */
static const qir_loc *place_of(const lines *t, LLVMValueRef fn)
{
    const qir_op *op = qir_map_get(&t->g->op_of, fn);
    const qir_loc *place = op ? qir_loc_place(op->loc) : NULL;
    return place ? place : qir_loc_place(qir_module_main(t->g->qir)->loc);
}

static void add_function(lines *t, LLVMValueRef fn)
{
    size_t len;
    const char *name = LLVMGetValueName2(fn, &len);
    const qir_loc *place = place_of(t, fn);
    unsigned line = place ? place->line : 0, col = place ? place->col : 0;
    bool local = LLVMGetLinkage(fn) == LLVMInternalLinkage;
    LLVMMetadataRef scope = LLVMDIBuilderCreateFunction(
        t->di, t->file, name, len, name, len, t->file, line, t->type, local, true, line,
        LLVMDIFlagZero, true);
    LLVMSetSubprogram(fn, scope);
    LLVMMetadataRef at = LLVMDIBuilderCreateDebugLocation(t->g->llvm, line, col, scope, NULL);
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(fn); b; b = LLVMGetNextBasicBlock(b))
        for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
            LLVMInstructionSetDebugLoc(i, at);
}

void qcg_debug(qcg *g)
{
    if (!g->opts->debug_file)
        return;
    lines t = {.g = g};
    want_all_lines();
    begin(&t);
    for (LLVMValueRef fn = LLVMGetFirstFunction(g->module); fn; fn = LLVMGetNextFunction(fn))
        if (!LLVMIsDeclaration(fn))
            add_function(&t, fn);
    LLVMDIBuilderFinalize(t.di);
    LLVMDisposeDIBuilder(t.di);
}
