/* An ONNX model as decoded from its bytes: plain structs, no interpretation.  Everything is in the
 * importer's arena or interned; tensors reference the file. */
#ifndef QIR_FRONTEND_ONNX_MODEL_H
#define QIR_FRONTEND_ONNX_MODEL_H

#include "io/pb.h"
#include "io/tensorproto.h"

enum {
    ONNX_MAX_NODES = 1 << 20,
    ONNX_MAX_NAME = 1 << 16,
    ONNX_MAX_LIST = 1 << 20 /* entries of one attribute */
};

typedef enum onnx_attr_type { /* AttributeProto.AttributeType */
    ONNX_ATTR_NONE = 0,
    ONNX_ATTR_FLOAT = 1,
    ONNX_ATTR_INT = 2,
    ONNX_ATTR_STRING = 3,
    ONNX_ATTR_TENSOR = 4,
    ONNX_ATTR_GRAPH = 5,
    ONNX_ATTR_FLOATS = 6,
    ONNX_ATTR_INTS = 7,
    ONNX_ATTR_STRINGS = 8,
    ONNX_ATTR_OTHER = 9
} onnx_attr_type;

typedef struct onnx_graph onnx_graph;

typedef struct onnx_attr {
    const char *name;
    const char *ref; /* inside functions: the attribute of the call that it stands for; or NULL */
    onnx_attr_type type;
    bool used; /* a translator has asked for it */
    size_t offset;
    size_t n; /* of a list */
    int64_t i;
    float f;
    const char *s;
    const int64_t *ints;
    const float *floats;
    const char **strings;
    const qir_tensorproto *t;
    onnx_graph *g;
} onnx_attr;

typedef struct onnx_node {
    const char *op, *domain, *name, *overload; /* "" where absent; domain "ai.onnx" is "" */
    const char **in, **out;         /* "" = omitted */
    uint32_t nin, nout, nattrs;
    onnx_attr *attrs;
    size_t offset;
    bool live; /* an output depends on it */
} onnx_node;

/* ValueInfoProto.  Dimension i: dims[i] >= 0, or QIR_DYNAMIC with symbol params[i] ("" if none). */
typedef struct onnx_value {
    const char *name;
    int64_t data_type; /* 0: not a tensor, or unknown */
    bool has_shape;
    unsigned rank;
    int64_t dims[QIR_MAX_RANK];
    const char *params[QIR_MAX_RANK];
    size_t offset;
} onnx_value;

typedef struct onnx_opset {
    const char *domain;
    int64_t version;
    size_t offset;
} onnx_opset;

typedef struct onnx_initializer {
    qir_tensorproto tensor;
    struct qir_value *value; /* the constant, once something has used it */
    unsigned readers;        /* operands of live nodes that it is, those in bodies counted twice */
    const char *location; /* external data */
    size_t location_len;
    const char *ext_offset, *ext_length; /* NUL-terminated texts; NULL if absent */
} onnx_initializer;

/* The main graph, the body of a control-flow node, or that of a function. */
struct onnx_graph {
    const char *name;
    onnx_node *nodes;
    onnx_initializer *initializers;
    onnx_value *inputs, *outputs;
    size_t nnodes, ninitializers, ninputs, noutputs;
    qir_pb message; /* types of other tensors are looked for when asked for */
};

/* A model-local function: a graph whose values have no types. */
typedef struct onnx_function {
    const char *name, *domain, *overload;
    onnx_graph graph;
    onnx_attr *defaults; /* attributes that a call may leave out */
    onnx_opset *opsets;
    size_t ndefaults, nopsets, offset;
    bool active; /* is being expanded: a call now is a recursion */
    bool seen;   /* its nodes were looked at */
} onnx_function;

typedef struct onnx_model {
    qir_pb_file file;
    int64_t ir_version;
    bool has_graph;
    onnx_graph graph;
    onnx_opset *opsets;
    onnx_function *functions;
    size_t nopsets, nfunctions;
} onnx_model;

/* Decodes a ModelProto.  False: diagnosed. */
bool onnx_model_read(qir_context *ctx, qir_arena *arena, const char *path, const void *data,
                     size_t len, onnx_model *out);

/* GraphProto and FunctionProto (graph.c); AttributeProto (attr.c). */
bool onnx_graph_read(qir_arena *arena, const qir_pb *message, onnx_graph *out);
bool onnx_function_read(qir_arena *arena, const qir_pb *message, onnx_function *out);
bool onnx_attr_read(qir_arena *arena, const qir_pb *message, onnx_attr *out);
/* The declared type of a tensor between nodes.  False: there is none, or (file.failed) diagnosed. */
bool onnx_graph_find_info(const onnx_graph *g, const char *name, onnx_value *out);
bool onnx_opset_read(const qir_pb *message, onnx_opset *out);

/* ValueInfoProto and TensorProto with its external-data entries (value.c). */
bool onnx_value_read(const qir_pb *message, onnx_value *v);
bool onnx_initializer_read(qir_arena *arena, const qir_pb *message, onnx_initializer *init);

/* How often each field below 32 occurs. */
bool onnx_count_fields(const qir_pb *message, size_t counts[32]);
/* "" for the operators of ONNX itself. */
const char *onnx_domain(const char *domain);
/* A name field: interned, at most ONNX_MAX_NAME bytes, no NUL. */
bool onnx_read_name(const qir_pb *r, const qir_pb_field *f, const char **out);

#endif
