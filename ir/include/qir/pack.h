/* Packing of weights, the one copy that prepack-weights, the evaluator and the kernels share.
 *
 * A weight is seen as one matrix [N][K] per group: conv [O,I/g,kh,kw]: N = O/g, K = taps x I/g with
 * the input channel innermost; linear [O,I]: N = O, K = I.  Per-channel packings (depthwise):
 * one matrix, N = C, K = taps.  Packed order: ir/layouts.def.
 *
 * Integer weights are stored as w - z_w, so that padding is 0 and kernels know no weight zero
 * point.  Packings with several weights in an element (parts > 1) store w less qir_pack_origin, and
 * padding of k is z_w less that. */
#ifndef QIR_PACK_H
#define QIR_PACK_H

#include "qir/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_pack_shape {
    int64_t groups, n, k;           /* per group */
    int64_t columns;                /* of the kernel when per channel; else 1 */
    int64_t sections;               /* of k with parameters of their own, each in whole elements */
    int64_t nblocks, kblocks;       /* whole blocks of elements per group */
    int parts;                      /* weights in an element */
    const qir_packing_info *info;
} qir_pack_shape;

/* Shape of the packed form of `weight` (rank 2: linear; rank >= 3: conv).  Returns false when the
 * packing does not apply: depthwise packing of a weight that is not depthwise, differences w - z_w
 * that do not fit the element, groups whose N is not a multiple of the block (the bytes of a packed
 * type do not depend on the groups). */
bool qir_pack_shape_get(qir_packing p, const qir_type *weight, int64_t groups, qir_pack_shape *out);
/* The same for bytes that no packed type describes: groups of any N, each filled up to blocks. */
bool qir_pack_shape_get_groups(qir_packing p, const qir_type *weight, int64_t groups,
                               qir_pack_shape *out);
/* Weights that no packed type describes: every row of k in so many equal parts, each filled up to whole
 * elements. */
void qir_pack_shape_cut(qir_pack_shape *s, int64_t sections);
size_t qir_pack_bytes(const qir_pack_shape *s);

/* Of weights that share an element: half the range of an unsigned type. */
int32_t qir_pack_origin(const qir_type *weight);
/* What is added to them where elements are u8: half the range of a weight; else 0. */
int32_t qir_pack_raised(const qir_packing_info *info);
/* The row of ir/layouts.def that differs from `p` in the bits of a weight; none if there is none. */
qir_packing qir_packing_with_bits(qir_packing p, int bits);

/* Row-major weight -> packed bytes, and back. */
void qir_pack(const qir_pack_shape *s, const qir_type *weight, const void *src, void *dst);
void qir_unpack(const qir_pack_shape *s, const qir_type *weight, const void *src, void *dst);

#ifdef __cplusplus
}
#endif
#endif
