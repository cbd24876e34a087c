/* Thin helpers over the LLVM C API: constants, memory, counted loops, lane operations.
 *
 * A "vector" of 1 lane is a scalar, so that one function body serves whole vectors and tails of any
 * length.  Nothing here carries fast-math flags: every operation is the one written. */
#ifndef QIR_CODEGEN_LLB_H
#define QIR_CODEGEN_LLB_H

#include "gen.h"

typedef LLVMValueRef llb_val;
typedef LLVMTypeRef llb_type;

llb_type llb_int(qcg *g, unsigned bits);
llb_type llb_float(qcg *g);
llb_type llb_vec(llb_type elem, unsigned n); /* n == 1: elem itself */
unsigned llb_lanes(llb_val v);

llb_val llb_i64(qcg *g, int64_t v);
llb_val llb_i32s(qcg *g, int32_t v, unsigned n); /* splats */
llb_val llb_i16s(qcg *g, int v, unsigned n);
llb_val llb_i8s(qcg *g, int v, unsigned n);
llb_val llb_f32s(qcg *g, float v, unsigned n);
llb_val llb_splat(qcg *g, llb_val scalar, unsigned n);

/* --- memory: pointers are opaque, offsets are bytes ------------------------------------------- */
llb_val llb_at(qcg *g, llb_val ptr, int64_t bytes);
llb_val llb_offset(qcg *g, llb_val ptr, llb_val bytes);
/* ptr + index * bytes */
llb_val llb_index(qcg *g, llb_val ptr, llb_val index, int64_t bytes);
llb_val llb_load(qcg *g, llb_type t, llb_val ptr, unsigned align);
void llb_store(qcg *g, llb_val v, llb_val ptr, unsigned align);

/* Memory of the function for as long as it runs, as LLVM does not know it: what is stored there stays there. */
llb_val llb_local(qcg *g, int64_t bytes, unsigned align);

/* --- arithmetic --------------------------------------------------------------------------------
 */
llb_val llb_add(qcg *g, llb_val a, llb_val b);
llb_val llb_sub(qcg *g, llb_val a, llb_val b);
llb_val llb_mul_const(qcg *g, llb_val a, int64_t c);
llb_val llb_smin(qcg *g, llb_val a, llb_val b);
llb_val llb_smax(qcg *g, llb_val a, llb_val b);
llb_val llb_umin(qcg *g, llb_val a, llb_val b);
llb_val llb_umax(qcg *g, llb_val a, llb_val b);
llb_val llb_fmin(qcg *g, llb_val a, llb_val b);               /* a < b ? a : b */
llb_val llb_fmax(qcg *g, llb_val a, llb_val b);               /* a > b ? a : b */
llb_val llb_clamp_f32(qcg *g, llb_val v, float lo, float hi); /* v < lo ? lo : v > hi ? hi : v */
llb_val llb_clamp_i32(qcg *g, llb_val v, int32_t lo, int32_t hi);

/* --- lanes -------------------------------------------------------------------------------------
 */
/* Lanes first .. first + n - 1 of v; lanes beyond its end are undefined. */
llb_val llb_slice(qcg *g, llb_val v, unsigned first, unsigned n);
llb_val llb_concat(qcg *g, llb_val a, llb_val b);             /* equal lane counts */
llb_val llb_concat_all(qcg *g, const llb_val *v, unsigned n); /* equal types; n a power of two */
llb_val llb_interleave(qcg *g, llb_val a, llb_val b);         /* a[0], b[0], a[1], b[1], ... */
/* (l, l+n/2), (l, l+n/4), ... down to one lane with fadd: the tree of qir_sum16. */
llb_val llb_tree_fadd(qcg *g, llb_val v);

/* The sum of integer lanes. */
llb_val llb_total(qcg *g, llb_val v);

/* v, an integer or a pointer, as a value that LLVM knows nothing of: what is loaded through it inside of a
 * loop is loaded in every trip, where it would take registers outside. */
llb_val llb_hide(qcg *g, llb_val v);
/* LLVM moves no load across: of a long row of steps it would begin many at once, and run out of registers. */
void llb_fence(qcg *g);

/* Brings `bytes` that will be read soon into the second-level cache. */
void llb_prefetch(qcg *g, llb_val from, int64_t bytes);

/* Calls an intrinsic; `types` are its overloads. */
llb_val llb_intrinsic(qcg *g, const char *name, llb_type *types, unsigned ntypes, llb_val *args,
                      unsigned nargs);

/* Applies `fn`, which takes exactly `width` lanes, to a vector of any length. */
llb_val llb_by_width(qcg *g, llb_val v, unsigned width, llb_val (*fn)(qcg *, llb_val));

/* --- counted loops: begin, carry*, body, next*, end ---------------------------------------------
 */
enum { LLB_MAX_CARRY = 64 };
typedef struct llb_loop {
    llb_val iv; /* i64: begin, begin + step, ...; constant when there is one trip */
    int64_t step;
    llb_val end;
    LLVMBasicBlockRef from, body;
    llb_val phi[LLB_MAX_CARRY], value[LLB_MAX_CARRY]; /* value: after end, the final ones */
    unsigned ncarry;
    bool single;
} llb_loop;

/* At least one trip.  (end - begin) need not be a multiple of step. */
void llb_begin(qcg *g, llb_loop *l, int64_t begin, int64_t end, int64_t step);
/* The same from run time; end - begin is a multiple of step, and not 0. */
void llb_begin_at(qcg *g, llb_loop *l, llb_val begin, llb_val end, int64_t step);
/* A value carried round the loop; returns it as the body sees it. */
llb_val llb_carry(qcg *g, llb_loop *l, llb_val init);
void llb_next(llb_loop *l, unsigned i, llb_val v);
void llb_end(qcg *g, llb_loop *l);

/* if (cond) { ... } else { ... } */
typedef struct llb_if {
    LLVMBasicBlockRef otherwise, done;
} llb_if;
void llb_then(qcg *g, llb_if *s, llb_val cond);
void llb_else(qcg *g, llb_if *s);
void llb_endif(qcg *g, llb_if *s);

#endif
