/* Private interface between the walker of exported programs, its table (map.def) and the
 * translators. */
#ifndef QIR_FRONTEND_PT2_IMPORT_H
#define QIR_FRONTEND_PT2_IMPORT_H

#include "core/fe.h"
#include "pt2/archive.h"
#include "pt2/program.h"
#include "pt2/symbols.h"

typedef struct pt2_call pt2_call;
typedef bool (*pt2_fn)(pt2_call *c);

/* Does the first result share memory with the first operand? */
typedef enum pt2_sharing { PT2_FRESH, PT2_VIEW, PT2_MAYBE } pt2_sharing;

enum { PT2_MAX_PARAMS = 16 };

/* A row of map.def. */
typedef struct pt2_row {
    const char *target;
    pt2_sharing sharing;
    pt2_fn fn;
    qir_opcode opcode;
    const char *signature; /* as ATen writes it: names, types, defaults; NULL: any */
} pt2_row;

/* What a name of the graph stands for. */
typedef struct pt2_value pt2_value;
struct pt2_value {
    const char *name;
    qir_value *value; /* NULL: a number, or a parameter that was not needed yet */
    pt2_arg number;   /* symbolic integers and booleans, evaluated */
    const pt2_spec *spec; /* inputs of the graph */
    /* Views. */
    pt2_value *base;      /* whose memory this is a part of; NULL: its own */
    const pt2_node *node; /* what made the view, and */
    unsigned result;      /* which of its results it is */
    unsigned depth;       /* views from the base that owns the memory */
    bool maybe;           /* ... unless it was a copy */
    unsigned version;     /* own memory: writes so far; view: those that `value` includes */
    const char *lost;     /* node after which the contents are not known; NULL */
};

typedef struct pt2_import {
    fe_builder fe;
    const qir_loc *loc; /* of the file */
    pt2_archive archive;
    pt2_program program;
    qir_map rows;     /* target -> pt2_row */
    qir_map values;   /* name -> pt2_value */
    qir_map wanted;   /* names that something live reads */
    qir_map written;  /* names of inputs that the program writes to */
    qir_map bound;    /* symbol -> int64_t */
} pt2_import;

/* One node being translated. */
struct pt2_call {
    fe_builder *fe;
    pt2_import *imp;
    const pt2_node *node;
    const pt2_row *row;
    struct pt2_param {
        const char *name;
        size_t name_len;
        pt2_arg arg;
    } params[PT2_MAX_PARAMS];
    unsigned nparams;
    pt2_value *self;     /* the first operand that is a tensor */
    const char **outs;   /* names of all results, those in lists too */
    unsigned nouts;
    qir_value **results; /* [nouts] */
};

/* --- op_custom.c ------------------------------------------------------------------------------ */
bool pt2_custom(pt2_call *c);

/* --- table.c ---------------------------------------------------------------------------------- */
void pt2_table_init(pt2_import *imp);
/* `in_place`: the row is of the operator without '_', to be written back to its operand. */
const pt2_row *pt2_table_find(const pt2_import *imp, const pt2_node *n, bool *in_place);
/* Diagnoses all live nodes that no row takes, in one error.  True: there are none. */
bool pt2_check_supported(pt2_import *imp);

/* --- liveness.c: what is needed, what is written to --------------------------------------------- */
void pt2_find_live(pt2_import *imp);

/* --- notes.c: for quantizers -------------------------------------------------------------------- */
/* Notes at the ops behind `last` (NULL: all) that `n` was translated to. */
void pt2_note_source(pt2_import *imp, const pt2_node *n, qir_op *last);
void pt2_note_classes(pt2_import *imp);

/* --- symbols.c ---------------------------------------------------------------------------------- */
/* Evaluates a size with the bindings of the command line.  False: diagnosed. */
bool pt2_size_eval(pt2_import *imp, const pt2_size *size, int64_t *out);
bool pt2_check_ranges(pt2_import *imp);

/* --- storage.c: parameters and buffers ----------------------------------------------------------- */
qir_value *pt2_load(pt2_import *imp, const pt2_spec *spec);
/* The type that a meta describes; NULL: diagnosed. */
const qir_type *pt2_meta_type(pt2_import *imp, const char *what, const pt2_meta *meta);

/* --- inputs.c -------------------------------------------------------------------------------------- */
bool pt2_import_inputs(pt2_import *imp);
bool pt2_import_outputs(pt2_import *imp);

/* --- values.c: names, views, writes ----------------------------------------------------------------- */
pt2_value *pt2_lookup(pt2_import *imp, const char *name); /* NULL: nothing of that name */
/* The tensor as it is now, after all writes.  NULL: diagnosed. */
qir_value *pt2_read(pt2_import *imp, pt2_value *v);
pt2_value *pt2_new_value(pt2_import *imp, const char *name);
/* New contents, also for everything that shares the memory. */
bool pt2_write(pt2_import *imp, pt2_value *v, qir_value *contents);

/* --- call.c: one node; params.c, args.c: its arguments ------------------------------------------- */
/* Binds the arguments to the row's signature, runs the translator, checks its results. */
bool pt2_translate(pt2_import *imp, const pt2_node *n);
/* Runs a view again on what its operand holds now. */
qir_value *pt2_replay(pt2_import *imp, const pt2_node *n, unsigned result);

/* Parses the next parameter of a signature; false at its end.  `optional`: None is allowed. */
typedef struct pt2_param_spec {
    char type; /* T tensor, i, f, b, s string, n number, t element type */
    bool list, optional, or_number, has_default;
    const char *name, *dflt;
    size_t name_len, dflt_len;
} pt2_param_spec;
bool pt2_next_param(const char **signature, pt2_param_spec *out);

/* Binds the node's arguments; false: diagnosed. */
bool pt2_bind_params(pt2_call *c);

/* Results. */
bool pt2_wanted(const pt2_call *c, unsigned i);
bool pt2_set(pt2_call *c, unsigned i, qir_value *v);

/* Arguments by the names of the signature. */
const pt2_arg *pt2_get(const pt2_call *c, const char *name);
bool pt2_knows(const pt2_call *c, const char *name); /* the overload has it */
bool pt2_has(const pt2_call *c, const char *name); /* not None */
qir_value *pt2_tensor(pt2_call *c, const char *name); /* NULL: None, a number, or diagnosed */
int64_t pt2_int(const pt2_call *c, const char *name);
double pt2_number(const pt2_arg *arg);
double pt2_float(const pt2_call *c, const char *name);
bool pt2_bool(const pt2_call *c, const char *name);
const char *pt2_string(const pt2_call *c, const char *name);
/* The integers of a list (scratch arena); a single one counts as a list. */
const int64_t *pt2_ints(pt2_call *c, const char *name, size_t *n);
const int64_t *pt2_ints_of(pt2_call *c, const pt2_arg *arg, size_t *n);
/* The same as a set of axes. */
bool pt2_axis_set(pt2_call *c, const char *name, unsigned rank, uint32_t *set);
/* Element type of an argument; `dflt` where it is None. */
bool pt2_type(pt2_call *c, const char *name, qir_dtype dflt, qir_dtype *out);
/* Parameter i as it stands. */
const pt2_arg *pt2_at(const pt2_call *c, unsigned i);
qir_value *pt2_tensor_of(pt2_call *c, const pt2_arg *arg);
bool pt2_axis(pt2_call *c, const char *name, unsigned rank, int64_t *out);
/* The first operand. */
qir_value *pt2_self(pt2_call *c);
/* A result that is a symbolic integer. */
bool pt2_set_number(pt2_call *c, int64_t v);

/* --- types.c: ATen's rules for mixed operands ----------------------------------------------------- */
/* The type that an operator computes in: tensors with dimensions count more than those without, and
 * those more than numbers, unless they are of a lower kind (bool, integer, float). */
bool pt2_common_type(pt2_call *c, const pt2_arg *const *args, unsigned n, qir_dtype *out);
/* A tensor or number as a tensor of this type. */
qir_value *pt2_as(pt2_call *c, const pt2_arg *arg, qir_dtype type);
/* A tensor as floats: integers as f32. */
qir_value *pt2_floats(pt2_call *c, qir_value *x);
/* Parameters `i` and i + 1 brought to their common type. */
bool pt2_pair(pt2_call *c, unsigned i, qir_value **a, qir_value **b);

/* --- op_linear.c: windows ---------------------------------------------------------------------------- */
/* `n` entries of a list; one stands for all, none for `dflt`. */
bool pt2_spatial(pt2_call *c, const char *name, unsigned n, const int64_t *dflt, int64_t min,
                 int64_t *out);
/* The same padding on both sides. */
bool pt2_pads(pt2_call *c, fe_window *w);
/* A batch of one where the operand has none; `*added` says so, and its result loses it. */
qir_value *pt2_batched(pt2_call *c, qir_value *x, unsigned rank, bool *added);
bool pt2_set_unbatched(pt2_call *c, unsigned i, qir_value *y, bool added);

/* --- translators, named in map.def --- */
#define ROW(target, sharing, fn, qir, signature) bool pt2_op_##fn(pt2_call *c);
#include "pt2/map.def"
#undef ROW

#endif
