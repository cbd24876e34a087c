/* What a triple and a level mean to LLVM: see target.h. */
#include "target.h"
#include <string.h>

bool qcg_triple_is(const char *triple, const char *arch)
{
    size_t n = strcspn(triple, "-");
    if (n == 5 && !memcmp(triple, "arm64", n))
        return !strcmp(arch, "aarch64");
    return strlen(arch) == n && !memcmp(triple, arch, n);
}

/* What every CPU of an architecture has, where LLVM assumes less, and the calling convention that goes
 * with it. */
static const struct platform {
    const char *arch, *features, *abi;
} platforms[] = {
    {"riscv64", "+m,+a,+f,+d,+c", "lp64d"},
    {"loongarch64", "+64bit,+f,+d", "lp64d"},
};

static const struct platform *platform_of(const char *triple)
{
    static const struct platform any = {"", "", ""};
    for (size_t i = 0; i < sizeof platforms / sizeof *platforms; i++)
        if (qcg_triple_is(triple, platforms[i].arch))
            return &platforms[i];
    return &any;
}

const char *qcg_platform_features(const char *triple)
{
    return platform_of(triple)->features;
}

const char *qcg_platform_abi(const char *triple)
{
    return platform_of(triple)->abi;
}

const char *qcg_features(qir_context *ctx, const qir_codegen_options *opts, qir_level level)
{
    const char *parts[] = {qcg_platform_features(opts->triple), qir_level_get(level)->features,
                           opts->attrs ? opts->attrs : ""};
    qir_strbuf all = {0};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (*parts[i])
            qir_strbuf_printf(&all, "%s%s", all.len ? "," : "", parts[i]);
    const char *text = qir_arena_printf(qir_context_arena(ctx), "%s", qir_strbuf_cstr(&all));
    qir_strbuf_free(&all);
    return text;
}

const char *qcg_tune_cpu(const qir_codegen_options *opts, qir_level level)
{
    return opts->cpu ? opts->cpu : qir_level_get(level)->cpu;
}
