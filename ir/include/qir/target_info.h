/* Facts about targets that passes may read; no LLVM here. */
#ifndef QIR_TARGET_INFO_H
#define QIR_TARGET_INFO_H

#include "qir/types.h"
#include "qir/ir.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum qir_level {
#define ARCH(name, prefix, triple)
#define LEVEL(name, arch, feat, cpu, vb, act, gemm, wide, dw, fgemm, fdw, low, base, doc) QIR_LEVEL_##name,
#include "targets.def"
#undef ARCH
#undef LEVEL
    QIR_NUM_LEVELS
} qir_level;

typedef struct qir_level_info {
    const char *name, *arch, *features, *cpu, *doc;
    unsigned vector_bytes;
    qir_dtype act; /* storage of quantized activations */
    qir_packing gemm, wide, dw, fgemm, fdw, low;
    bool baseline;
} qir_level_info;

const qir_level_info *qir_level_get(qir_level l);
bool qir_level_from_name(const char *name, qir_level *out);

/* "aarch64" -> "aarch64-linux-gnu"; full triples pass through normalised.  NULL: unknown
 * architecture of a bare name (full triples are left to LLVM to judge). */
const char *qir_target_triple(qir_context *ctx, const char *target);
bool qir_level_fits_triple(qir_level l, const char *triple);
qir_level qir_level_baseline(const char *triple); /* generic where none is listed */
/* Best level that the running CPU has, by CPUID or hwcaps. */
qir_level qir_level_native(void);
bool qir_level_runs_here(qir_level l);

/* Packing that level `l` wants for the weight of `op` (conv or linear); QIR_PACKING_none if the op's
 * kernel takes the weight as it is (grouped convolutions that are not depthwise: the kernel packs
 * each group into a constant of its own). */
qir_packing qir_level_packing(qir_level l, const qir_op *op);

/* The same for a weight of this type, of a conv (or linear: 1 group) that computes in its type. */
qir_packing qir_level_weight_packing(qir_level l, const qir_type *w, int64_t groups);
/* Packing that the products of linear_dynamic and conv_dynamic read: i8 elements where the level has
 * products of i8 and the operand and the weight less its zero point fit, else i16. */
qir_packing qir_level_dynamic_packing(qir_level l, const qir_op *op);

/* Scratch bytes that the kernel of `op` needs at level `l` besides its operands and results, after
 * assign-layouts (padded copies, widened panels).  Multiple of 64.  The kernels use exactly this. */
size_t qir_level_workspace(qir_level l, const qir_op *op);

#ifdef __cplusplus
}
#endif
#endif
