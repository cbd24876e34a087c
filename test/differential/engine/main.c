/* differ: modules from one file through every pass, and through the code generator for the levels of
 * one architecture.
 *
 *     differ [-o FOLDER -target ARCH -mlevel LEVEL...] MODULES
 *
 * MODULES holds modules, each after a line "// KIND SEED".  Failures are printed, one line "FAIL NAME:
 * what" each; the last line counts.  With -o, FOLDER receives objects and tables (code.h).
 * differ -facts tells the runner what there is. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "code.h"
#include "qir/kernel_plan.h"
#include "tool.h"

static struct options {
    tool_common common;
    const char *folder, *target;
    cl_list levels;
    bool facts;
} options = {.common = TOOL_COMMON_DEFAULTS};

static const cl_option table[] = {
    {"o", CL_STRING, &options.folder, "FOLDER", "compile: objects and tables go here", 0, 0},
    {"target", CL_STRING, &options.target, "ARCH", "architecture to compile for", 0, 0},
    {"mlevel", CL_LIST, &options.levels, "LEVEL", "level to compile for", 0, 0},
    {"facts", CL_FLAG, &options.facts, NULL, "print levels, kernels and the ops that have code", 0, 0},
    TOOL_COMMON_OPTIONS(&options.common),
    {0},
};

static const cl_tool tool = {"differ",
                             "[options] MODULES",
                             "Modules of a generator, against the evaluator.",
                             table,
                             0,
                             1};

/* One module: passes, then code.  Returns its failures. */
static unsigned test(code_batch *b, const char *kind, uint64_t seed, const char *text, size_t len)
{
    subject s;
    qir_tensor *want;
    qir_module *m = NULL;
    if (subject_open(&s, kind, seed, text, len) && (b->nlevels || check_passes(&s)))
        m = check_lowered(&s, &want);
    if (m && b->nlevels)
        code_add(b, &s, m, want);
    if (m)
        qir_module_destroy(m);
    subject_close(&s);
    return s.failures;
}

/* The next "// KIND SEED\n" at or after `p`, which stands at the start of a line; NULL: none. */
static const char *next_head(const char *p)
{
    while (p && strncmp(p, "// ", 3)) {
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    return p;
}

static bool run(code_batch *b, const char *p)
{
    unsigned modules = 0, failed = 0;
    for (p = next_head(p); p; modules++) {
        char kind[16];
        uint64_t seed;
        if (sscanf(p, "// %15s %" SCNu64, kind, &seed) != 2)
            return false;
        const char *text = strchr(p, '\n');
        p = text ? next_head(text + 1) : NULL;
        failed += text && test(b, kind, seed, text, p ? (size_t)(p - text) : strlen(text)) > 0;
    }
    printf("%u modules, %u failed\n", modules, failed);
    return failed == 0;
}

static bool find_levels(qir_level *levels)
{
    for (size_t i = 0; i < options.levels.len; i++)
        if (!qir_level_from_name(options.levels.items[i], &levels[i]))
            cl_usage_error(&tool, "unknown level '%s'", options.levels.items[i]);
    return true;
}

/* "arch NAME", "level NAME ARCH 1" (0: this CPU does not have it), "op NAME" of those that have code, "kernel NAME" */
static int print_facts(void)
{
    static const char arches[] =
#define ARCH(name, prefix, triple) "arch " #name "\n"
#define LEVEL(...)
#include "targets.def"
#undef ARCH
#undef LEVEL
        ;
    fputs(arches, stdout);
    for (unsigned l = 0; l < QIR_NUM_LEVELS; l++)
        printf("level %s %s %d\n", qir_level_get((qir_level)l)->name, qir_level_get((qir_level)l)->arch,
               qir_level_runs_here((qir_level)l));
    for (unsigned op = 0; op < QIR_NUM_OPS; op++)
        if (strcmp(qir_op_desc_get((qir_opcode)op)->lower, "none"))
            printf("op %s\n", qir_op_desc_get((qir_opcode)op)->name);
    for (unsigned k = 0; k < QIR_NUM_KERNELS; k++)
        printf("kernel %s\n", qir_kernel_name((qir_kernel)k));
    return CL_EXIT_OK;
}

int main(int argc, char **argv)
{
    cl_list inputs = {0};
    qir_level levels[64];
    tool_start();
    cl_parse(&tool, argc, argv, &inputs);
    if (options.facts)
        return print_facts();
    if (!inputs.len)
        cl_usage_error(&tool, "no modules");
    if (options.levels.len > 64 || (options.levels.len && !(options.folder && options.target)))
        cl_usage_error(&tool, "-mlevel needs -o and -target");
    qir_context *ctx = tool_context(&tool, &options.common);
    code_batch b = {.folder = options.folder, .levels = levels, .nlevels = options.levels.len};
    qir_bytes text;
    bool ok = find_levels(levels) &&
              qir_read_file(qir_context_diag(ctx), qir_context_arena(ctx), inputs.items[0],
                            (size_t)options.common.max_source, "-fmax-source", &text);
    b.triple = ok && options.target ? qir_target_triple(ctx, options.target) : NULL;
    if (options.target && !b.triple)
        cl_usage_error(&tool, "unknown target '%s'", options.target);
    ok = ok && run(&b, (const char *)text.data);
    ok = (!b.nlevels || code_finish(&b, qir_context_diag(ctx))) && ok;
    qir_context_destroy(ctx);
    return ok ? CL_EXIT_OK : CL_EXIT_ERROR;
}
