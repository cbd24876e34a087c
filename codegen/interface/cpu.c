/* Which architectures can be asked for features, and what they share. */
#include "target.h"
#include "interface/cpu.h"
#include <string.h>

static const struct family {
    const char *arch;
    bool (*asks)(const char *triple, const char *features);
    LLVMValueRef (*levels)(qcg *g, LLVMValueRef fn, const qcg_abi *abi);
} families[] = {
    {"x86_64", qcg_x86_asks, qcg_x86_levels},
    {"aarch64", qcg_arm_asks, qcg_arm_levels},
};

static const struct family *family_of(const char *triple)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (qcg_triple_is(triple, families[i].arch))
            return &families[i];
    return NULL;
}

bool qcg_has_feature(const char *features, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = features; *p; p += strcspn(p, ","), p += *p == ',')
        if (*p == '+' && strcspn(p + 1, ",") == len && !memcmp(p + 1, name, len))
            return true;
    return false;
}

bool qcg_cpu_is_asked(const char *triple, const char *features)
{
    const struct family *f = family_of(triple);
    return f && f->asks(triple, features);
}

LLVMValueRef qcg_mask_or(qcg *g, LLVMValueRef mask, LLVMValueRef ok, unsigned bit)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(g->llvm);
    LLVMValueRef set =
        LLVMBuildSelect(g->b, ok, LLVMConstInt(word, 1ull << bit, false), LLVMConstNull(word), "");
    return LLVMBuildOr(g->b, mask, set, "");
}

LLVMValueRef qcg_cpu_levels(qcg *g, LLVMValueRef fn, const qcg_abi *abi)
{
    if (abi->asks_cpu)
        return family_of(abi->triple)->levels(g, fn, abi);
    return LLVMConstInt(LLVMInt32TypeInContext(g->llvm), (1ull << abi->nlevels) - 1, false);
}
