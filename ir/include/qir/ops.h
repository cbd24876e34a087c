/* Opcodes and op descriptors, expanded from ir/ops.def. */
#ifndef QIR_OPS_H
#define QIR_OPS_H

#include "qir/ir.h"
#include "qir/support/strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
#define OP_BEGIN(op, doc) QIR_OP_##op,
#include "ops.def"
    QIR_NUM_OPS
};

enum qir_trait {
    QIR_TRAIT_NONE = 0,
#define T(name, doc) QIR_TRAIT_BIT_##name,
#include "traits.def"
#undef T
#define T(name, doc) QIR_TRAIT_##name = 1 << (QIR_TRAIT_BIT_##name - 1),
#include "traits.def"
#undef T
};

enum qir_operand_kind {
    QIR_KIND_FLOAT = 1,
    QIR_KIND_QUANT = 2,
    QIR_KIND_INT = 4,
    QIR_KIND_BOOL = 8,
    QIR_KIND_PACKED = 16,
    QIR_KIND_OPTIONAL = 32,
    QIR_KIND_TENSOR = QIR_KIND_FLOAT | QIR_KIND_QUANT | QIR_KIND_INT | QIR_KIND_BOOL
};

typedef struct qir_operand_desc {
    const char *name, *doc;
    unsigned kinds;
} qir_operand_desc;

typedef struct qir_attr_desc {
    const char *name, *doc;
    qir_attr_kind kind;
    const char *dflt; /* QIR text; "" = required; "-" = optional without default */
} qir_attr_desc;

/* The quantization rule of an op, interpreted by the quantization passes. */
typedef enum qir_qrule_kind {
    QIR_QR_NONE,
    QIR_QR_SAME,
    QIR_QR_SHARED,
    QIR_QR_ACCUM,
    QIR_QR_DYNAMIC,
    QIR_QR_BINARY,
    QIR_QR_FREE,
    QIR_QR_FIXED,
    QIR_QR_LOOKUP
} qir_qrule_kind;

typedef struct qir_qrule {
    qir_qrule_kind kind;
    int weight, bias, axis; /* ACCUM, DYNAMIC: operand indices, channel axis of the weight */
    float scale;            /* FIXED, for i8 storage */
    int zero_point;
} qir_qrule;

struct qir_infer;

typedef struct qir_op_desc {
    const char *name, *doc;
    const qir_operand_desc *operands; /* noperands declared; VARIADIC: the last repeats */
    const qir_attr_desc *attrs;
    unsigned noperands, nattrs, nresults;
    unsigned traits;
    qir_qrule qrule;
    bool (*infer)(struct qir_infer *);
    const char *lower; /* name in the lower column; "none" */
} qir_op_desc;

const qir_op_desc *qir_op_desc_get(qir_opcode opcode);
bool qir_opcode_from_name(const char *name, size_t len, qir_opcode *out);
/* The nearest op name by edit distance, for "did you mean"; NULL if none is near. */
const char *qir_opcode_suggest(const char *name, size_t len);
bool qir_op_has_trait(const qir_op *op, unsigned trait);
const char *qir_op_name(const qir_op *op);
/* Do the integers of an op take or give values of type `t`: 8 bits or, with trait WORDS, 16, per tensor? */
bool qir_opcode_computes_on(qir_opcode opcode, const qir_type *t);
enum { QIR_MAX_RESULTS = 4 };
/* Can an op have n results? */
bool qir_op_takes_results(const qir_op_desc *desc, size_t n);
/* Index of the operand that kernels may want packed (rules ACCUM and DYNAMIC); -1: none. */
int qir_op_weight(const qir_op *op);
/* About how much an op has to do, for plans and estimates: products with its weight, else results. */
int64_t qir_op_work(const qir_op *op);

/* What the memory plan writes on any op, integers: where results (buf, buf_out) and workspace (ws) lie, and what
 * works row by row (qir/rows.h).  Ends with NULL. */
extern const char *const qir_plan_attrs[];

/* True for names that every op takes besides its declared ones: those of the plan, and names with a dot, which belong
 * to a pass ("quant.float"). */
bool qir_attr_is_note(const char *name, size_t len);

/* What the memory plan calls `base` ("buf", "buf_out") of result i: base, base.1, base.2, ... */
const char *qir_plan_attr(qir_context *ctx, const char *base, uint32_t i);

/* Default of a declared attribute as a value; NULL if required, optional or undeclared. */
const qir_attr *qir_op_default_attr(qir_context *ctx, qir_opcode opcode, const char *name);

/* --- result type inference ------------------------------------------------------------------- */
/* What an infer function sees.  It fills results[] where NULL; where a type is given it checks that
 * the type is one the op can produce (shape equal, element legal).  Quantized results: parameters
 * are free where the rule says so, else must equal the operand's.  A NULL quantized result of a
 * free op cannot be inferred: that is an error. */
typedef struct qir_infer {
    qir_module *module;
    qir_opcode opcode;
    const qir_loc *loc;
    const qir_dict *attrs;
    qir_value *const *operands; /* entries may be NULL */
    uint32_t noperands;
    const qir_type **results; /* nresults entries, in and out */
    uint32_t nresults;
    bool reshape; /* a result that is given says its element alone: its shape is inferred */
} qir_infer;

/* Checks operand count and kinds, attribute names, kinds and presence, then calls the op's infer
 * function.  False: diagnosed. */
bool qir_infer_op(qir_infer *q);

/* What the i32 accumulators of an op can reach, partial sums in any order included: the range of the
 * output channel that reaches furthest, from the actual weights and bias (matmul and means: from
 * types alone).  False: it has none, its weight is packed, or reading it failed (diagnosed). */
typedef struct qir_accumulator {
    int64_t lo, hi, channel;
} qir_accumulator;
bool qir_accumulator_range(const qir_op *op, qir_accumulator *out);
/* Do accumulators of products of bytes stay between -most and most, whatever bytes the operand holds? */
bool qir_accumulator_within(const qir_op *op, int32_t most);

/* Elements that a result of avg_pool or reduce_mean counts at most. */
int64_t qir_mean_terms(const qir_op *op);

/* Proves that the i32 accumulators of an op cannot overflow, partial sums included: from the number of
 * terms, and where that does not do from the actual weights and bias.
 * Params files are read and splats expanded only if `load`, else ops that need them pass.
 * Other ops, and packed weights, are fine.  False: diagnosed as quant.acc. */
bool qir_check_accumulator(const qir_op *op, bool load);

/* Appends docs/ops.md: every op with operands, attributes, quantization rule and traits. */
void qir_docs_ops(qir_strbuf *out);

#ifdef __cplusplus
}
#endif
#endif
