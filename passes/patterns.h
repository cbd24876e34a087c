/* The patterns of canonicalize, grouped by file.  Each looks at one op of its opcode, rewrites
 * around it and returns true if it changed anything. */
#ifndef QIR_PATTERNS_H
#define QIR_PATTERNS_H

#include "qir/ops.h"
#include "qir/pass.h"
#include "qir/rewrite.h"

typedef struct canon {
    qir_rewriter *rw;
    qir_pass *pass;
} canon;

typedef bool (*canon_fn)(const canon *c, qir_op *op);

typedef struct canon_pattern {
    qir_opcode opcode;
    canon_fn apply;
} canon_pattern;

extern const canon_pattern canon_shape_patterns[], canon_algebra_patterns[];
extern const canon_pattern canon_linear_patterns[], canon_around_patterns[];
extern const size_t canon_nshape, canon_nalgebra, canon_nlinear, canon_naround;

/* The `run` of a pass: erases what is dead, else lets `apply` look at the op, until nothing changes. */
bool canon_run(qir_pass *p, qir_module *m, canon_fn apply);

/* Asks the debug counter and counts; call when a match is complete, before changing anything. */
bool canon_begin(const canon *c);
/* Replaces op by v after canon_begin; false when not allowed. */
bool canon_replace(const canon *c, qir_op *op, qir_value *v);
/* Replaces op by a new one made of the arguments; keeps the result's name.  False: diagnosed. */
bool canon_build(const canon *c, qir_op *op, qir_opcode opcode, qir_value *const *operands,
                 uint32_t noperands, const qir_dict *attrs);
/* Lets op read `v` as operand i, revisiting what fed it before. */
void canon_set_operand(const canon *c, qir_op *op, uint32_t i, qir_value *v);
/* True if v is a constant whose elements all equal x (f32 or integer, not quantized). */
bool canon_is_splat(const qir_value *v, float x);
/* True if v is a constant with one value everywhere: that value in *x. */
bool canon_splat_value(const qir_value *v, float *x);
bool canon_unbounded(const qir_op *op); /* no fused bounds */
/* {name = value} added to d. */
const qir_dict *canon_attr(const qir_op *op, const qir_dict *d, const char *name,
                           const qir_attr *value);

#endif
