/* Private interface between the ONNX graph walker, its table (map.def) and the translators. */
#ifndef QIR_FRONTEND_ONNX_IMPORT_H
#define QIR_FRONTEND_ONNX_IMPORT_H

#include "core/fe.h"
#include "onnx/model.h"

typedef struct onnx_call onnx_call;
typedef bool (*onnx_fn)(onnx_call *c);

enum { ONNX_ANY = 255 };

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
    fe_builder fe;
    int dir_fd; /* external data; -1: none allowed */
    onnx_model model;
    qir_map rows;         /* op name -> first row */
    qir_map initializers; /* tensor name -> onnx_initializer */
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
};

/* --- table.c: which row translates a node --- */
void onnx_table_init(onnx_import *imp);
const onnx_row *onnx_table_find(const onnx_import *imp, const onnx_node *n, int64_t opset);
int64_t onnx_opset_of(const onnx_import *imp, const char *domain); /* 0: not imported */
bool onnx_check_opsets(onnx_import *imp);
/* Diagnoses all nodes that no row takes, in one error.  True: there are none. */
bool onnx_check_supported(onnx_import *imp);

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
/* Sets result i.  False: v is NULL. */
bool onnx_set(onnx_call *c, unsigned i, qir_value *v);

/* Attributes: value or default; a wrong type is diagnosed, which ends the import. */
const onnx_attr *onnx_attr_find(onnx_call *c, const char *name, onnx_attr_type type);
int64_t onnx_attr_int(onnx_call *c, const char *name, int64_t dflt);
float onnx_attr_float(onnx_call *c, const char *name, float dflt);
const char *onnx_attr_string(onnx_call *c, const char *name, const char *dflt);
const int64_t *onnx_attr_ints(onnx_call *c, const char *name, size_t *n); /* NULL if absent */

/* Attribute `name` (in old operator sets) or operand i; *list NULL if both are absent. */
bool onnx_int_list(onnx_call *c, const char *name, unsigned i, const int64_t **list, size_t *n);

/* Window attributes of convolutions and pools, with auto_pad resolved (op_window.c). */
bool onnx_window_read(onnx_call *c, const qir_type *x, const int64_t *kernel, fe_window *w);

/* --- translators, named in map.def --- */
#define ROW(domain, op, since, until, min_in, max_in, max_out, consts, fn, qir)                    \
    bool onnx_##fn(onnx_call *c);
#include "onnx/map.def"
#undef ROW

#endif
