/* A TensorFlow Lite model as decoded from its bytes: plain structs, no interpretation beyond checked
 * indices.  Everything is in the importer's arena; names and buffers reference the file. */
#ifndef QIR_FRONTEND_TFLITE_MODEL_H
#define QIR_FRONTEND_TFLITE_MODEL_H

#include "io/fb.h"
#include "qir/support/arena.h"
#include "qir/types.h"

enum {
    TFL_MAX_TENSORS = 1 << 20,
    TFL_MAX_OPERATORS = 1 << 20,
    TFL_MAX_NAME = 1 << 16
};

/* Parameters as the file has them; `n` 0: not quantized. */
typedef struct tfl_quant {
    size_t n, nzero_points;
    qir_fb_vec scales, zero_points;
    int64_t axis;
    int64_t block;        /* indices of the last dimension per scale; 0: not blockwise */
    int32_t block_scales; /* tensor that holds them */
    size_t offset;
} tfl_quant;

typedef struct tfl_tensor {
    const char *name;
    qir_dtype dtype;
    unsigned rank;
    int64_t dims[QIR_MAX_RANK];
    bool dynamic;  /* the dimensions are an example only */
    bool variable; /* state: kept from one run to the next */
    tfl_quant quant;
    const unsigned char *data; /* of a constant; NULL else */
    size_t bytes;              /* of `data` */
    size_t offset;
} tfl_tensor;

typedef struct tfl_operator {
    int64_t code, version;
    const char *custom;     /* name of a custom operator, else "" */
    const int32_t *in, *out; /* tensor numbers; -1 = omitted operand */
    uint32_t nin, nout;
    unsigned options_type;
    qir_fb options; /* absent: all fields have their defaults */
    size_t offset;
} tfl_operator;

typedef struct tfl_model {
    qir_fb_file file;
    const char *name; /* of the main subgraph */
    tfl_tensor *tensors;
    tfl_operator *operators;
    const int32_t *inputs, *outputs;
    size_t ntensors, noperators, ninputs, noutputs, nsubgraphs;
} tfl_model;

/* Decodes a Model; its first subgraph is the model, others belong to control flow.  False:
 * diagnosed. */
bool tfl_model_read(qir_context *ctx, qir_arena *arena, const char *path, const void *data,
                    size_t len, tfl_model *out);

/* Tensor (tensor.c).  `buffers`: the model's. */
bool tfl_tensor_read(qir_arena *arena, const qir_fb *table, const qir_fb_vec *buffers,
                     tfl_tensor *out);

/* The name of a TensorType, for messages. */
const char *tfl_type_name(int64_t type);

/* A name: NUL-terminated copy, at most TFL_MAX_NAME bytes, no NUL inside. */
bool tfl_read_name(qir_arena *arena, const qir_fb *table, unsigned field, const char **out);

#endif
