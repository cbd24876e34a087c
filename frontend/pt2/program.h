/* An exported program as decoded from its JSON: plain structs, no interpretation.  Everything is in
 * the importer's arena or interned. */
#ifndef QIR_FRONTEND_PT2_PROGRAM_H
#define QIR_FRONTEND_PT2_PROGRAM_H

#include "io/json.h"
#include "qir/support/map.h"
#include "qir/types.h"

enum { PT2_MAX_NODES = 1 << 20, PT2_MAX_LIST = 1 << 20 };

/* An integer, or an expression over symbols (sympy's srepr). */
typedef struct pt2_size {
    int64_t value;
    const char *expr; /* NULL: `value` */
} pt2_size;

/* TensorMeta. */
typedef struct pt2_meta {
    int64_t dtype; /* of the schema: pt2_dtype */
    size_t rank;
    pt2_size *sizes, *strides, offset;
} pt2_meta;

/* Element type of a schema code, and what to call it ("float8_e4m3fn", "17"). */
bool pt2_dtype(int64_t code, qir_dtype *out);
const char *pt2_dtype_name(qir_context *ctx, int64_t code);

typedef enum pt2_kind {
    PT2_NONE,
    PT2_TENSOR, /* s: name of the value */
    PT2_INT,
    PT2_FLOAT,
    PT2_BOOL, /* i */
    PT2_STRING,
    PT2_SYM, /* s: name of a symbolic integer or boolean */
    PT2_TYPE, /* i: dtype code */
    PT2_ENUM, /* i: memory format or layout */
    PT2_LIST,
    PT2_OTHER /* s: arm of the union: device, graph, custom object, ... */
} pt2_kind;

typedef struct pt2_arg {
    const char *name; /* of an operand of a node */
    pt2_kind kind;
    int64_t i;
    double f;
    const char *s;
    struct pt2_arg *items; /* LIST */
    size_t n;
} pt2_arg;

typedef struct pt2_node {
    const char *target; /* without "torch.ops." */
    const char *name;
    const char *stack;  /* nn_module_stack: "key,path,class;...", outermost first; "" if none */
    const char *module; /* its innermost path; "" if none */
    pt2_arg *args, *outs;
    size_t nargs, nouts;
    bool live; /* something that is asked for depends on it */
} pt2_node;

/* What an input or output of the graph is to the caller of the program. */
typedef enum pt2_role {
    PT2_USER,
    PT2_PARAMETER,
    PT2_BUFFER,   /* persistent: among the weights */
    PT2_CONSTANT, /* constant or buffer that is not persistent */
    PT2_MUTATION, /* output: new contents of a buffer or input */
    PT2_LITERAL,  /* input: a Python value that tracing fixed */
    PT2_STRANGE   /* tokens, custom objects: `target` is the arm */
} pt2_role;

typedef struct pt2_spec {
    pt2_role role;
    pt2_arg arg;
    const char *target; /* qualified name of parameter or buffer; mutations: what is changed */
} pt2_spec;

typedef struct pt2_range {
    const char *expr;
    int64_t min, max;
} pt2_range;

typedef struct pt2_program {
    qir_json_file file;
    const char *torch_version;
    pt2_node *nodes;
    pt2_spec *inputs, *outputs;
    pt2_range *ranges;
    size_t nnodes, ninputs, noutputs, nranges;
    qir_map tensors; /* name -> pt2_meta */
    qir_map symbols; /* name -> pt2_size */
} pt2_program;

/* Decodes models/NAME.json.  False: diagnosed. */
bool pt2_program_read(qir_context *ctx, qir_arena *arena, const char *path, const char *member,
                      qir_bytes text, pt2_program *out);
void pt2_program_free(pt2_program *p);

/* Parts that other texts of the archive share, or that are read in files of their own. */
bool pt2_meta_read(qir_arena *arena, const qir_json *j, pt2_meta *out);   /* meta.c */
bool pt2_size_read(const qir_json *j, pt2_size *out);                      /* meta.c */
bool pt2_arg_read(qir_arena *arena, const qir_json *j, pt2_arg *out);      /* arg.c */
bool pt2_node_read(qir_arena *arena, const qir_json *j, pt2_node *out);    /* arg.c */
bool pt2_signature_read(qir_arena *arena, const qir_json *graph_module, pt2_program *out); /* signature.c */

#endif
