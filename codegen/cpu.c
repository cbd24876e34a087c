/* The CPU check of the entry point: the features that the code uses, asked of the CPU by baseline
 * instructions, since there is no libc to ask: x86 with CPUID and XGETBV, AArch64 Linux by reading
 * the identification register, which the kernel answers for user code.  Both trap (7 us for one
 * CPUID in a virtual machine): entry.c remembers a good answer in the scratch memory. */
#include <string.h>
#include "build.h"
#include "llb.h"

struct x86_feature {
    const char *name;
    unsigned leaf, reg, bit; /* CPUID leaf 1 or 7; register 0..3 = eax ebx ecx edx */
    unsigned state;          /* XCR0 bits that the system must have enabled */
};

enum { SSE_AVX = 6, AVX512 = 0xe6 };

static const struct x86_feature x86_features[] = {
    {"sse3", 1, 2, 0, 0},          {"ssse3", 1, 2, 9, 0},         {"sse4.1", 1, 2, 19, 0},
    {"sse4.2", 1, 2, 20, 0},       {"movbe", 1, 2, 22, 0},        {"popcnt", 1, 2, 23, 0},
    {"fma", 1, 2, 12, SSE_AVX},    {"avx", 1, 2, 28, SSE_AVX},    {"f16c", 1, 2, 29, SSE_AVX},
    {"avx2", 7, 1, 5, SSE_AVX},    {"bmi", 7, 1, 3, 0},           {"bmi2", 7, 1, 8, 0},
    {"avx512f", 7, 1, 16, AVX512}, {"avx512dq", 7, 1, 17, AVX512}, {"avx512bw", 7, 1, 30, AVX512},
    {"avx512vl", 7, 1, 31, AVX512}, {"avx512vnni", 7, 2, 11, AVX512},
};

/* What must be set, gathered over all features. */
struct x86_need {
    unsigned leaf1[4], leaf7[4], state;
};

static bool has_feature(const char *features, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = features; *p; p += strcspn(p, ","), p += *p == ',')
        if (*p == '+' && strcspn(p + 1, ",") == len && !memcmp(p + 1, name, len))
            return true;
    return false;
}

static bool x86_needs(const char *features, struct x86_need *need)
{
    bool any = false;
    for (size_t i = 0; i < sizeof x86_features / sizeof *x86_features; i++) {
        const struct x86_feature *f = &x86_features[i];
        if (!has_feature(features, f->name))
            continue;
        (f->leaf == 1 ? need->leaf1 : need->leaf7)[f->reg] |= 1u << f->bit;
        need->state |= f->state;
        any = true;
    }
    enum { ECX = 2, OSXSAVE = 27 };
    if (need->state)
        need->leaf1[ECX] |= 1u << OSXSAVE;
    return any;
}

LLVMValueRef qcg_asm(qcg *g, LLVMTypeRef result, LLVMTypeRef *params, LLVMValueRef *args, unsigned n,
                     const char *text, const char *constraints)
{
    (void)g;
    LLVMTypeRef type = LLVMFunctionType(result, params, n, false);
    LLVMValueRef code = LLVMGetInlineAsm(type, text, strlen(text), constraints, strlen(constraints),
                                         true, false, LLVMInlineAsmDialectATT, false);
    return LLVMBuildCall2(g->b, type, code, args, n, "");
}

static LLVMValueRef i32(qcg *g, unsigned value)
{
    return LLVMConstInt(LLVMInt32TypeInContext(g->llvm), value, false);
}

static LLVMValueRef all_set(qcg *g, LLVMValueRef bits, unsigned mask)
{
    return LLVMBuildICmp(g->b, LLVMIntEQ, LLVMBuildAnd(g->b, bits, i32(g, mask), ""), i32(g, mask),
                         "");
}

static LLVMValueRef cpuid(qcg *g, unsigned leaf)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(g->llvm);
    LLVMTypeRef words[] = {word, word, word, word};
    LLVMValueRef args[] = {i32(g, leaf), i32(g, 0)};
    return qcg_asm(g, LLVMStructTypeInContext(g->llvm, words, 4, false), words, args, 2, "cpuid",
                   "={ax},={bx},={cx},={dx},{ax},{cx},~{dirflag},~{fpsr},~{flags}");
}

static LLVMValueRef and_leaf(qcg *g, LLVMValueRef ok, unsigned leaf, const unsigned mask[4])
{
    if (!(mask[0] | mask[1] | mask[2] | mask[3]))
        return ok;
    LLVMValueRef regs = cpuid(g, leaf);
    for (unsigned r = 0; r < 4; r++)
        if (mask[r])
            ok = LLVMBuildAnd(g->b, ok,
                              all_set(g, LLVMBuildExtractValue(g->b, regs, r, ""), mask[r]), "");
    return ok;
}

/* XGETBV faults unless the system announced it: it stands behind a branch on all of CPUID. */
static LLVMValueRef and_state(qcg *g, LLVMValueRef fn, LLVMValueRef ok, unsigned state)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(g->llvm);
    LLVMTypeRef words[] = {word, word};
    LLVMValueRef xcr0[] = {i32(g, 0)};
    LLVMBasicBlockRef before = LLVMGetInsertBlock(g->b);
    LLVMBasicBlockRef ask = LLVMAppendBasicBlockInContext(g->llvm, fn, "state");
    LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(g->llvm, fn, "done");
    LLVMBuildCondBr(g->b, ok, ask, done);
    LLVMPositionBuilderAtEnd(g->b, ask);
    LLVMValueRef bits = qcg_asm(g, LLVMStructTypeInContext(g->llvm, words, 2, false), words, xcr0, 1,
                                "xgetbv", "={ax},={dx},{cx},~{dirflag},~{fpsr},~{flags}");
    LLVMValueRef enabled = all_set(g, LLVMBuildExtractValue(g->b, bits, 0, ""), state);
    LLVMBuildBr(g->b, done);
    LLVMPositionBuilderAtEnd(g->b, done);
    LLVMValueRef result = LLVMBuildPhi(g->b, LLVMInt1TypeInContext(g->llvm), "");
    LLVMValueRef values[] = {ok, enabled};
    LLVMBasicBlockRef blocks[] = {before, ask};
    LLVMAddIncoming(result, values, blocks, 2);
    return result;
}

static LLVMValueRef begin_check(qcg *g)
{
    qir_strbuf name = {0};
    qir_strbuf_printf(&name, "%s_cpu_ok", g->opts->name);
    LLVMTypeRef type = LLVMFunctionType(LLVMInt1TypeInContext(g->llvm), NULL, 0, false);
    LLVMValueRef fn = qcg_add_function(g, name.data, type, LLVMInternalLinkage, NULL);
    qir_strbuf_free(&name);
    LLVMPositionBuilderAtEnd(g->b, LLVMAppendBasicBlockInContext(g->llvm, fn, "entry"));
    return fn;
}

static LLVMValueRef x86_check(qcg *g, const char *features)
{
    struct x86_need need = {0};
    x86_needs(features, &need);
    LLVMValueRef fn = begin_check(g);
    LLVMValueRef ok = LLVMConstInt(LLVMInt1TypeInContext(g->llvm), 1, false);
    if (!need.state) { /* with extended state there always is a leaf 7 */
        LLVMValueRef last = LLVMBuildExtractValue(g->b, cpuid(g, 0), 0, "");
        ok = LLVMBuildICmp(g->b, LLVMIntUGE, last, i32(g, 7), "");
    }
    ok = and_leaf(g, ok, 1, need.leaf1);
    ok = and_leaf(g, ok, 7, need.leaf7);
    if (need.state)
        ok = and_state(g, fn, ok, need.state);
    LLVMBuildRet(g->b, ok);
    return fn;
}

struct arm_feature {
    const char *name, *reg; /* ID register and the lowest bit of a 4-bit field */
    unsigned shift, least;
};

static const struct arm_feature arm_features[] = {
    {"dotprod", "ID_AA64ISAR0_EL1", 44, 1},
    {"i8mm", "ID_AA64ISAR1_EL1", 52, 1},
    {"bf16", "ID_AA64ISAR1_EL1", 44, 1},
};

static LLVMValueRef arm_field(qcg *g, const struct arm_feature *f)
{
    LLVMTypeRef word = LLVMInt64TypeInContext(g->llvm);
    qir_strbuf text = {0};
    qir_strbuf_printf(&text, "mrs $0, %s", f->reg);
    LLVMValueRef reg = qcg_asm(g, word, NULL, NULL, 0, text.data, "=r");
    qir_strbuf_free(&text);
    LLVMValueRef field = LLVMBuildLShr(g->b, reg, LLVMConstInt(word, f->shift, false), "");
    field = LLVMBuildAnd(g->b, field, LLVMConstInt(word, 15, false), "");
    return LLVMBuildICmp(g->b, LLVMIntUGE, field, LLVMConstInt(word, f->least, false), "");
}

static LLVMValueRef arm_check(qcg *g, const char *features)
{
    LLVMValueRef fn = begin_check(g);
    LLVMValueRef ok = LLVMConstInt(LLVMInt1TypeInContext(g->llvm), 1, false);
    for (size_t i = 0; i < sizeof arm_features / sizeof *arm_features; i++)
        if (has_feature(features, arm_features[i].name))
            ok = LLVMBuildAnd(g->b, ok, arm_field(g, &arm_features[i]), "");
    LLVMBuildRet(g->b, ok);
    return fn;
}

/* Elsewhere than on Linux the register faults; those systems' CPUs are known to have it. */
static bool arm_needs(const char *triple, const char *features)
{
    for (size_t i = 0; i < sizeof arm_features / sizeof *arm_features; i++)
        if (has_feature(features, arm_features[i].name))
            return strstr(triple, "linux");
    return false;
}

bool qcg_needs_cpu_check(const char *triple, const char *features)
{
    struct x86_need unused = {0};
    if (qcg_triple_is(triple, "x86_64"))
        return x86_needs(features, &unused);
    return qcg_triple_is(triple, "aarch64") && arm_needs(triple, features);
}

LLVMValueRef qcg_cpu_check(qcg *g, const char *features)
{
    if (!qcg_needs_cpu_check(g->opts->triple, features))
        return NULL;
    return qcg_arch_is(g, "x86_64") ? x86_check(g, features) : arm_check(g, features);
}

/* ---- floating-point environment --------------------------------------------------------------- */
static void arm_set_fpcr(qcg *g, LLVMValueRef value)
{
    LLVMTypeRef word = LLVMInt64TypeInContext(g->llvm);
    qcg_asm(g, LLVMVoidTypeInContext(g->llvm), &word, &value, 1, "msr FPCR, $0", "r,~{memory}");
}

LLVMValueRef qcg_fp_enter(qcg *g)
{
    enum { MXCSR_DEFAULT = 0x1f80 }; /* nearest, no flushing, all exceptions masked */
    LLVMTypeRef word = LLVMInt32TypeInContext(g->llvm);
    LLVMTypeRef wide = LLVMInt64TypeInContext(g->llvm);
    if (qcg_arch_is(g, "x86_64")) {
        LLVMValueRef saved = LLVMBuildAlloca(g->b, word, "mxcsr");
        LLVMValueRef fresh = LLVMBuildAlloca(g->b, word, "");
        llb_intrinsic(g, "llvm.x86.sse.stmxcsr", NULL, 0, &saved, 1);
        LLVMBuildStore(g->b, i32(g, MXCSR_DEFAULT), fresh);
        llb_intrinsic(g, "llvm.x86.sse.ldmxcsr", NULL, 0, &fresh, 1);
        return saved;
    }
    if (qcg_arch_is(g, "aarch64")) {
        LLVMValueRef saved = qcg_asm(g, wide, NULL, NULL, 0, "mrs $0, FPCR", "=r,~{memory}");
        arm_set_fpcr(g, LLVMConstInt(wide, 0, false));
        return saved;
    }
    return NULL;
}

void qcg_fp_leave(qcg *g, LLVMValueRef saved)
{
    if (qcg_arch_is(g, "x86_64"))
        llb_intrinsic(g, "llvm.x86.sse.ldmxcsr", NULL, 0, &saved, 1);
    else if (qcg_arch_is(g, "aarch64"))
        arm_set_fpcr(g, saved);
}
