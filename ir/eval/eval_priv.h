/* Shared by the family files of the evaluator: operands as arrays of one compute type, strided
 * copies, attributes of windows, dot products.
 *
 * Every op computes in one of four classes.  f16 and bf16 compute in f32 and round once at the end;
 * integers and booleans compute in int64 and wrap to their type; quantized tensors compute on their
 * stored integers. */
#ifndef QIR_EVAL_PRIV_H
#define QIR_EVAL_PRIV_H

#include <string.h>
#include "qir/eval.h"
#include "qir/qmath.h"
#include "qir/support/assert.h"

typedef enum eval_class { EVAL_F32, EVAL_F64, EVAL_INT, EVAL_QUANT } eval_class;
eval_class eval_class_of(const qir_type *t);

/* The eval column of ops.def. */
#define OP_END(op, nresults, traits, infer, qrule, eval, lower)                                    \
    bool qir_eval_##eval(qir_eval_args *a);
#include "ops.def"

/* --- operands and results ------------------------------------------------------------------- */
static inline bool eval_has(const qir_eval_args *a, uint32_t i)
{
    return i < a->op->noperands && a->in[i].data;
}

/* All elements of a tensor in one compute type: borrowed when that is how they are stored, else in
 * scratch.  Floats: quantized values are dequantized.  Integers: stored values as they are. */
const float *eval_f32(qir_eval_args *a, const qir_tensor *t);
const double *eval_f64(qir_eval_args *a, const qir_tensor *t);
const int64_t *eval_i64(qir_eval_args *a, const qir_tensor *t);
const int32_t *eval_i32(qir_eval_args *a, const qir_tensor *t);

/* Where to compute a result: the result itself or scratch; put converts it if needed (floats to a
 * quantized result: quantizes; integers wrap). */
float *eval_out_f32(qir_eval_args *a, const qir_tensor *t);
void eval_put_f32(const qir_tensor *t, const float *v);
double *eval_out_f64(qir_eval_args *a, const qir_tensor *t);
void eval_put_f64(const qir_tensor *t, const double *v);
int64_t *eval_out_i64(qir_eval_args *a, const qir_tensor *t);
void eval_put_i64(const qir_tensor *t, const int64_t *v);
int32_t *eval_out_i32(qir_eval_args *a, const qir_tensor *t);
void eval_put_i32(const qir_tensor *t, const int32_t *v);

/* --- order ---------------------------------------------------------------------------------------
 * The larger and smaller of two floats wherever the specification says so (maximum, max_pool,
 * reduce_max, ...; folded from left to right): NaN on either side wins, ties keep `a`. */
#define EVAL_MAX(a, b) ((b) > (a) || (b) != (b) ? (b) : (a))
#define EVAL_MIN(a, b) ((b) < (a) || (b) != (b) ? (b) : (a))
/* a > b, both loaded by eval_i64 from elements of type t. */
static inline bool eval_int_larger(qir_dtype t, int64_t a, int64_t b)
{
    return t == QIR_u64 ? (uint64_t)a > (uint64_t)b : a > b;
}

/* --- shapes ----------------------------------------------------------------------------------- */
void eval_row_strides(unsigned rank, const int64_t *dims, int64_t *strides);

/* Copies a block of `dims` elements of `esize` bytes; strides in elements, any sign, 0 repeats. */
void eval_copy_nd(unsigned rank, const int64_t *dims, size_t esize, void *dst, const int64_t *ds,
                  const void *src, const int64_t *ss);

/* Copies a row-major block of `dims`: dst[i0, i1, ...] = src[maps[0][i0], maps[1][i1], ...]; where
 * a map says -1 the element at `fill`.  `ss`: strides of src. */
void eval_map_nd(unsigned rank, const int64_t *dims, size_t esize, char *dst, const char *src,
                 const int64_t *ss, int64_t *const *maps, const void *fill);

/* `src` of shape `from` repeated to the shape of `to` (numpy broadcasting): src itself if equal. */
const void *eval_broadcast(qir_eval_args *a, const void *src, size_t esize, const qir_type *from,
                           const qir_type *to);

/* Product of dims[from .. to). */
int64_t eval_product(const int64_t *dims, unsigned from, unsigned to);

/* --- attributes ------------------------------------------------------------------------------- */
typedef struct eval_bounds {
    float min, max;
} eval_bounds;
eval_bounds eval_get_bounds(const qir_op *op);

/* v < min becomes min, then v > max becomes max; NaN passes. */
static inline float eval_bound(float v, eval_bounds b)
{
    v = v < b.min ? b.min : v;
    return v > b.max ? b.max : v;
}
static inline double eval_bound_f64(double v, eval_bounds b)
{
    v = v < (double)b.min ? (double)b.min : v;
    return v > (double)b.max ? (double)b.max : v;
}
static inline int64_t eval_bound_int(int64_t v, qir_int_range r)
{
    if (r.is_u64)
        return (uint64_t)v < (uint64_t)r.lo ? r.lo : (uint64_t)v > (uint64_t)r.hi ? r.hi : v;
    return v < r.lo ? r.lo : v > r.hi ? r.hi : v;
}

/* add, sub, mul, maximum, minimum on quantized tensors in integers; false: the op or its types are
 * not such a case.  *ok: whether it succeeded. */
bool eval_binary_quantized(qir_eval_args *a, bool *ok);

enum { EVAL_SPATIAL = 3 };
/* A window sliding over up to three spatial axes; missing axes are in front with size 1. */
typedef struct eval_window {
    int64_t batch, channels;
    int64_t in[EVAL_SPATIAL], out[EVAL_SPATIAL], kernel[EVAL_SPATIAL];
    int64_t stride[EVAL_SPATIAL], dilation[EVAL_SPATIAL];
    int64_t pad[EVAL_SPATIAL], pad_end[EVAL_SPATIAL];
} eval_window;

/* Index in the operand of tap `k` of output position `o` on one axis; -1: padding. */
static inline int64_t eval_operand_index(const eval_window *w, int axis, int64_t o, int64_t k)
{
    int64_t i = o * w->stride[axis] - w->pad[axis] + k * w->dilation[axis];
    return i < 0 || i >= w->in[axis] ? -1 : i;
}

/* From the operand and result types [N,C,spatial] and the attributes strides, pads, dilations;
 * `kernel` has one entry per spatial axis. */
void eval_get_window(const qir_eval_args *a, const int64_t *kernel, eval_window *w);

/* --- products --------------------------------------------------------------------------------- */
typedef enum eval_dot {
    EVAL_DOT_F32,
    EVAL_DOT_F64,
    EVAL_DOT_I16,
    EVAL_DOT_I32,
    EVAL_DOT_I64
} eval_dot;
size_t eval_dot_bytes(eval_dot k);        /* of an operand element */
size_t eval_dot_result_bytes(eval_dot k); /* I16 and I32 sum in int32, wrapping */

/* out[i * rs + j * cs] = dot(a row i, b row j), rows of `k` elements; i < m, j < n. */
void eval_gemm(eval_dot kind, int64_t m, int64_t n, int64_t k, const void *a, const void *b,
               void *out, int64_t rs, int64_t cs);

/* How conv, linear and matmul multiply: integers when both operands are quantized and the result is
 * quantized or integer, else floats (quantized operands are dequantized first). */
eval_dot eval_product_kind(const qir_type *x, const qir_type *w, const qir_type *y);

/* Operand `t` as elements of `kind`; quantized integers lose their zero point. */
const void *eval_product_operand(qir_eval_args *a, const qir_tensor *t, eval_dot kind);

/* Room for one sum per element of result 0. */
void *eval_product_out(qir_eval_args *a, eval_dot kind);

/* Sums to result 0, whose elements [outer][channels][inner] take entry `channel` of the bias
 * (operand 2, if `has_bias`) and of the weight's scales.  Floats: (sum + bias), then bounds.
 * Quantized: FP32-RNE requantization of sum + bias.  Plain integers: sum + bias, then bounds. */
void eval_product_finish(qir_eval_args *a, eval_dot kind, void *sums, const qir_type *w,
                         bool has_bias, int64_t channels, int64_t inner);

/* Products whose parameters come from run time (operands 0 to 2 of linear_dynamic, conv_dynamic).
 * Operand 0 as I16, less the zero points: of each of `rows` equal parts, or one for all. */
const int16_t *eval_dynamic_operand(qir_eval_args *a, int64_t rows);
/* (float(sum) * scale of the part) * s_w + bias, then bounds: one sum to element `channel`. */
float eval_dynamic_value(qir_eval_args *a, int32_t sum, int64_t row, const qir_quant *w,
                         int64_t channel);

/* The weight operand `i`, unpacked if it is packed. */
qir_tensor eval_weight(qir_eval_args *a, uint32_t i);

#endif
