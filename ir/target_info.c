/* Target facts from targets.def: triples, levels, what the running CPU has, packings per op. */
#include "qir/kernel_plan.h"

#include <string.h>
#include "qir/ops.h"
#include "qir/pack.h"
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

typedef struct arch_row {
    const char *name, *prefix, *triple;
} arch_row;

static const arch_row archs[] = {
#define ARCH(name, prefix, triple) {#name, prefix, triple},
#define LEVEL(name, arch, feat, cpu, vb, act, gemm, wide, dw, fgemm, fdw, low, base, doc)
#include "targets.def"
#undef ARCH
#undef LEVEL
};

static const qir_level_info levels[] = {
#define ARCH(name, prefix, triple)
#define LEVEL(name, arch, feat, cpu, vb, act, gemm, wide, dw, fgemm, fdw, low, base, doc)              \
    {#name, #arch, feat, cpu, doc, vb, QIR_##act, QIR_PACKING_##gemm, QIR_PACKING_##wide,           \
     QIR_PACKING_##dw, QIR_PACKING_##fgemm, QIR_PACKING_##fdw, QIR_PACKING_##low, base},
#include "targets.def"
#undef ARCH
#undef LEVEL
};

/* Other spellings of the architectures. */
static const struct {
    const char *name, *arch;
} aliases[] = {{"amd64", "x86_64"}, {"x86-64", "x86_64"}, {"arm64", "aarch64"}};

#if defined(__x86_64__)
static const char host_arch[] = "x86_64";
#elif defined(__aarch64__)
static const char host_arch[] = "aarch64";
#else
static const char host_arch[] = "";
#endif

const qir_level_info *qir_level_get(qir_level l)
{
    return &levels[l];
}

bool qir_level_from_name(const char *name, qir_level *out)
{
    for (int i = 0; i < QIR_NUM_LEVELS; i++) {
        if (!strcmp(levels[i].name, name)) {
            *out = (qir_level)i;
            return true;
        }
    }
    return false;
}

/* --- triples ---------------------------------------------------------------------------------- */

static bool equal(const char *s, size_t len, const char *word)
{
    return strlen(word) == len && !memcmp(s, word, len);
}

/* The row of an architecture name or alias; NULL: none. */
static const arch_row *find_arch(const char *s, size_t len)
{
    const char *name = NULL;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (equal(s, len, aliases[i].name))
            name = aliases[i].arch;
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
        if (name ? !strcmp(archs[i].name, name)
                 : equal(s, len, archs[i].name) || equal(s, len, archs[i].prefix))
            return &archs[i];
    return NULL;
}

const char *qir_target_triple(qir_context *ctx, const char *target)
{
    if (!target)
        target = host_arch;
    if (strchr(target, '-') && !find_arch(target, strlen(target)))
        return qir_intern_cstr(ctx, target);
    const arch_row *a = find_arch(target, strlen(target));
    return a ? qir_intern_cstr(ctx, a->triple) : NULL;
}

static const arch_row *arch_of_triple(const char *triple)
{
    return find_arch(triple, strcspn(triple, "-"));
}

bool qir_level_fits_triple(qir_level l, const char *triple)
{
    const arch_row *a = arch_of_triple(triple);
    return !strcmp(levels[l].arch, "any") || (a && !strcmp(levels[l].arch, a->name));
}

qir_level qir_level_baseline(const char *triple)
{
    qir_level best = QIR_LEVEL_generic;
    for (int l = 0; l < QIR_NUM_LEVELS; l++)
        if (levels[l].baseline && qir_level_fits_triple((qir_level)l, triple))
            best = (qir_level)l;
    return best;
}

/* --- the running CPU ------------------------------------------------------------------------ */

#if defined(__x86_64__)
/* Not every compiler has a name for it. */
static bool has_avxvnni(void)
{
    unsigned a, b, c, d;
    return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 4 & 1;
}
#endif

/* Does the CPU have the LLVM feature `name`?  Names that no level uses are not known here. */
static bool has_feature(const char *name, size_t len)
{
#if defined(__x86_64__)
#define ASK(feature)                                                                               \
    if (equal(name, len, feature))                                                                 \
    return __builtin_cpu_supports(feature)
    ASK("avx2");
    ASK("fma");
    ASK("bmi2");
    ASK("avx512f");
    ASK("avx512dq");
    ASK("avx512bw");
    ASK("avx512vl");
    ASK("avx512vnni");
#undef ASK
    if (equal(name, len, "f16c"))
        return __builtin_cpu_supports("avx2"); /* every AVX2 CPU has it */
    if (equal(name, len, "avxvnni"))
        return has_avxvnni();
#elif defined(__aarch64__) && defined(__linux__)
    unsigned long caps = getauxval(AT_HWCAP);
    if (equal(name, len, "neon"))
        return caps & 1ul << 1; /* HWCAP_ASIMD */
    if (equal(name, len, "dotprod"))
        return caps & 1ul << 20; /* HWCAP_ASIMDDP */
    if (equal(name, len, "i8mm"))
        return getauxval(AT_HWCAP2) & 1ul << 13; /* HWCAP2_I8MM */
#endif
    (void)name;
    (void)len;
    return false;
}

bool qir_level_runs_here(qir_level l)
{
    if (!strcmp(levels[l].arch, "any"))
        return true;
    if (strcmp(levels[l].arch, host_arch) != 0)
        return false;
    for (const char *p = levels[l].features; *p;) {
        size_t len = strcspn(p, ",");
        if (!has_feature(p + 1, len - 1)) /* behind the '+' */
            return false;
        p += len;
        p += *p == ',';
    }
    return true;
}

qir_level qir_level_native(void)
{
    qir_level best = QIR_LEVEL_generic;
    for (int l = 0; l < QIR_NUM_LEVELS; l++)
        if (qir_level_runs_here((qir_level)l))
            best = (qir_level)l;
    return best;
}

/* --- packings ------------------------------------------------------------------------------- */

static const qir_type *weight_type(const qir_op *op)
{
    const qir_type *t = op->operands[qir_op_weight(op)].value->type;
    return t->kind == QIR_PACKED ? t->logical : t;
}

qir_packing qir_level_dynamic_packing(qir_level l, const qir_op *op)
{
    const qir_type *w = weight_type(op);
    unsigned bits = qir_dtype_bits(w->dtype);
    qir_packing p = bits < 8 ? levels[l].low : levels[l].gemm;
    /* Where the level's activations are unsigned, i8 operands are raised on their way to the panel. */
    bool fits = levels[l].act == QIR_u8 || op->operands[0].value->type->dtype == QIR_i8;
    for (size_t i = 0; bits == 8 && i < w->quant->count; i++)
        fits = fits && qir_pack_origin(w) == w->quant->zero_point[i];
    if (qir_packing_get(p)->elem == QIR_i8 && !fits)
        p = levels[l].wide;
    return qir_packing_with_bits(p, (int)bits);
}

static qir_packing if_it_fits(qir_packing p, const qir_type *w, int64_t groups)
{
    qir_pack_shape shape;
    return qir_pack_shape_get(p, w, groups, &shape) ? p : QIR_PACKING_none;
}

qir_packing qir_level_weight_packing(qir_level l, const qir_type *w, int64_t groups)
{
    bool depthwise = w->rank >= 3 && w->dims[1] == 1 && groups == w->dims[0] && groups > 1;
    bool is_float = qir_type_is_float(w);
    return if_it_fits(depthwise ? (is_float ? levels[l].fdw : levels[l].dw)
                                : (is_float ? levels[l].fgemm : levels[l].gemm),
                      w, groups);
}

qir_packing qir_level_packing(qir_level l, const qir_op *op)
{
    const qir_op_desc *d = qir_op_desc_get(op->opcode);
    int index = qir_op_weight(op);
    if (index < 0 || !(d->operands[index].kinds & QIR_KIND_PACKED) || !qir_op_has_kernel(op) ||
        !qir_value_const(qir_op_operand(op, (uint32_t)index)))
        return QIR_PACKING_none;
    const qir_type *w = weight_type(op);
    qir_kernel_plan plan;
    qir_kernel_plan_get(l, op, &plan);
    if (plan.own_weights)
        return QIR_PACKING_none;
    const qir_attr *attr = qir_op_attr(op, "groups"); /* linear has none */
    int64_t groups = attr ? attr->u.i : 1;
    if (d->qrule.kind == QIR_QR_DYNAMIC)
        return if_it_fits(qir_level_dynamic_packing(l, op), w, groups);
    if (w->quant && qir_type_is_float(qir_op_operand(op, 0)->type))
        return QIR_PACKING_none; /* stays codes */
    if (plan.packing == qir_packing_with_bits(levels[l].wide, 8))
        return if_it_fits(plan.packing, w, groups);
    return qir_level_weight_packing(l, w, groups);
}
