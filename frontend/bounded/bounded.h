/* Bounded dimensions: `-bind 'S<=512'` compiles for the largest size and takes the real one at run
 * time.
 *
 * The model is imported with S = 512 and again with two smaller sizes.  What differs between the
 * imports is what depends on S: which dimensions are multiples of it (marks) and which integers
 * grow with it.  All else must be equal, or the model's structure depends on S and is refused.  In
 * the module for 512 every value then holds its real elements as a prefix of each marked dimension;
 * ops that mix elements along such a dimension get operands whose tail is neutral.
 *
 *   bounded.c   from the command line to the module
 *   compare.c   two imports to marks
 *   mask.c      tails made neutral, sizes computed at run time
 *   rules.c     what each op needs: a table
 *   rewrite.c   ops that become others
 */
#ifndef QIR_FRONTEND_BOUNDED_H
#define QIR_FRONTEND_BOUNDED_H

#include "qir/builder.h"
#include "qir/frontend.h"
#include "qir/support/map.h"

/* Imports the model with these options. */
typedef qir_module *(*fe_import_fn)(void *user, qir_context *ctx, const qir_import_options *opts);

/* Is any dimension bound with "<="? */
bool bounded_requested(const qir_import_options *opts);
/* A module whose bounded sizes are arguments.  NULL: diagnosed. */
qir_module *bounded_import(qir_context *ctx, const qir_import_options *opts, fe_import_fn import,
                           void *user);

/* --- private to this folder ----------------------------------------------------------------- */
/* Dimension i of a value has k[i] times the size number who[i] of real elements; k 0: its size is
 * always the same. */
typedef struct bounded_mark {
    int64_t k[QIR_MAX_RANK];
    unsigned who[QIR_MAX_RANK];
} bounded_mark;

/* Integers that grow with the size: element i gains step[i] when the size grows by 1. */
typedef struct bounded_steps {
    const int64_t *step;
} bounded_steps;

typedef struct bounded {
    const char *symbol;
    unsigned id; /* number of this size */
    int64_t max;
    qir_module *module; /* imported with the largest size */
    qir_func *func;
    qir_arena *arena; /* of the module */
    qir_diag_engine *diag;
    qir_map *marks; /* of all sizes: qir_value -> bounded_mark; absent: no dimension is marked */
    qir_map consts; /* qir_const -> bounded_steps */
    qir_map starts; /* slice op -> bounded_steps of `starts` */
    qir_value *size; /* the argument, i64 scalar */
    qir_op *first;   /* what is computed from the size stands before it */
    qir_map masks;   /* k, axes behind -> i1 value */
    bool failed;     /* diagnosed */
} bounded;

/* Compares with an import of another size; `first`: records, else checks.  False: diagnosed. */
bool bounded_compare(bounded *b, qir_module *other, int64_t size, bool first);

/* Multiple of this size that dimension `dim` of `v` (may be NULL) has; 0: none. */
int64_t bounded_k(const bounded *b, const qir_value *v, unsigned dim);
/* `to` has the dimensions of `from`. */
void bounded_copy_marks(bounded *b, const qir_value *from, const qir_value *to);
bool bounded_error(bounded *b, const qir_op *op, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds the size argument.  To be called once, before the others below. */
void bounded_begin(bounded *b);
/* Makes the tail of dimension `dim` of operand i equal to `neutral`; a dimension without a mark is
 * left alone. */
bool bounded_mask_operand(bounded *b, qir_op *op, unsigned i, unsigned dim, double neutral);
/* i1 tensor over dimension `dim` of a value of this rank: [k * max, 1, ...], true within the size. */
qir_value *bounded_mask(bounded *b, int64_t k, unsigned rank, unsigned dim);
/* The tails of all arguments become 0, so that results do not depend on them. */
bool bounded_mask_args(bounded *b);
/* Constants that grow with the size are computed from it. */
bool bounded_replace_consts(bounded *b);
/* base + step * (size - max), as an i64 tensor. */
qir_value *bounded_affine(bounded *b, qir_value *base, const int64_t *step);
/* A constant in the module; `data` row-major. */
qir_value *bounded_const(bounded *b, qir_dtype dtype, const int64_t *dims, unsigned rank,
                         const void *data);

/* reduce_mean over real elements only; its operand is masked already. */
bool bounded_mean(bounded *b, qir_op *op);
/* A slice whose start on `dim` moves by `step` per element of the size, as a gather. */
bool bounded_gather_slice(bounded *b, qir_op *op, unsigned dim, int64_t step);
/* Negative indices of a gather count from the real end, k times the size. */
bool bounded_wrap_indices(bounded *b, qir_op *op, int64_t k);
/* Attention leaves out the columns beyond k times the size. */
bool bounded_mask_columns(bounded *b, qir_op *op, int64_t k);
/* `v` takes over from op's result, marks included. */
void bounded_replace(bounded *b, qir_op *op, qir_value *v);

/* Applies the rules of all ops.  False: diagnosed. */
bool bounded_apply_rules(bounded *b);

#endif
