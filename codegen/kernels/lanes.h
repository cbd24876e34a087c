/* Neighbouring f32 values, a vector at a time: elementwise bodies with tails, and the sums of
 * qir_sum16 and qir_dot16 with one vector for the sixteen lanes. */
#ifndef QIR_CODEGEN_KERNELS_LANES_H
#define QIR_CODEGEN_KERNELS_LANES_H

#include "llb.h"

/* fn on values j .. j + n - 1, `width` (a power of two) at a time, then on what is left. */
typedef void (*qcg_lanes_fn)(qcg *g, void *ctx, llb_val j, unsigned n);
void qcg_lanes_each(qcg *g, int64_t count, unsigned width, qcg_lanes_fn fn, void *ctx);

void qcg_lanes_copy(qcg *g, llb_val to, llb_val from, int64_t count);

/* n f32 at ptr[j]. */
llb_val qcg_lanes_load(qcg *g, llb_val ptr, llb_val j, unsigned n);
void qcg_lanes_store(qcg *g, llb_val v, llb_val ptr, llb_val j);

/* Sixteen lanes from ptr[j] on, 0 from lane n on; nothing beyond them is read. */
llb_val qcg_lanes_load16(qcg *g, llb_val ptr, llb_val j, unsigned n);
/* v with lanes from n on 0. */
llb_val qcg_lanes_keep(qcg *g, llb_val v, unsigned n);

/* `sums` sums of `count` terms at once; fn: sixteen lanes with terms j .. j + n - 1 of sum i, else 0. */
enum { QCG_LANES_SUMS = 4 };
typedef llb_val (*qcg_terms_fn)(qcg *g, void *ctx, llb_val j, unsigned i, unsigned n);
void qcg_lanes_sum(qcg *g, int64_t count, unsigned sums, qcg_terms_fn fn, void *ctx, llb_val *out);

/* Dot products of x with `rows` rows at w, `stride` bytes apart. */
void qcg_lanes_dot(qcg *g, llb_val x, llb_val w, int64_t stride, int64_t count, unsigned rows,
                   llb_val *out);

/* out[i] = dot(x, w + i * count) for i < n. */
void qcg_lanes_products(qcg *g, llb_val out, llb_val x, llb_val w, int64_t count, int64_t n);

/* The largest value; NaN wins. */
llb_val qcg_lanes_max(qcg *g, llb_val ptr, int64_t count);

#endif
