/* What the importers share: a builder that folds constants, names values, reports at the node being
 * translated, and knows the compositions that more than one format needs.
 *
 * Functions that return a value return NULL, and those that return bool false, after a diagnostic;
 * `failed` is then set and ends the import.  NULL operands are passed through, so that calls nest.
 */
#ifndef QIR_FRONTEND_CORE_FE_H
#define QIR_FRONTEND_CORE_FE_H

#include "qir/builder.h"
#include "qir/eval.h"
#include "qir/frontend.h"
#include "qir/support/assert.h"
#include "qir/support/map.h"

enum { FE_FOLD_LIMIT = 4096 }; /* elements: ops on larger constants stay for the passes */

/* The node of the model that is being translated. */
typedef struct fe_node {
    const char *name;   /* locations of the ops that it becomes, and messages */
    const char *op;     /* the model's operator, for messages */
    const char *result; /* constants without a better name are called so */
    const qir_loc *loc; /* place in the file */
} fe_node;

/* Tensor names of the model; those of a body that is translated in place hide the outer ones. */
typedef struct fe_scope {
    struct fe_scope *outer; /* NULL: names outside are not seen */
    struct fe_scope *saved; /* what to return to ... */
    qir_arena *scratch;
    fe_node node;
    qir_op *mark;
    const qir_loc *loc;
    qir_map values; /* tensor name -> qir_value */
} fe_scope;

typedef struct fe_builder {
    qir_context *ctx;
    qir_diag_engine *diag;
    qir_module *m;
    qir_func *f;
    qir_builder b;
    qir_arena *arena;               /* as long as the import */
    qir_arena *scratch;             /* reset after every node */
    const qir_import_options *opts; /* never NULL */
    const char *format;             /* "onnx": diagnostic codes begin so */
    fe_node node;
    qir_op *mark;  /* the last op before those of the node; NULL: none */
    bool expanded; /* the node has a body, which was translated */
    bool failed;
    unsigned errors; /* of the engine, when the import began */
    fe_scope main;
    fe_scope *scope;
    qir_map names; /* identifiers given to values */
    qir_map spare; /* qir_const whose bytes nothing reads again */
    qir_map bases; /* qir_const -> identifier it should have, but for uniqueness */
} fe_builder;

/* --- builder.c: begin, end, errors ------------------------------------------------------------ */
/* An empty module with a function `main`. */
void fe_open(fe_builder *fe, qir_context *ctx, const char *format, const qir_import_options *opts);
/* Releases all but the module, which is returned if the import went well (`ok`), verified. */
qir_module *fe_close(fe_builder *fe, bool ok);

/* `loc` of the node: a place in the file.  End resets the scratch arena. */
void fe_begin_node(fe_builder *fe, const fe_node *node);
void fe_end_node(fe_builder *fe);

/* -import-report (report.c): the node that ends now; and one that is not translated. */
void fe_report_node(fe_builder *fe);
void fe_report(fe_builder *fe, const fe_node *node, qir_import_fate fate, const char *ops);

/* Diagnoses at the node; returns false.  `code` gets the format as prefix unless it has a dot. */
bool fe_error(fe_builder *fe, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Diagnoses at a place of the file, without speaking of a node. */
bool fe_error_at(fe_builder *fe, const qir_loc *loc, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* --- names.c: tensor names and identifiers ---------------------------------------------------- */
/* Model names may be any bytes; identifiers of QIR text start with a letter or '_'. */
const char *fe_identifier(fe_builder *fe, const char *name);
void fe_name_value(fe_builder *fe, qir_value *v, const char *name);
/* What a constant was to be called. */
const char *fe_const_base(const fe_builder *fe, const qir_value *v);
/* The value that the model calls `name`.  NULL: none so far. */
qir_value *fe_find(const fe_builder *fe, const char *name);
/* In the innermost scope; the name must outlive the import.  False: v is NULL. */
bool fe_define(fe_builder *fe, const char *name, qir_value *v);
/* A body's own names and scratch arena while a node is being translated; `closed`: names outside are
 * not seen.  The caller keeps the scope. */
void fe_push_scope(fe_builder *fe, fe_scope *scope, bool closed);
void fe_pop_scope(fe_builder *fe);

/* --- inputs.c: arguments, results, command line ----------------------------------------------- */
/* What -bind says about a symbolic dimension; NULL: nothing. */
/* The text after "name=" in a list of such, NULL if absent. */
const char *fe_find_assignment(const char *const *list, size_t n, const char *name);
const char *fe_binding(const fe_builder *fe, const char *symbol);
/* The value of a symbolic dimension, from -bind.  `input`: for the message; NULL: it belongs to none. */
bool fe_bind_dim(fe_builder *fe, const qir_loc *loc, const char *input, const char *symbol,
                 int64_t *out);
/* The file that -const-input names for an input; NULL if none does. */
const char *fe_const_input(const fe_builder *fe, const char *name);
bool fe_read_tensor(fe_builder *fe, const char *path, qir_tensor *t);
/* An argument, or (-const-input) a constant of the declared type.  `dims` may hold QIR_DYNAMIC;
 * then `symbols` (entries may be "") say what -bind calls them. */
bool fe_add_input(fe_builder *fe, const qir_loc *loc, const char *name, qir_dtype dtype,
                  const int64_t *dims, unsigned rank, const char *const *symbols);
/* After all inputs: every -const-input must have named one. */
bool fe_check_const_inputs(fe_builder *fe);
/* The function's results. */
bool fe_return(fe_builder *fe, qir_value *const *values, const char *const *names, size_t n);

/* --- types.c: types and arithmetic on dimensions ----------------------------------------------- */
const qir_type *fe_tensor_type(fe_builder *fe, qir_dtype dtype, const int64_t *dims, unsigned rank);
/* `elem` with another shape. */
const qir_type *fe_shaped(fe_builder *fe, const qir_type *elem, const int64_t *dims, unsigned rank);
bool fe_broadcast_dims(fe_builder *fe, const int64_t *a, unsigned ra, const int64_t *b, unsigned rb,
                       int64_t *out, unsigned *rank);
/* A negative axis counts from the end; the result is in [0, rank) or (`end`) [0, rank].  Else
 * diagnosed. */
bool fe_axis(fe_builder *fe, int64_t axis, unsigned rank, bool end, int64_t *out);

/* --- consts.c: making and reading constants --------------------------------------------------- */
/* A constant that is to be called `base`; `copy` as for qir_const_create. */
qir_value *fe_add_const(fe_builder *fe, const char *base, const qir_type *type, const void *data,
                        bool copy, const qir_loc *loc);
/* Named after the node's result; the data are copied. */
qir_value *fe_const(fe_builder *fe, qir_dtype dtype, const int64_t *dims, unsigned rank,
                    const void *data);
qir_value *fe_splat(fe_builder *fe, qir_dtype dtype, const int64_t *dims, unsigned rank,
                    const void *element);
qir_value *fe_scalar(fe_builder *fe, qir_dtype dtype, double v);

/* Contents converted, in the scratch arena; NULL: diagnosed ("must be a constant"). */
const int64_t *fe_const_ints(fe_builder *fe, qir_value *v, size_t *n);
const float *fe_const_floats(fe_builder *fe, qir_value *v, size_t *n);
/* The one element. */
bool fe_const_int(fe_builder *fe, qir_value *v, int64_t *out);
bool fe_const_float(fe_builder *fe, qir_value *v, float *out);

/* Nothing but the next op reads the constant's bytes: what it folds to may take their place. */
void fe_release(fe_builder *fe, const qir_value *v);

/* --- emit.c: building ops --------------------------------------------------------------------- */
/* Builds an op; folds it when all its operands are small constants. */
qir_value *fe_emit(fe_builder *fe, qir_opcode opcode, qir_value *const *operands,
                   uint32_t noperands, const qir_named_attr *attrs, const qir_type *result);
qir_value *fe_emit1(fe_builder *fe, qir_opcode opcode, qir_value *x, const qir_named_attr *attrs);
qir_value *fe_emit2(fe_builder *fe, qir_opcode opcode, qir_value *a, qir_value *b);
/* Folds whatever its size. */
qir_value *fe_emit_folded(fe_builder *fe, qir_opcode opcode, qir_value *const *operands,
                          uint32_t noperands, const qir_named_attr *attrs, const qir_type *result);
/* An op of several results into `out[n]`. */
bool fe_emit_n(fe_builder *fe, qir_opcode opcode, qir_value *const *operands, uint32_t noperands,
               const qir_named_attr *attrs, qir_value **out, unsigned n);
/* Could the op be built?  If it is NULL, which was diagnosed, a note names the node. */
bool fe_built(fe_builder *fe, const qir_op *op);

/* --- custom.c: operators that are calls of the user's functions -------------------------------- */
typedef struct fe_custom {
    const char *op;     /* "com.acme::Swish" */
    const char *symbol; /* of the function */
    const char *types;  /* of the results, as stated; NULL: the model says */
} fe_custom;
/* Are all options -custom-op well-formed?  False: diagnosed. */
bool fe_check_customs(fe_builder *fe);
/* Does -custom-op name the operator? */
bool fe_find_custom(const fe_builder *fe, const char *op, fe_custom *out);
/* The n types that are stated. */
bool fe_custom_types(fe_builder *fe, const fe_custom *custom, unsigned n, const qir_type **out);
/* `attrs` and an attribute that the function is given; NULL: diagnosed. */
const qir_dict *fe_custom_argument(fe_builder *fe, const qir_dict *attrs, const char *name,
                                   const qir_attr *value);
bool fe_emit_custom(fe_builder *fe, const fe_custom *custom, qir_value *const *operands,
                    uint32_t noperands, const qir_dict *attrs, const qir_type *const *types, unsigned n,
                    qir_value **out);

/* --- shape.c: the operand itself where nothing changes ---------------------------------------- */
qir_value *fe_reshape(fe_builder *fe, qir_value *x, const int64_t *dims, unsigned rank);
qir_value *fe_transpose(fe_builder *fe, qir_value *x, const int64_t *perm);
qir_value *fe_cast(fe_builder *fe, qir_value *x, qir_dtype to);
/* Broadcasts to exactly these dimensions. */
qir_value *fe_expand(fe_builder *fe, qir_value *x, const int64_t *dims, unsigned rank);

/* A range of every dimension, as QIR's slice takes it. */
typedef struct fe_slice_spec {
    int64_t starts[QIR_MAX_RANK], ends[QIR_MAX_RANK], steps[QIR_MAX_RANK];
} fe_slice_spec;
fe_slice_spec fe_whole(const qir_type *t);
/* One dimension by Python's rules: negative indices, clamping, any step but 0. */
void fe_set_range(fe_slice_spec *s, int64_t axis, int64_t dim, int64_t start, int64_t end,
                  int64_t step);
qir_value *fe_slice(fe_builder *fe, qir_value *x, const fe_slice_spec *s);

/* Entry `index` of an axis, which disappears; and the reverse: entries along a new axis. */
qir_value *fe_take(fe_builder *fe, qir_value *x, unsigned axis, int64_t index);
qir_value *fe_stack(fe_builder *fe, qir_value *const *list, uint32_t n, unsigned axis);

/* --- weights.c ---------------------------------------------------------------------------------- */
/* A weight is a constant, or the dequantization of one: both can be rearranged at import. */
bool fe_is_weight(const qir_value *v);
qir_value *fe_transpose_weight(fe_builder *fe, qir_value *w, const int64_t *perm);

/* --- window.c: kernels that slide over the spatial axes --------------------------------------- */
typedef struct fe_window {
    unsigned n; /* spatial axes */
    int64_t kernel[QIR_MAX_RANK], strides[QIR_MAX_RANK], dilations[QIR_MAX_RANK];
    int64_t pads[2 * QIR_MAX_RANK]; /* begins, then ends */
} fe_window;
/* From the first to the last tap of axis i. */
int64_t fe_window_extent(const fe_window *w, unsigned i);
/* Result size of axis i over an input of size `in`. */
int64_t fe_window_size(const fe_window *w, unsigned i, int64_t in);
/* SAME: as many results as ceil(in / stride); the odd pad goes to the end (`upper`) or begin. */
void fe_window_pad_same(fe_window *w, const int64_t *in, bool upper);
/* The list as an attribute; NULL (the default) if all entries are `dflt`. */
const qir_attr *fe_unless(fe_builder *fe, const int64_t *list, unsigned n, int64_t dflt);

/* --- quant.c: quantized types over the model's integers --------------------------------------- */
/* Can values of a quantized type be stored so? */
bool fe_can_store(fe_builder *fe, qir_dtype t);
const qir_type *fe_quant_type(fe_builder *fe, const qir_quant *q, const int64_t *dims,
                              unsigned rank);
/* The same bytes with another element type: constants get a second name, a cast back is undone. */
qir_value *fe_recast(fe_builder *fe, qir_value *v, const qir_type *to);
qir_value *fe_to_quantized(fe_builder *fe, qir_value *v, const qir_quant *q);
qir_value *fe_to_plain(fe_builder *fe, qir_value *v);

/* --- affine.c: quantization parameters that are values ------------------------------------------ */
typedef struct fe_qparams {
    qir_value *scale, *zp;       /* one element per block; absent: 1 and 0 */
    int64_t block[QIR_MAX_RANK]; /* of each dimension of the tensor; at least its size: all of it */
    qir_dtype storage;
    int32_t qmin, qmax;
    bool divide; /* quantizes with x / scale (ONNX) where the parameters are not constants */
} fe_qparams;
/* One block, the whole range of `storage`. */
void fe_qparams_init(fe_qparams *p, qir_value *scale, qir_value *zp, qir_dtype storage);
/* Blocks along `axis` of a tensor of type `t`, as many as there are parameters; one has no axis. */
bool fe_qparams_axis(fe_builder *fe, fe_qparams *p, const qir_type *t, int64_t axis);
/* The same as parameters of a quantized type.  False: they are not constants of such a form. */
bool fe_qparams_type(fe_builder *fe, const fe_qparams *p, const qir_type *t, qir_dtype expressed,
                     qir_quant *q);
/* From and to plain integers; through a quantized type if there is one. */
qir_value *fe_quantize(fe_builder *fe, qir_value *x, const fe_qparams *p);
qir_value *fe_dequantize(fe_builder *fe, qir_value *x, const fe_qparams *p);

#endif
