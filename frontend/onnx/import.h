/* Private interface between the ONNX graph walker, its table (map.def) and the translators. */
#ifndef QIR_FRONTEND_ONNX_IMPORT_H
#define QIR_FRONTEND_ONNX_IMPORT_H

#include "core/fe.h"
#include "onnx/model.h"

typedef struct onnx_call onnx_call;
typedef bool (*onnx_fn)(onnx_call *c);

enum { ONNX_ANY = 255, ONNX_MAX_DEPTH = 32 /* of bodies within bodies */ };

enum { QIR_OP_none = QIR_NUM_OPS }; /* for rows whose nodes leave no op of their own */

/* A row of map.def. */
typedef struct onnx_row {
    const char *domain, *op;
    int since, until; /* operator set versions; until 0 = still valid */
    unsigned char min_in, max_in, max_out;
    uint32_t const_in; /* bit i: operand i must be a constant */
    onnx_fn fn;
    qir_opcode opcode;
} onnx_row;

/* A graph while it is being translated. */
typedef struct onnx_body {
    struct onnx_body *outer; /* that of the node which has this body */
    const onnx_graph *graph;
    onnx_function *function; /* NULL: the main graph, or a body of control flow */
    const onnx_opset *opsets;
    size_t nopsets;
    const onnx_node *call; /* attributes that references stand for; NULL outside functions */
    const onnx_function *callee;
    qir_map initializers; /* tensor name -> onnx_initializer */
} onnx_body;

typedef struct onnx_import {
    fe_builder fe;
    int dir_fd; /* external data; -1: none allowed */
    onnx_model model;
    onnx_body *body;
    unsigned depth; /* bodies within bodies */
    size_t translated; /* nodes, those of unrolled and inlined bodies each time */
    qir_map rows;      /* op name -> first row */
    qir_map functions; /* "domain::name:overload" -> onnx_function */
    qir_map cuts;      /* tensors that -inputs makes arguments */
} onnx_import;

/* One node being translated. */
struct onnx_call {
    fe_builder *fe;
    onnx_import *imp;
    onnx_node *node;
    const onnx_row *row;
    int64_t opset;
    qir_value **in; /* node->nin entries, NULL where omitted */
    unsigned nin;
    qir_value **to; /* where result 0 goes; NULL: to the node's names */
};

/* --- table.c: which row translates a node --- */
void onnx_table_init(onnx_import *imp);
const onnx_row *onnx_table_find(const onnx_import *imp, const onnx_node *n, int64_t opset);
/* Of the body being translated; 0: not imported. */
int64_t onnx_opset_of(const onnx_import *imp, const char *domain);
bool onnx_check_opsets(onnx_import *imp, const onnx_opset *opsets, size_t n);

/* --- op_custom.c --- */
bool onnx_find_custom(const onnx_import *imp, const onnx_node *n, fe_custom *out);
bool onnx_custom(onnx_call *c, const fe_custom *custom);

/* --- unsupported.c --- */
/* Diagnoses all live nodes of the body, and of the functions that they call, that no row takes, in
 * one error.  True: there are none. */
bool onnx_check_supported(onnx_import *imp);

/* --- live.c: what outputs depend on --- */
bool onnx_find_live_nodes(onnx_import *imp, const onnx_graph *g);
const char *onnx_node_name(const onnx_node *n);

/* --- body.c: translating the nodes of a graph --- */
/* Makes `g` the body of the node being translated (or the main graph).  Close it in any case. */
bool onnx_body_open(onnx_import *imp, onnx_body *body, const onnx_graph *g, onnx_function *fn);
void onnx_body_set_function(onnx_body *body, onnx_function *fn);
bool onnx_body_translate(onnx_import *imp);
void onnx_body_close(onnx_import *imp);
/* Translates the open body in a scope of its own with `in` as its inputs (NULL: omitted), and fetches
 * its outputs. */
bool onnx_body_expand(onnx_import *imp, qir_value *const *in, size_t nin, qir_value **out);

/* --- function.c: functions of the model --- */
bool onnx_index_functions(onnx_import *imp);
onnx_function *onnx_find_function(const onnx_import *imp, const onnx_node *n);
bool onnx_call_function(onnx_call *c, onnx_function *fn);
/* References to attributes of the call replaced by their values. */
onnx_node *onnx_resolve_attributes(onnx_import *imp, onnx_node *n);

/* --- cut.c: -inputs and -outputs --- */
bool onnx_cut(onnx_import *imp);

/* --- tensors.c: initializers and tensor attributes ---------------------------------------------- */
qir_value *onnx_lookup(onnx_import *imp, const char *name); /* NULL: undefined, or diagnosed */
qir_value *onnx_tensor_const(onnx_import *imp, const char *name, const qir_tensorproto *t,
                             const onnx_initializer *ext);

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
/* Operand i is read by this node alone, and no more after the op that it builds next. */
void onnx_release(onnx_call *c, unsigned i);
/* Sets result i.  False: v is NULL. */
bool onnx_set(onnx_call *c, unsigned i, qir_value *v);

/* Result 0 of what another translator makes of this node with other operands. */
qir_value *onnx_translate(onnx_call *c, onnx_fn fn, int64_t opset, qir_value **in, unsigned nin);

/* Attributes: value or default; a wrong type is diagnosed, which ends the import. */
const onnx_attr *onnx_attr_find(onnx_call *c, const char *name, onnx_attr_type type);
int64_t onnx_attr_int(onnx_call *c, const char *name, int64_t dflt);
float onnx_attr_float(onnx_call *c, const char *name, float dflt);
const char *onnx_attr_string(onnx_call *c, const char *name, const char *dflt);
/* Lists: NULL if absent. */
const int64_t *onnx_attr_ints(onnx_call *c, const char *name, size_t *n);
const float *onnx_attr_floats(onnx_call *c, const char *name, size_t *n);
const char *const *onnx_attr_strings(onnx_call *c, const char *name, size_t *n);

/* Attribute `name` (in old operator sets) or operand i; *list NULL if both are absent. */
bool onnx_int_list(onnx_call *c, const char *name, unsigned i, const int64_t **list, size_t *n);

/* Window attributes of convolutions and pools, with auto_pad resolved (op_window.c). */
bool onnx_window_read(onnx_call *c, const qir_type *x, const int64_t *kernel, fe_window *w);

/* Quantization parameters (op_quant.c): operands `scale` (-1: none) and `zp`, which may be absent, of a
 * tensor of type `t` stored as `storage`: one pair, one per index of `axis`, or of the tensor's rank. */
bool onnx_qparams(onnx_call *c, int scale, unsigned zp, int64_t axis, const qir_type *t,
                  qir_dtype storage, fe_qparams *out);
/* Operand i as reals. */
qir_value *onnx_dequantized(onnx_call *c, unsigned i, unsigned scale, unsigned zp, int64_t axis);
/* Sets result 0; without a zero point it is stored like operand `like`. */
bool onnx_set_quantized(onnx_call *c, qir_value *y, unsigned scale, unsigned zp, unsigned like);
/* x with parameters from its own range, as DynamicQuantizeLinear chooses them; out: quantized, scale,
 * zero point (i32). */
bool onnx_quantize_dynamic(onnx_call *c, qir_value *x, fe_qparams *p, qir_value **out);

/* --- translators, named in map.def --- */
#define ROW(domain, op, since, until, min_in, max_in, max_out, consts, fn, qir)                    \
    bool onnx_##fn(onnx_call *c);
#include "onnx/map.def"
#undef ROW

#endif
