/* Quantizers: which ops are quantized and how, as rules that write annotations.
 *
 * A quantizer looks at ops and annotates those that it knows: a spec (qspec.h) per operand and one
 * for the result.  It never annotates an op that another one has annotated before it, so quantizers
 * compose: the first one that takes an op decides.  annotate-quant runs them and writes
 *
 *   quant.in = ["act", "weight", "float"]      one entry per operand
 *   quant.out = "act"
 *   quant.float = "why the op stays in float"
 *
 * where an entry is a spec, or the name of one in the module attribute
 * `quant.specs = ["act = i8 affine", ...]`. */
#ifndef QIR_QUANTIZER_H
#define QIR_QUANTIZER_H

#include "qir/ir.h"
#include "qir/pass.h"
#include "qir/qspec.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One run of one quantizer over a module; see the functions below. */
typedef struct qir_annotator qir_annotator;

typedef struct qir_quant_table qir_quant_table;

/* Either a table (below), or functions.  All return false when they failed and diagnosed it. */
typedef struct qir_quantizer {
    const char *name, *doc;         /* doc: one line */
    const char *form;               /* pipeline before it, for programs of torch.export; NULL: float */
    const char *target;             /* architecture it is meant for ("x86_64"); NULL: any */
    const qir_pass_option *options; /* NAME{option=value}; ends with name NULL; may be NULL */
    bool (*table)(qir_annotator *a, qir_quant_table *out);
    bool (*annotate)(qir_annotator *a, qir_module *m);
    /* Runs after all quantizers' annotate: ops that follow annotated ones.  May be NULL. */
    bool (*propagate)(qir_annotator *a, qir_module *m);
} qir_quantizer;

/* Adds a quantizer to the context's; the row is borrowed.  False: the name is taken (diagnosed). */
bool qir_quantizer_register(qir_context *ctx, const qir_quantizer *q);
/* Quantizer `i` of a context, the built-in ones first; NULL behind the end. */
const qir_quantizer *qir_quantizer_at(qir_context *ctx, size_t i);

/* The form (above) of the first quantizer of a list as -quantizer has it; NULL: float. */
const char *qir_quantizer_form(qir_context *ctx, const char *list);

/* --- inside annotate() ------------------------------------------------------------------------ */

/* May this quantizer annotate `op`?  Not if it is annotated, does not compute in float, or the rule
 * that runs the quantizer does not match it. */
bool qir_annotator_takes(qir_annotator *a, const qir_op *op);

/* Name and options of this run. */
const char *qir_annotator_name(const qir_annotator *a);
const char *qir_annotator_string(const qir_annotator *a, const char *option);
bool qir_annotator_bool(const qir_annotator *a, const char *option);
int64_t qir_annotator_int(const qir_annotator *a, const char *option);

/* Reads a spec under a name for the module's list ("act", "weight").  Rules may hold another one for that
 * name, which then stands in its place where they match.  The result lives as long as the run.  NULL:
 * diagnosed. */
const qir_qspec *qir_annotator_spec(qir_annotator *a, const char *name, const char *text);

/* Scratch memory until the run ends. */
qir_arena *qir_annotator_arena(const qir_annotator *a);

/* ... `op` as a part of `whole`, which it takes: the relu behind a convolution. */
bool qir_annotator_takes_with(qir_annotator *a, const qir_op *op, const qir_op *whole);

/* May an op behind annotated ones take over their parameters?  Rules do not limit that, but for those that
 * keep ops in float. */
bool qir_annotator_may_follow(qir_annotator *a, const qir_op *op);

/* Writes the annotation: in[op->noperands], and `out` for result 0.  A spec that came from
 * qir_annotator_spec is written by its name. */
void qir_annotate(qir_annotator *a, qir_op *op, const qir_qspec *const *in, const qir_qspec *out);

/* Replaces the entry of one operand of an annotated op. */
void qir_annotate_operand(qir_annotator *a, qir_op *op, uint32_t i, const qir_qspec *spec);

/* Leaves the op in float for a reason that people read; a later quantizer may still take it. */
void qir_annotate_float(qir_annotator *a, qir_op *op, const char *why);

/* Has `v` a producer whose result is annotated? */
bool qir_is_annotated(const qir_value *v);

/* --- quantizers as tables ---------------------------------------------------------------------- */

typedef enum qir_quant_role {
    QIR_ROLE_ACCUM,     /* operand 0 and the weight get parameters, the bias none, the result its own */
    QIR_ROLE_DYNAMIC,   /* operand 0 at run time, the weight its own, the result none */
    QIR_ROLE_WEIGHT,    /* the weight alone */
    QIR_ROLE_EMBEDDING, /* a constant operand 0 alone */
    QIR_ROLE_ACCUM_RELU, /* ACCUM of an op and the relu that is its only user: the relu's result has them */
    QIR_ROLE_FREE_RELU,
    QIR_ROLE_FREE,      /* every operand and the result have their own */
    QIR_ROLE_POOL,      /* operand 0 has parameters, the result shares them */
    QIR_ROLE_CONCAT,    /* all operands and the result share */
    QIR_ROLE_JOIN,      /* FREE where every operand that is no constant has parameters already */
    QIR_ROLE_FIXED,     /* where operand 0 has parameters, the result has those that the op implies */
    QIR_ROLE_PROPAGATE, /* where operand 0 has parameters, the result shares them */
    QIR_ROLE_COUNT
} qir_quant_role;

typedef struct qir_quant_row {
    qir_opcode opcode;
    qir_quant_role role;
    bool (*applies)(const qir_op *op); /* NULL: always */
} qir_quant_row;

struct qir_quant_table {
    const qir_quant_row *rows; /* the first row of an opcode whose condition holds decides */
    size_t nrows;
    bool by_row; /* each row looks at all ops, in the order of rows; else each op at all rows */
    bool follows; /* FREE and CONCAT ops stay in float where all they take was made by float-only ops */
    const qir_qspec *act, *weight, *embedding; /* from qir_annotator_spec; NULL: no row needs it */
};

/* The two steps of a quantizer that is a table; sharing looks at parameters that exist. */
bool qir_annotate_table(qir_annotator *a, qir_module *m, const qir_quant_table *t);
bool qir_propagate_table(qir_annotator *a, qir_module *m, const qir_quant_table *t);

/* The row of `op`, or NULL when the table leaves it in float. */
const qir_quant_row *qir_quant_row_of(const qir_quant_table *t, const qir_op *op);

/* Conditions that several tables use. */
bool qir_pools_whole_image(const qir_op *op); /* mean over all spatial axes of a [N,C,H,W] */
bool qir_is_ungrouped(const qir_op *op);
bool qir_pads_with_zero(const qir_op *op);    /* pad: constant 0, or no constant at all */
bool qir_owns_weight(const qir_op *op); /* no other annotated op reads its constant weight or bias */
/* Made from another operator of the model than the one that PyTorch's quantizers know the op by. */
bool qir_has_source(const qir_op *op, const char *operator_name); /* NULL: any such */
qir_op *qir_relu_behind(const qir_op *op); /* the only user of its result, if that is a relu */

#ifdef __cplusplus
}
#endif
#endif
