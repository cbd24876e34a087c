/* Modules, functions, blocks, ops, values, uses.
 *
 * Ownership: a module owns all that hangs under it through its arena; erased ops go to a free list
 * inside that arena.  Names are interned in the context.  Every operand slot is a node of its
 * value's use list, so "who uses this" is one walk. */
#ifndef QIR_IR_H
#define QIR_IR_H

#include "qir/attrs.h"
#include "qir/context.h"
#include "qir/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qir_module qir_module;
typedef struct qir_func qir_func;
typedef struct qir_block qir_block;
typedef struct qir_op qir_op;
typedef struct qir_value qir_value;
typedef struct qir_use qir_use;
typedef struct qir_const qir_const;
typedef struct qir_params qir_params;
typedef uint16_t qir_opcode; /* enum in qir/ops.h */

struct qir_use { /* one operand slot */
    qir_value *value; /* NULL: an absent optional operand */
    qir_op *user;
    qir_use *next, **prev; /* intrusive list headed by value->uses */
};

typedef enum qir_value_kind { QIR_VALUE_RESULT, QIR_VALUE_ARG, QIR_VALUE_CONST } qir_value_kind;

struct qir_value {
    const qir_type *type;
    qir_use *uses;
    void *def;        /* qir_op *, qir_block * or qir_const *, by kind */
    const char *name; /* interned, without sigil; NULL: printed by number */
    uint32_t index;   /* result or argument number */
    uint8_t kind;     /* qir_value_kind */
};

struct qir_op {
    qir_op *prev, *next;
    qir_block *parent;
    const qir_loc *loc;
    const qir_dict *attrs;
    qir_opcode opcode;
    uint16_t nresults;
    uint32_t noperands;
    uint32_t order; /* position in the block, renumbered lazily: see qir_op_before */
    uint32_t operand_cap;
    qir_use *operands;
    qir_value results[]; /* never move */
};

struct qir_block {
    qir_func *parent;
    qir_op *first, *last;
    qir_value **args;
    uint32_t nargs;
    bool order_valid;
};

struct qir_func {
    qir_module *module;
    qir_func *next;
    const char *name;
    const qir_loc *loc;
    const qir_dict *attrs;
    qir_block *body;
    const char **arg_names;    /* the model's own tensor names: {name = "..."} ; entries may be NULL */
    const char **result_names;
    uint32_t nresults;
    const qir_type **result_types;
};

/* Where the bytes of a constant come from. */
typedef enum qir_payload { QIR_PAYLOAD_DATA, QIR_PAYLOAD_SPLAT, QIR_PAYLOAD_PARAM } qir_payload;

struct qir_const { /* module-level: const @name : type = ... */
    qir_value value; /* value.name is the symbol */
    qir_module *module;
    qir_const *prev, *next;
    const qir_loc *loc;
    qir_payload payload;
    const void *data;  /* DATA: all elements, row-major (packed: packed order); SPLAT: one element.
                          Borrowed or arena; read through qir_const_data. */
    const void *expanded; /* SPLAT, PARAM: all elements, once qir_const_data was called */
    qir_params *params; /* PARAM */
    const char *key;    /* PARAM */
};

struct qir_params { /* params @name = external<"file.safetensors"> */
    qir_module *module;
    qir_params *next;
    const char *name, *path;
    const qir_loc *loc;
    void *file; /* reader state, opened on first use; see params.h */
};

struct qir_module {
    qir_context *ctx;
    qir_arena *arena;
    const char *name; /* may be NULL */
    const qir_loc *loc;
    const qir_dict *attrs;
    qir_params *params;
    qir_const *consts, *last_const;
    qir_func *funcs;
    const char *source_dir; /* directory against which params paths resolve; may be NULL */
    const char *source_file; /* text it was read from: positions in it are not printed; or NULL */
    uint32_t stage;         /* properties established by passes: qir_stage bits of pass.h */
    struct qir_module_priv *priv;
};

/* --- modules and symbols ------------------------------------------------------------------ */
qir_module *qir_module_create(qir_context *ctx, const char *name);
void qir_module_destroy(qir_module *m);
/* Deep copy in the same context; constants' data are shared (arena of the source must outlive). */
qir_module *qir_module_clone(qir_module *m);

qir_func *qir_func_create(qir_module *m, const char *name, const qir_loc *loc);
qir_func *qir_module_func(qir_module *m, const char *name); /* NULL if none */
qir_func *qir_module_main(qir_module *m);                   /* "main", else the only function, else NULL */
qir_value *qir_func_add_arg(qir_func *f, const qir_type *t, const char *name, const char *model_name);
void qir_func_set_results(qir_func *f, const qir_type *const *types, const char *const *names,
                          uint32_t n);

/* The argument that result `k` is an updated version of (function attribute `updates`: one argument
 * number per result, -1 for none): callers may pass one buffer for both.  -1: none, or of another type. */
int64_t qir_func_updated_arg(const qir_func *f, uint32_t k);
void qir_func_set_updates(qir_func *f, const int64_t *args); /* nresults entries */

/* The largest value of an argument that is the size of bounded dimensions (function attribute `sizes`:
 * pairs of argument and largest size); its values are 1 to that.  0: the argument is no size. */
int64_t qir_func_size_limit(const qir_func *f, uint32_t arg);

qir_params *qir_params_create(qir_module *m, const char *name, const char *path, const qir_loc *loc);
qir_params *qir_module_params(qir_module *m, const char *name);

/* Constants.  `name` is made unique by a numeric suffix when taken.  Data must hold
 * qir_type_bytes(type) bytes; `copy` false borrows it for the life of the module. */
qir_const *qir_const_create(qir_module *m, const char *name, const qir_type *type, const void *data,
                            bool copy, const qir_loc *loc);
qir_const *qir_const_splat(qir_module *m, const char *name, const qir_type *type,
                           const void *element, const qir_loc *loc);
qir_const *qir_const_param(qir_module *m, const char *name, const qir_type *type,
                           qir_params *params, const char *key, const qir_loc *loc);
qir_const *qir_module_const(qir_module *m, const char *name);
/* Gives another name, made unique by a numeric suffix when taken. */
void qir_const_rename(qir_const *c, const char *name);
void qir_const_erase(qir_const *c); /* must have no uses */
/* All elements of the constant, row-major (packed: payload); loads and expands on first use.  NULL:
 * diagnosed (missing file or key, wrong shape). */
const void *qir_const_data(qir_const *c);
qir_const *qir_value_const(const qir_value *v); /* NULL if not a constant */

/* --- ops ------------------------------------------------------------------------------------ */
/* Low-level creation; the builder (builder.h) infers types and inserts.  Operand entries may be
 * NULL (absent).  The op is in no block yet. */
qir_op *qir_op_create(qir_module *m, qir_opcode opcode, qir_value *const *operands,
                      uint32_t noperands, const qir_type *const *result_types, uint16_t nresults,
                      const qir_dict *attrs, const qir_loc *loc);
void qir_op_insert_before(qir_op *op, qir_op *before);
void qir_op_append(qir_block *b, qir_op *op);
void qir_op_erase(qir_op *op); /* results must have no uses */
qir_module *qir_op_module(const qir_op *op);

qir_value *qir_op_operand(const qir_op *op, uint32_t i); /* NULL: absent or out of range */
void qir_op_set_operand(qir_op *op, uint32_t i, qir_value *v);
void qir_op_add_operand(qir_op *op, qir_value *v);
qir_value *qir_op_result(qir_op *op, uint32_t i);

/* True if `a` stands before `b` in their common block; O(1) amortised. */
bool qir_op_before(qir_op *a, qir_op *b);

/* Attribute by name; falls back to the default of ops.def.  NULL if neither. */
const qir_attr *qir_op_attr(const qir_op *op, const char *name);
void qir_op_set_attr(qir_op *op, const char *name, const qir_attr *value); /* NULL removes */
int64_t qir_op_int(const qir_op *op, const char *name);
float qir_op_float(const qir_op *op, const char *name);
bool qir_op_bool(const qir_op *op, const char *name);
const char *qir_op_string(const qir_op *op, const char *name);
const int64_t *qir_op_ints(const qir_op *op, const char *name, size_t *n);
const float *qir_op_floats(const qir_op *op, const char *name, size_t *n);

/* --- values ---------------------------------------------------------------------------------- */
qir_op *qir_value_op(const qir_value *v); /* defining op; NULL for arguments and constants */
bool qir_value_has_one_use(const qir_value *v);
void qir_value_replace_all(qir_value *from, qir_value *to);
void qir_value_set_name(qir_module *m, qir_value *v, const char *name);

/* Walks.  qir_for_each_op allows erasing the current op. */
#define qir_for_each_op(op, block)                                                                 \
    for (qir_op *op = (block)->first, *op##_next; op && ((op##_next = op->next), 1); op = op##_next)
#define qir_for_each_use(use, value)                                                               \
    for (qir_use *use = (value)->uses, *use##_next; use && ((use##_next = use->next), 1);          \
         use = use##_next)
#define qir_for_each_const(c, m)                                                                   \
    for (qir_const *c = (m)->consts, *c##_next; c && ((c##_next = c->next), 1); c = c##_next)
#define qir_for_each_func(f, m) for (qir_func *f = (m)->funcs; f; f = f->next)

#ifdef __cplusplus
}
#endif
#endif
