/* What an AArch64 CPU has: its identification registers, which Linux answers for programs (it traps
 * and emulates the read) and which system code reads itself; or the words of AT_HWCAP. */
#include "interface/cpu.h"
#include <string.h>

struct arm_feature {
    const char *name, *reg; /* ID register and the lowest bit of a 4-bit field */
    unsigned shift, least;
    unsigned word, bit; /* of AT_HWCAP (0) or AT_HWCAP2 (1) */
};

static const struct arm_feature arm_features[] = {
    {"dotprod", "ID_AA64ISAR0_EL1", 44, 1, 0, 20},
    {"i8mm", "ID_AA64ISAR1_EL1", 52, 1, 1, 13},
    {"bf16", "ID_AA64ISAR1_EL1", 44, 1, 1, 14},
};
enum { FEATURES = sizeof arm_features / sizeof *arm_features };

/* Other systems (macOS, Windows) do not let programs read the registers. */
static bool can_ask(const char *triple)
{
    return strstr(triple, "linux") || strstr(triple, "-none");
}

bool qcg_arm_asks(const char *triple, const char *features)
{
    for (size_t i = 0; i < FEATURES; i++)
        if (qcg_has_feature(features, arm_features[i].name))
            return can_ask(triple);
    return false;
}

static LLVMValueRef field(qcg *g, const struct arm_feature *f)
{
    LLVMTypeRef word = LLVMInt64TypeInContext(g->llvm);
    qir_strbuf text = {0};
    qir_strbuf_printf(&text, "mrs $0, %s", f->reg);
    LLVMValueRef reg = qcg_asm(g, word, NULL, NULL, 0, text.data, "=r");
    qir_strbuf_free(&text);
    LLVMValueRef bits = LLVMBuildLShr(g->b, reg, LLVMConstInt(word, f->shift, false), "");
    bits = LLVMBuildAnd(g->b, bits, LLVMConstInt(word, 15, false), "");
    return LLVMBuildICmp(g->b, LLVMIntUGE, bits, LLVMConstInt(word, f->least, false), "");
}

static LLVMValueRef hwcap(qcg *g, LLVMValueRef fn, const struct arm_feature *f)
{
    LLVMTypeRef word = LLVMInt64TypeInContext(g->llvm);
    LLVMValueRef bit = LLVMConstInt(word, (uint64_t)1 << f->bit, false);
    LLVMValueRef set = LLVMBuildAnd(g->b, LLVMGetParam(fn, f->word), bit, "");
    return LLVMBuildIsNotNull(g->b, set, "");
}

/* One truth per feature becomes one bit per level. */
static LLVMValueRef mask_of(qcg *g, const qcg_abi *abi, LLVMValueRef has[FEATURES])
{
    LLVMValueRef mask = LLVMConstInt(LLVMInt32TypeInContext(g->llvm), 0, false);
    for (size_t i = 0; i < abi->nlevels; i++) {
        LLVMValueRef ok = LLVMConstInt(LLVMInt1TypeInContext(g->llvm), 1, false);
        for (size_t k = 0; k < FEATURES; k++)
            if (qcg_has_feature(abi->features[i], arm_features[k].name))
                ok = LLVMBuildAnd(g->b, ok, has[k], "");
        mask = qcg_mask_or(g, mask, ok, (unsigned)i);
    }
    return mask;
}

static bool is_used(const qcg_abi *abi, const struct arm_feature *f)
{
    for (size_t i = 0; i < abi->nlevels; i++)
        if (qcg_has_feature(abi->features[i], f->name))
            return true;
    return false;
}

LLVMValueRef qcg_arm_levels(qcg *g, LLVMValueRef fn, const qcg_abi *abi)
{
    LLVMValueRef has[FEATURES] = {0};
    (void)fn;
    for (size_t k = 0; k < FEATURES; k++)
        if (is_used(abi, &arm_features[k]))
            has[k] = field(g, &arm_features[k]);
    return mask_of(g, abi, has);
}

LLVMValueRef qcg_arm_levels_of_hwcap(qcg *g, LLVMValueRef fn, const qcg_abi *abi)
{
    LLVMValueRef has[FEATURES] = {0};
    for (size_t k = 0; k < FEATURES; k++)
        if (is_used(abi, &arm_features[k]))
            has[k] = hwcap(g, fn, &arm_features[k]);
    return mask_of(g, abi, has);
}
