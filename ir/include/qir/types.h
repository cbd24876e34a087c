/* Types: immutable and uniqued in the context, so equal types have equal pointers.
 *
 *   tensor<1x16x32x32xf32>                                     plain
 *   tensor<1x16x32x32xquant<i8:f32, 0.0117647:-128>>           per tensor
 *   tensor<16x3x3x3xquant<i8<-127:127>:f32, axis = 0, {...}>>  per axis
 *   tensor<..., nhwc>                                          physical order
 *   packed<gemm_i16n8k2, tensor<16x3x3x3x!w0>>                 prepacked weight, groups = 1 (per-channel
 *                                                              packings: groups = channels)
 */
#ifndef QIR_TYPES_H
#define QIR_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "qir/context.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { QIR_MAX_RANK = 8, QIR_DYNAMIC = -1 };
#define QIR_MAX_ELEMENTS ((int64_t)1 << 40)

typedef enum qir_dtype {
#define D(name, bits, cls) QIR_##name,
#include "dtypes.def"
#undef D
    QIR_NUM_DTYPES
} qir_dtype;

const char *qir_dtype_name(qir_dtype t);
unsigned qir_dtype_bits(qir_dtype t);
/* Bytes of one element in memory: sub-byte types take one byte each outside files. */
size_t qir_dtype_bytes(qir_dtype t);
bool qir_dtype_is_float(qir_dtype t);
bool qir_dtype_is_int(qir_dtype t);    /* signed or unsigned, not i1 */
bool qir_dtype_is_signed(qir_dtype t); /* signed integer */
bool qir_dtype_from_name(const char *name, size_t len, qir_dtype *out);
/* Value range of an integer type. */
int64_t qir_dtype_min(qir_dtype t);
int64_t qir_dtype_max(qir_dtype t);

typedef enum qir_order {
#define ORDER(name, doc) QIR_ORDER_##name,
#define PACKING(name, elem, nb, kg, bits, pc, doc)
#include "layouts.def"
#undef ORDER
#undef PACKING
    QIR_NUM_ORDERS
} qir_order;

typedef enum qir_packing {
    QIR_PACKING_none,
#define ORDER(name, doc)
#define PACKING(name, elem, nb, kg, bits, pc, doc) QIR_PACKING_##name,
#include "layouts.def"
#undef ORDER
#undef PACKING
    QIR_NUM_PACKINGS
} qir_packing;

/* Affine quantization: real = (q - zero_point) * scale.
 * One (scale, zero point) pair per tensor, per slice of `axis`, or per group of `group` consecutive
 * indices of `axis`, for each index of dimension 0 unless that is the axis (row-major
 * [dims[0]][dims[axis] / group]).
 * Identity is by content. */
typedef struct qir_quant {
    qir_dtype storage, expressed;
    int32_t qmin, qmax; /* storage range in use */
    int32_t axis;       /* -1: per tensor */
    int64_t group;      /* 0: not grouped */
    bool dynamic;       /* parameters are computed at run time; count is 0 */
    size_t count;
    const float *scale;         /* count; each finite and > 0 */
    const int32_t *zero_point;  /* count; within [qmin, qmax] (0 for symmetric) */
} qir_quant;

typedef enum qir_type_kind { QIR_TENSOR, QIR_PACKED } qir_type_kind;

typedef struct qir_type {
    qir_type_kind kind;
    qir_dtype dtype;        /* element; the storage type when quantized */
    const qir_quant *quant; /* NULL unless quantized */
    unsigned rank;
    const int64_t *dims;    /* rank; QIR_DYNAMIC for '?' */
    qir_order order;
    qir_packing packing;          /* QIR_PACKED only */
    const struct qir_type *logical; /* QIR_PACKED: the tensor type that was packed */
    uint32_t id;            /* dense, in order of creation */
} qir_type;

/* Constructors return NULL after a diagnostic at `loc` when the request is invalid (rank, negative
 * dimension, too many elements, scale not finite or not > 0, zero point outside the storage range,
 * count not matching the axis). */
const qir_type *qir_tensor_type(qir_context *ctx, qir_dtype elem, const int64_t *dims, unsigned rank,
                                const qir_loc *loc);
const qir_type *qir_quant_type(qir_context *ctx, const qir_quant *q, const int64_t *dims,
                               unsigned rank, const qir_loc *loc);
const qir_type *qir_packed_type(qir_context *ctx, qir_packing packing, const qir_type *logical,
                                const qir_loc *loc);

/* Uniques quantization parameters without a shape (the parser's `!a0 = quant<...>`); checks all that
 * does not depend on the shape. */
const qir_quant *qir_quant_get(qir_context *ctx, const qir_quant *q, const qir_loc *loc);

/* Per-tensor parameters with full control of the range. */
const qir_quant *qir_quant_per_tensor(qir_context *ctx, qir_dtype storage, int32_t qmin,
                                      int32_t qmax, float scale, int32_t zero_point,
                                      const qir_loc *loc);

/* Variations of a valid type; the shape one diagnoses as qir_tensor_type does. */
const qir_type *qir_type_with_shape(qir_context *ctx, const qir_type *t, const int64_t *dims,
                                    unsigned rank, const qir_loc *loc);
const qir_type *qir_type_with_quant(qir_context *ctx, const qir_type *t, const qir_quant *q,
                                    const qir_loc *loc);
const qir_type *qir_type_with_order(qir_context *ctx, const qir_type *t, qir_order order);

bool qir_type_is_quant(const qir_type *t);
bool qir_type_is_float(const qir_type *t); /* plain float tensor */
bool qir_type_same_shape(const qir_type *a, const qir_type *b);
bool qir_quant_is_per_tensor(const qir_quant *q);
/* i8 or u8, one static set of parameters for the whole tensor: what integer arithmetic takes. */
bool qir_type_is_byte_quant(const qir_type *t);
/* i16 with zero point 0, likewise: what ops with trait WORDS take besides. */
bool qir_type_is_word_quant(const qir_type *t);
/* Index of the parameters of element `i` (row-major) of a tensor of quantized type. */
size_t qir_quant_index(const qir_type *t, int64_t i);

/* Elements and bytes of the whole tensor (packed: of the packed payload).  Static shapes only. */
int64_t qir_type_elements(const qir_type *t);
size_t qir_type_bytes(const qir_type *t);
bool qir_type_is_static(const qir_type *t);

/* Element strides (in elements) of the physical order: strides[rank]. */
void qir_type_strides(const qir_type *t, int64_t *strides);

/* Row of ir/layouts.def. */
typedef struct qir_packing_info {
    const char *name;
    qir_dtype elem;
    int nblock, kgroup, bits;
    bool per_channel;
    const char *doc;
} qir_packing_info;
const qir_packing_info *qir_packing_get(qir_packing p);
bool qir_packing_from_name(const char *name, size_t len, qir_packing *out);
const char *qir_order_name(qir_order o);
bool qir_order_from_name(const char *name, size_t len, qir_order *out);

/* Text of a type as QIR writes it without aliases; arena (context). */
const char *qir_type_text(qir_context *ctx, const qir_type *t);

#ifdef __cplusplus
}
#endif
#endif
