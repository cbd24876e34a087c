/* Private interface between the ONNX graph walker, its table (map.def) and the translators. */
#ifndef QIR_FRONTEND_ONNX_IMPORT_H
#define QIR_FRONTEND_ONNX_IMPORT_H

#include "onnx/model.h"
#include "qir/builder.h"
#include "qir/frontend.h"
#include "qir/support/assert.h"
#include "qir/support/map.h"

typedef struct onnx_call onnx_call;
typedef bool (*onnx_fn)(onnx_call *c);

enum { ONNX_ANY = 255, ONNX_FOLD_LIMIT = 4096 };

/* A row of map.def. */
typedef struct onnx_row {
    const char *domain, *op;
    int since, until; /* operator set versions; until 0 = still valid */
    unsigned char min_in, max_in, max_out;
    uint32_t const_in; /* bit i: operand i must be a constant */
    onnx_fn fn;
    qir_opcode opcode;
} onnx_row;

typedef struct onnx_import {
    qir_context *ctx;
    qir_diag_engine *diag;
    qir_module *m;
    qir_func *f;
    qir_builder b;
    qir_arena *arena;   /* as long as the import */
    qir_arena *scratch; /* reset after every node */
    const qir_import_options *opts;
    int dir_fd; /* external data; -1: none allowed */
    onnx_model model;
    qir_map rows;         /* op name -> first row */
    qir_map values;       /* tensor name -> qir_value */
    qir_map initializers; /* tensor name -> onnx_initializer */
    qir_map names;        /* identifiers given to values */
    qir_map bases;        /* qir_const -> identifier it should have, but for uniqueness */
} onnx_import;

/* One node being translated. */
struct onnx_call {
    onnx_import *imp;
    onnx_node *node;
    const onnx_row *row;
    int64_t opset;
    qir_value **in; /* node->nin entries, NULL where omitted */
    unsigned nin;
};

/* --- table.c: which row translates a node --- */
void onnx_table_init(onnx_import *imp);
const onnx_row *onnx_table_find(const onnx_import *imp, const onnx_node *n, int64_t opset);
int64_t onnx_opset_of(const onnx_import *imp, const char *domain); /* 0: not imported */
bool onnx_check_opsets(onnx_import *imp);
/* Diagnoses all nodes that no row takes, in one error.  True: there are none. */
bool onnx_check_supported(onnx_import *imp);

/* --- values.c: names, constants, folding --- */
const char *onnx_identifier(onnx_import *imp, const char *name);
void onnx_name_value(onnx_import *imp, qir_value *v, const char *name);
qir_value *onnx_lookup(onnx_import *imp, const char *name); /* NULL: undefined, or diagnosed */
bool onnx_define(onnx_import *imp, const char *name, qir_value *v);
qir_value *onnx_tensor_const(onnx_import *imp, const char *name, const qir_tensorproto *t,
                             const onnx_initializer *ext);
/* A constant that is to be called `base`; `copy` as for qir_const_create. */
qir_value *onnx_add_const(onnx_import *imp, const char *base, const qir_type *type,
                          const void *data, bool copy, const qir_loc *loc);
/* What a constant was to be called. */
const char *onnx_const_base(const onnx_import *imp, const qir_value *v);
/* Drops suffixes that are no longer needed. */
void onnx_rename_consts(onnx_import *imp);
bool onnx_fold_op(onnx_call *c, qir_op *op, qir_value **out);

/* --- external.c --- */
/* Bytes of an external tensor (arena of the module).  NULL: diagnosed. */
const void *onnx_external_data(onnx_import *imp, const onnx_initializer *init);

/* --- inputs.c: graph inputs and outputs --- */
bool onnx_import_inputs(onnx_import *imp);
bool onnx_import_outputs(onnx_import *imp);

/* --- call.c: what translators use --- */
/* Operand i; NULL if omitted. */
qir_value *onnx_in(const onnx_call *c, unsigned i);
bool onnx_out_used(const onnx_call *c, unsigned i);
/* Sets result i. */
bool onnx_set(onnx_call *c, unsigned i, qir_value *v);

/* Diagnoses at the node; returns false. */
bool onnx_error(const onnx_call *c, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Attributes: value or default; a wrong type is diagnosed by onnx_attr_find returning with
 * file.failed set, which ends the import. */
const onnx_attr *onnx_attr_find(onnx_call *c, const char *name, onnx_attr_type type);
int64_t onnx_attr_int(onnx_call *c, const char *name, int64_t dflt);
float onnx_attr_float(onnx_call *c, const char *name, float dflt);
const char *onnx_attr_string(onnx_call *c, const char *name, const char *dflt);
const int64_t *onnx_attr_ints(onnx_call *c, const char *name, size_t *n); /* NULL if absent */

/* A negative axis counts from the end; the result is in [0, rank) or (`end`) [0, rank].  Else
 * diagnosed. */
bool onnx_axis(const onnx_call *c, int64_t axis, unsigned rank, bool end, int64_t *out);

/* Constant contents converted, in the scratch arena; NULL: diagnosed ("must be constant"). */
const int64_t *onnx_const_ints(onnx_call *c, qir_value *v, size_t *n);
const float *onnx_const_floats(onnx_call *c, qir_value *v, size_t *n);
/* The one element of a constant. */
bool onnx_const_float(onnx_call *c, qir_value *v, float *out);

/* Attribute `name` (in old operator sets) or operand i; *list NULL if both are absent. */
bool onnx_int_list(onnx_call *c, const char *name, unsigned i, const int64_t **list, size_t *n);

/* Builds an op; folds it when all its operands are small constants.  NULL: diagnosed. */
qir_value *onnx_emit(onnx_call *c, qir_opcode opcode, qir_value *const *operands,
                     uint32_t noperands, const qir_named_attr *attrs, const qir_type *result);
qir_value *onnx_emit1(onnx_call *c, qir_opcode opcode, qir_value *x, const qir_named_attr *attrs);
qir_value *onnx_emit2(onnx_call *c, qir_opcode opcode, qir_value *a, qir_value *b);
/* Folds whatever its size. */
qir_value *onnx_emit_folded(onnx_call *c, qir_opcode opcode, qir_value *const *operands,
                            uint32_t noperands, const qir_named_attr *attrs,
                            const qir_type *result);

qir_value *onnx_reshape(onnx_call *c, qir_value *x, const int64_t *dims, unsigned rank);
qir_value *onnx_transpose(onnx_call *c, qir_value *x, const int64_t *perm);
qir_value *onnx_cast(onnx_call *c, qir_value *x, qir_dtype to);
/* Broadcasts to exactly these dimensions. */
qir_value *onnx_expand(onnx_call *c, qir_value *x, const int64_t *dims, unsigned rank);
/* Constants named after the node's first result. */
qir_value *onnx_new_const(onnx_call *c, qir_dtype dtype, const int64_t *dims, unsigned rank,
                          const void *data);
qir_value *onnx_splat(onnx_call *c, qir_dtype dtype, const int64_t *dims, unsigned rank,
                      const void *element);
qir_value *onnx_scalar(onnx_call *c, qir_dtype dtype, double v);

/* A weight is a constant, or the dequantization of one: both can be rearranged at import. */
bool onnx_is_weight(const qir_value *v);
qir_value *onnx_transpose_weight(onnx_call *c, qir_value *w, const int64_t *perm);

const qir_type *onnx_shaped(onnx_call *c, const qir_type *elem, const int64_t *dims, unsigned rank);
bool onnx_broadcast_dims(onnx_call *c, const int64_t *a, unsigned ra, const int64_t *b, unsigned rb,
                         int64_t *out, unsigned *rank);

/* A range of every dimension, as QIR's slice takes it. */
typedef struct onnx_slice_spec {
    int64_t starts[QIR_MAX_RANK], ends[QIR_MAX_RANK], steps[QIR_MAX_RANK];
} onnx_slice_spec;
onnx_slice_spec onnx_whole(const qir_type *t);
/* `x` itself when everything is kept. */
qir_value *onnx_emit_slice(onnx_call *c, qir_value *x, const onnx_slice_spec *s);

/* Window attributes of convolutions and pools, with auto_pad resolved. */
typedef struct onnx_window {
    unsigned n; /* spatial axes */
    int64_t kernel[QIR_MAX_RANK], strides[QIR_MAX_RANK], dilations[QIR_MAX_RANK];
    int64_t pads[2 * QIR_MAX_RANK];
} onnx_window;
bool onnx_window_read(onnx_call *c, const qir_type *x, const int64_t *kernel, onnx_window *w);
/* The list as an attribute; NULL (the default) if all entries are `dflt`. */
const qir_attr *onnx_unless(onnx_call *c, const int64_t *list, unsigned n, int64_t dflt);
/* Result size of spatial axis i over an input of size `in`. */
int64_t onnx_window_size(const onnx_window *w, unsigned i, int64_t in);

/* --- translators, named in map.def --- */
#define ROW(domain, op, since, until, min_in, max_in, max_out, consts, fn, qir)                    \
    bool onnx_##fn(onnx_call *c);
#include "onnx/map.def"
#undef ROW

#endif
