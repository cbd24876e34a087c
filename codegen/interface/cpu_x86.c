/* What an x86-64 CPU has: CPUID, and XGETBV for the registers that the system saves.  Both trap in
 * virtual machines (7 us for one CPUID where it was measured). */
#include "interface/cpu.h"

enum { LEAF_1, LEAF_7, LEAF_7_1, LEAVES };
static const struct {
    unsigned leaf, sub;
} leaves[LEAVES] = {{1, 0}, {7, 0}, {7, 1}};

struct x86_feature {
    const char *name;
    unsigned leaf, reg, bit; /* row of leaves[]; register 0..3 = eax ebx ecx edx */
    unsigned state;          /* XCR0 bits that the system must have enabled */
};

enum { SSE_AVX = 6, AVX512 = 0xe6 };

static const struct x86_feature x86_features[] = {
    {"sse3", LEAF_1, 2, 0, 0},
    {"ssse3", LEAF_1, 2, 9, 0},
    {"sse4.1", LEAF_1, 2, 19, 0},
    {"sse4.2", LEAF_1, 2, 20, 0},
    {"movbe", LEAF_1, 2, 22, 0},
    {"popcnt", LEAF_1, 2, 23, 0},
    {"fma", LEAF_1, 2, 12, SSE_AVX},
    {"avx", LEAF_1, 2, 28, SSE_AVX},
    {"f16c", LEAF_1, 2, 29, SSE_AVX},
    {"avx2", LEAF_7, 1, 5, SSE_AVX},
    {"bmi", LEAF_7, 1, 3, 0},
    {"bmi2", LEAF_7, 1, 8, 0},
    {"avx512f", LEAF_7, 1, 16, AVX512},
    {"avx512dq", LEAF_7, 1, 17, AVX512},
    {"avx512bw", LEAF_7, 1, 30, AVX512},
    {"avx512vl", LEAF_7, 1, 31, AVX512},
    {"avx512vnni", LEAF_7, 2, 11, AVX512},
    {"avxvnni", LEAF_7_1, 0, 4, SSE_AVX},
};

/* What must be set for one level, gathered over its features. */
struct need {
    unsigned bits[LEAVES][4], state;
};

/* What was asked, as LLVM values. */
struct answers {
    LLVMValueRef last;         /* highest basic leaf; NULL: not asked */
    LLVMValueRef regs[LEAVES]; /* struct of four words; NULL: not asked */
    LLVMValueRef xcr0;
};

enum { ECX = 2, OSXSAVE = 27 };

static bool needs(const char *features, struct need *n)
{
    bool any = false;
    *n = (struct need){0};
    for (size_t i = 0; i < sizeof x86_features / sizeof *x86_features; i++) {
        const struct x86_feature *f = &x86_features[i];
        if (!qcg_has_feature(features, f->name))
            continue;
        n->bits[f->leaf][f->reg] |= 1u << f->bit;
        n->state |= f->state;
        any = true;
    }
    if (n->state)
        n->bits[LEAF_1][ECX] |= 1u << OSXSAVE;
    return any;
}

static bool uses(const struct need *n, unsigned leaf)
{
    const unsigned *b = n->bits[leaf];
    return b[0] | b[1] | b[2] | b[3];
}

bool qcg_x86_asks(const char *triple, const char *features)
{
    struct need unused;
    (void)triple;
    return needs(features, &unused);
}

/* --- asking ---------------------------------------------------------------------------------- */
static LLVMValueRef i32(qcg *g, unsigned value)
{
    return LLVMConstInt(LLVMInt32TypeInContext(g->llvm), value, false);
}

static LLVMValueRef all_set(qcg *g, LLVMValueRef bits, unsigned mask)
{
    return LLVMBuildICmp(g->b, LLVMIntEQ, LLVMBuildAnd(g->b, bits, i32(g, mask), ""), i32(g, mask),
                         "");
}

static LLVMValueRef cpuid(qcg *g, unsigned leaf, unsigned sub)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(g->llvm);
    LLVMTypeRef words[] = {word, word, word, word};
    LLVMValueRef args[] = {i32(g, leaf), i32(g, sub)};
    return qcg_asm(g, LLVMStructTypeInContext(g->llvm, words, 4, false), words, args, 2, "cpuid",
                   "={ax},={bx},={cx},={dx},{ax},{cx},~{dirflag},~{fpsr},~{flags}");
}

static LLVMValueRef xgetbv(qcg *g)
{
    LLVMTypeRef word = LLVMInt32TypeInContext(g->llvm);
    LLVMTypeRef words[] = {word, word};
    LLVMValueRef zero = i32(g, 0);
    LLVMValueRef r = qcg_asm(g, LLVMStructTypeInContext(g->llvm, words, 2, false), words, &zero, 1,
                             "xgetbv", "={ax},={dx},{cx},~{dirflag},~{fpsr},~{flags}");
    return LLVMBuildExtractValue(g->b, r, 0, "");
}

/* XGETBV faults unless the system announced it: it stands behind a branch.  0: no such state. */
static LLVMValueRef saved_state(qcg *g, LLVMValueRef fn, const struct answers *a)
{
    LLVMValueRef announced =
        all_set(g, LLVMBuildExtractValue(g->b, a->regs[LEAF_1], ECX, ""), 1u << OSXSAVE);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(g->b);
    LLVMBasicBlockRef ask = LLVMAppendBasicBlockInContext(g->llvm, fn, "state");
    LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(g->llvm, fn, "done");
    LLVMBuildCondBr(g->b, announced, ask, done);
    LLVMPositionBuilderAtEnd(g->b, ask);
    LLVMValueRef values[] = {i32(g, 0), xgetbv(g)};
    LLVMBasicBlockRef blocks[] = {before, ask};
    LLVMBuildBr(g->b, done);
    LLVMPositionBuilderAtEnd(g->b, done);
    LLVMValueRef xcr0 = LLVMBuildPhi(g->b, LLVMInt32TypeInContext(g->llvm), "");
    LLVMAddIncoming(xcr0, values, blocks, 2);
    return xcr0;
}

/* Each leaf once, whichever levels want it. */
static struct answers ask(qcg *g, LLVMValueRef fn, const struct need *all)
{
    struct answers a = {0};
    for (unsigned i = 0; i < LEAVES; i++)
        if (uses(all, i))
            a.regs[i] = cpuid(g, leaves[i].leaf, leaves[i].sub);
    if (uses(all, LEAF_7) && !all->state) /* with extended state there always is a leaf 7 */
        a.last = LLVMBuildExtractValue(g->b, cpuid(g, 0, 0), 0, "");
    if (all->state)
        a.xcr0 = saved_state(g, fn, &a);
    return a;
}

static LLVMValueRef has_all(qcg *g, const struct answers *a, const struct need *n)
{
    LLVMValueRef ok = LLVMConstInt(LLVMInt1TypeInContext(g->llvm), 1, false);
    if (uses(n, LEAF_7) && a->last)
        ok = LLVMBuildICmp(g->b, LLVMIntUGE, a->last, i32(g, 7), "");
    for (unsigned i = 0; i < LEAVES; i++)
        for (unsigned r = 0; r < 4; r++)
            if (n->bits[i][r])
                ok = LLVMBuildAnd(
                    g->b, ok,
                    all_set(g, LLVMBuildExtractValue(g->b, a->regs[i], r, ""), n->bits[i][r]), "");
    return n->state ? LLVMBuildAnd(g->b, ok, all_set(g, a->xcr0, n->state), "") : ok;
}

LLVMValueRef qcg_x86_levels(qcg *g, LLVMValueRef fn, const qcg_abi *abi)
{
    struct need all, one;
    qir_strbuf features = {0};
    for (size_t i = 0; i < abi->nlevels; i++)
        qir_strbuf_printf(&features, "%s,", abi->features[i]);
    needs(qir_strbuf_cstr(&features), &all);
    qir_strbuf_free(&features);
    struct answers a = ask(g, fn, &all);
    LLVMValueRef mask = i32(g, 0);
    for (size_t i = 0; i < abi->nlevels; i++) {
        needs(abi->features[i], &one);
        mask = qcg_mask_or(g, mask, has_all(g, &a, &one), (unsigned)i);
    }
    return mask;
}
