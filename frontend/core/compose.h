/* Compositions that several formats need: operators of models that become more than one op.
 *
 * All take and return values as the fe_* functions do: NULL after a diagnostic, NULL operands that
 * are marked so stand for absent ones. */
#ifndef QIR_FRONTEND_CORE_COMPOSE_H
#define QIR_FRONTEND_CORE_COMPOSE_H

#include "core/fe.h"

/* --- compose_linear.c -------------------------------------------------------------------------- */
/* x [..., I] times w [O, I] transposed, plus b [O] (or NULL): `linear` where w and b are weights,
 * else products of activations. */
qir_value *fe_linear(fe_builder *fe, qir_value *x, qir_value *w, qir_value *b);

/* --- compose_shape.c --------------------------------------------------------------------------- */
/* x[..., first : end, ...] of one axis. */
qir_value *fe_narrow(fe_builder *fe, qir_value *x, int64_t axis, int64_t first, int64_t end);
/* Entry `index` of an axis, which goes away. */
qir_value *fe_select(fe_builder *fe, qir_value *x, int64_t axis, int64_t index);
qir_value *fe_concat(fe_builder *fe, qir_value *const *xs, uint32_t n, int64_t axis);
/* Swaps two axes. */
qir_value *fe_swap_axes(fe_builder *fe, qir_value *x, unsigned a, unsigned b);
/* A size-1 axis more, at `axis`. */
qir_value *fe_unsqueeze(fe_builder *fe, qir_value *x, unsigned axis);
/* Zeros of these dimensions. */
qir_value *fe_zeros(fe_builder *fe, qir_dtype dtype, const int64_t *dims, unsigned rank);

/* --- compose_recurrent.c ----------------------------------------------------------------------- */
/* A layer in one direction.  Its weights hold G blocks of H rows, one per gate, in the model's
 * order; QIR's gate k is block gates[k].  QIR: lstm i, f, g, o; gru r, z, n; rnn one. */
typedef struct fe_recurrent {
    qir_value *x;         /* [S, B, I] */
    qir_value *w, *r;     /* [G*H, I], [G*H, H] */
    qir_value *wb, *rb;   /* biases [G*H] or NULL */
    qir_value *h0, *c0;   /* [B, H]; NULL: zeros */
    qir_value *p;         /* lstm: peepholes [3H] in QIR's order i, f, o, or NULL */
    const unsigned char *gates;
    const int64_t *lengths; /* steps of each of the B rows, or NULL: all S; later results are 0 */
    bool reverse;
    bool reset_after;       /* gru */
    float cell_clip;        /* lstm: bound of |c|; 0: none */
    const char *activation; /* rnn: "tanh" or "relu" */
} fe_recurrent;
extern const unsigned char fe_gates_torch[4];     /* lstm i, f, g, o; gru r, z, n; rnn */
extern const unsigned char fe_gates_onnx_lstm[4]; /* i, o, f, c */
extern const unsigned char fe_gates_onnx_gru[3];  /* z, r, h */

/* out: y [S, B, H], the last h, (lstm) the last c [B, H]. */
bool fe_lstm(fe_builder *fe, const fe_recurrent *layer, qir_value *out[3]);
bool fe_gru(fe_builder *fe, const fe_recurrent *layer, qir_value *out[2]);
bool fe_rnn(fe_builder *fe, const fe_recurrent *layer, qir_value *out[2]);

/* --- compose_norm.c ---------------------------------------------------------------------------- */
/* x / (bias + alpha * sum of x^2 over `size` neighbouring channels, (size - 1) / 2 of them before)
 * ^ beta, along axis 1. */
qir_value *fe_lrn(fe_builder *fe, qir_value *x, int64_t size, float alpha, float beta, float bias);
/* gamma and beta broadcast to the normalized dimensions; NULL: none. */
qir_value *fe_layer_norm(fe_builder *fe, qir_value *x, int64_t axis, qir_value *gamma,
                         qir_value *beta, float epsilon);
qir_value *fe_rms_norm(fe_builder *fe, qir_value *x, int64_t axis, qir_value *gamma, float epsilon);
/* Mean and 1 / sqrt(variance + epsilon) over dimensions axis to the last, kept with size 1. */
bool fe_layer_norm_statistics(fe_builder *fe, qir_value *x, int64_t axis, float epsilon,
                              qir_value **mean, qir_value **inverse_deviation);
/* x [N, C, ...] in `groups` of neighbouring channels; gamma, beta [C] or NULL.  One channel per group:
 * instance norm. */
qir_value *fe_group_norm(fe_builder *fe, qir_value *x, int64_t groups, qir_value *gamma,
                         qir_value *beta, float epsilon);

/* --- compose_attention.c ----------------------------------------------------------------------- */
typedef struct fe_attention {
    qir_value *q, *k, *v; /* [..., L, E], [..., S, E], [..., S, V] */
    qir_value *mask;      /* NULL, or i1 (false: left out) or float (added), broadcasts */
    float scale;          /* 0: 1 / sqrt(E) */
    bool causal;          /* row l sees columns up to l + offset */
    int64_t offset;
    float softcap; /* 0: none; else c * tanh(scores / c) before the mask */
} fe_attention;
/* Axis rank - 3 counts heads; where q has a multiple of k's and v's heads, neighbouring query heads
 * share one. */
qir_value *fe_sdpa(fe_builder *fe, const fe_attention *a);

/* Rotary embedding of the first `dims` (0: all) of the last dimension of x [..., D]: pairs are
 * neighbours (`interleaved`) or lie dims / 2 apart; cos and sin broadcast to x[..., dims / 2]. */
qir_value *fe_rotary(fe_builder *fe, qir_value *x, qir_value *cos, qir_value *sin, int64_t dims,
                     bool interleaved);

/* --- compose_math.c ---------------------------------------------------------------------------- */
qir_value *fe_where(fe_builder *fe, qir_value *cond, qir_value *x, qir_value *y);
qir_value *fe_expm1(fe_builder *fe, qir_value *x);
qir_value *fe_log1p(fe_builder *fe, qir_value *x);
qir_value *fe_tan(fe_builder *fe, qir_value *x);
qir_value *fe_asin(fe_builder *fe, qir_value *x);
qir_value *fe_acos(fe_builder *fe, qir_value *x);
qir_value *fe_sinh(fe_builder *fe, qir_value *x);
qir_value *fe_cosh(fe_builder *fe, qir_value *x);
qir_value *fe_asinh(fe_builder *fe, qir_value *x);
qir_value *fe_acosh(fe_builder *fe, qir_value *x);
qir_value *fe_atanh(fe_builder *fe, qir_value *x);
/* As i1; neither sign of infinity: false everywhere. */
qir_value *fe_is_nan(fe_builder *fe, qir_value *x);
qir_value *fe_is_inf(fe_builder *fe, qir_value *x, bool positive, bool negative);
/* Axes ascending and not negative. */
qir_value *fe_reduce(fe_builder *fe, qir_opcode op, qir_value *x, const int64_t *axes, size_t n,
                     bool keepdims);
qir_value *fe_log_sum_exp(fe_builder *fe, qir_value *x, const int64_t *axes, size_t n, bool keepdims);
qir_value *fe_norm(fe_builder *fe, qir_value *x, const int64_t *axes, size_t n, bool keepdims);

/* --- compose_index.c ---------------------------------------------------------------------------- */
/* first, first + step, ... as i64 along `axis` of a shape of `rank` dimensions, the others 1. */
qir_value *fe_iota(fe_builder *fe, int64_t first, int64_t step, int64_t n, unsigned axis,
                   unsigned rank);
/* x[..., indices[...], ...] along one axis; `elements`: of the shape of the indices. */
qir_value *fe_gather(fe_builder *fe, qir_value *x, qir_value *indices, unsigned axis, bool elements);
/* `on` where the new axis counts what `indices` says, else `off`; outside [-depth, depth) nowhere. */
qir_value *fe_one_hot(fe_builder *fe, qir_value *indices, int64_t depth, unsigned axis,
                      qir_value *on, qir_value *off);
/* x where column - row >= k (upper) or <= k, else 0, of the last two dimensions. */
qir_value *fe_triangle(fe_builder *fe, qir_value *x, bool upper, int64_t k);

/* A loss over classes: x [N, C, ...] (log probabilities), target [N, ...], weight [C] or NULL. */
typedef struct fe_nll {
    qir_value *x, *target, *weight;
    bool ignores;
    int64_t ignored; /* a target that does not count */
    enum { FE_LOSS_NONE, FE_LOSS_SUM, FE_LOSS_MEAN } reduction;
} fe_nll;
qir_value *fe_nll_loss(fe_builder *fe, const fe_nll *l);

/* --- compose_einsum.c --------------------------------------------------------------------------- */
/* Sums of products in index notation: "bij,bjk->bik", with "..." and without "->". */
qir_value *fe_einsum(fe_builder *fe, const char *equation, qir_value *const *operands, unsigned n);

#endif
