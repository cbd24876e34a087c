/* Custom ops: C functions of the user's that models call.
 *
 * Headers of models that have such ops declare the same types, under the same guards, and the functions.
 * This header is for functions that are to be compiled without a model, and for plugins: what one
 * registers evaluates the op in calibration, qir-run and the JIT. */
#ifndef QIR_CUSTOM_H
#define QIR_CUSTOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef QCC_TENSOR_INFO
#define QCC_TENSOR_INFO 1
typedef struct qcc_tensor_info {
    char name[64];
    char dtype[8];
    int64_t shape[8];
    uint64_t bytes;
    uint32_t rank;
    float scale;
    int32_t zero_point;
    uint32_t reserved;
} qcc_tensor_info;
#endif

#ifndef QCC_CUSTOM
#define QCC_CUSTOM 1
/* Of the kinds one is not NULL. */
typedef struct qcc_attribute {
    char name[64];
    uint64_t count;       /* numbers, or bytes of the text */
    const int64_t *ints;  /* a boolean is 0 or 1 */
    const float *floats;
    const char *text;     /* ends with a NUL that is not counted */
} qcc_attribute;

/* What a custom op is: its tensors (inputs, then outputs) and attributes. */
typedef struct qcc_custom {
    uint32_t version, input_count, output_count, attribute_count;
    const qcc_tensor_info *tensors;
    const qcc_attribute *attributes;
} qcc_custom;
#endif

/* Computes all outputs from the inputs and the op alone.  Negative: the run ends, and returns that. */
typedef int (*qir_custom_fn)(const void *const *inputs, void *const *outputs, const qcc_custom *op);

struct qir_context;
struct qir_op;
struct qir_arena;
struct qir_type;

enum { QCC_CUSTOM_VERSION = 1 };

typedef struct qir_custom_op {
    const char *symbol;
    qir_custom_fn fn;
} qir_custom_op;

/* For plugins: `op` evaluates custom ops with its symbol; it must live as long as the context.  False:
 * diagnosed (registered twice). */
bool qir_custom_register(struct qir_context *ctx, const qir_custom_op *op);
/* NULL: diagnosed at the op: nothing evaluates it. */
qir_custom_fn qir_custom_function(const struct qir_op *op);

/* "alpha" of "arg.alpha", NULL of names of other attributes. */
const char *qir_custom_argument(const char *attr);
/* What the function is told about the op; arena. */
const qcc_custom *qir_custom_describe(const struct qir_op *op, struct qir_arena *arena);
/* One tensor, called `name`. */
void qir_custom_describe_tensor(const struct qir_type *t, const char *name, qcc_tensor_info *out);

#ifdef __cplusplus
}
#endif
#endif
