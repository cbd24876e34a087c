/* The reference evaluator: the specification of every op.  Written for reading; naive loops.
 * Tensors are row-major in their logical dimensions whatever their physical order. */
#ifndef QIR_EVAL_H
#define QIR_EVAL_H

#include "qir/ir.h"
#include "qir/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A tensor value.  `data` has qir_type_bytes(type) bytes (packed: the packed payload). */
typedef struct qir_tensor {
    const qir_type *type;
    void *data;
} qir_tensor;

/* What an op's eval function sees; operands absent in the op have data NULL.  Results are allocated
 * and zeroed.  False: diagnosed (for instance an index out of range). */
typedef struct qir_eval_args {
    const qir_op *op;
    const qir_tensor *in;
    qir_tensor *out;
    qir_arena *scratch; /* reset after the op */
    qir_diag_engine *diag;
} qir_eval_args;
typedef bool (*qir_eval_fn)(qir_eval_args *a);

/* Which of the ranges of an `observe` op (attributes lo, hi) element i of its operand belongs to. */
int64_t qir_observed_cell(const qir_op *observe, int64_t i);

/* Evaluates one op on given operand tensors into freshly allocated results (arena). */
bool qir_eval_op(const qir_op *op, const qir_tensor *in, qir_tensor *out, qir_arena *arena,
                 qir_diag_engine *diag);

typedef struct qir_eval_options {
    /* Called after each op with its results (valid during the call). May be NULL. */
    void (*on_op)(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out);
    void *user;
    /* Another function than the specification's for some ops; NULL for the others.  May be NULL. */
    qir_eval_fn (*eval_of)(const qir_op *op);
} qir_eval_options;

/* For eval_of: float convolutions and linear, summed in the order of PyTorch's CPU kernels. */
qir_eval_fn qir_eval_as_pytorch(const qir_op *op);

/* A prepared evaluation: liveness is computed once, so that intermediate tensors are freed early
 * and calls in a loop take constant memory. */
typedef struct qir_evaluator qir_evaluator;
qir_evaluator *qir_evaluator_create(qir_func *f, const qir_eval_options *opts);
void qir_evaluator_destroy(qir_evaluator *e);

/* `in`: one tensor per argument, types equal to the arguments'.  `out`: one per result, memory owned
 * by the evaluator until the next run.  False: diagnosed. */
bool qir_evaluator_run(qir_evaluator *e, const qir_tensor *in, qir_tensor *out);

/* The fp32 elementary functions of fmath.def, one value at a time. */
float qir_fm_exp(float x);
float qir_fm_log(float x);
float qir_fm_tanh(float x);
float qir_fm_sigmoid(float x);
float qir_fm_erf(float x);
float qir_fm_round(float x);
float qir_fm_floor(float x);
float qir_fm_ceil(float x);
float qir_fm_sin(float x);
float qir_fm_cos(float x);
float qir_fm_atan(float x);
float qir_fm_softplus(float x);
float qir_fm_pow(float x, float y);

/* Sum of `n` values in the order the specification fixes: 16 lanes (lane l takes indices congruent
 * to l modulo 16, ascending, starting from +0), then the tree (l, l+8), (l, l+4), (l, l+2), (l, l+1).
 * dot: the lane step is lane += a[i] * b[i], multiplied and added separately. */
float qir_sum16(const float *a, int64_t n);
float qir_dot16(const float *a, const float *b, int64_t n);

/* Op pad: the index that result index `i` reads, both counted from the operand's first element of an
 * axis with `dim` elements; -1: the fill value.  `mode` as in ops.def. */
int64_t qir_pad_source(int64_t i, int64_t dim, const char *mode);

/* Applies a unary op of the table to one real value in double (for lookup tables) or fp32. */
typedef double (*qir_unary_f64)(double x, const float *args);
typedef float (*qir_unary_f32)(float x, const float *args);
/* The scalar functions of a unary op and its arguments read from attributes (at most 4). */
bool qir_unary_get(const qir_op *op, qir_unary_f32 *f32, qir_unary_f64 *f64, float args[4]);
/* Its form on the integer type `t`, wrapping (u64 as its bits); NULL: integers do not have it. */
typedef int64_t (*qir_unary_i64)(int64_t x);
qir_unary_i64 qir_unary_int(qir_opcode opcode, qir_dtype t);

#ifdef __cplusplus
}
#endif
#endif
