/* Shared by the infer functions: reading operands and attributes, checking and filling results.
 * An infer function is called after the generic checks of infer.c: operand count and kinds, static
 * shapes, physical orders, attribute names, kinds and presence. */
#ifndef QIR_INFER_H
#define QIR_INFER_H

#include "qir/context.h"
#include "qir/ops.h"

#define OP_END(op, nresults, traits, infer, qrule, eval, lower)                                    \
    bool qir_infer_##infer(qir_infer *q);
#include "ops.def"

typedef struct infer_dims {
    unsigned rank;
    int64_t d[QIR_MAX_RANK];
} infer_dims;

/* Reports "<op>: <text>" at the op; returns false. */
bool infer_fail(qir_infer *q, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The nearest attribute name of the op, or NULL. */
const char *infer_suggest_attr(const qir_op_desc *d, const char *name);

/* Tensor type of operand `i` (of a packed weight: the logical type); NULL if absent. */
const qir_type *infer_type(const qir_infer *q, unsigned i);
infer_dims infer_dims_of(const qir_type *t);
/* Appends one dimension; false: diagnosed (rank limit). */
bool infer_push(qir_infer *q, infer_dims *dims, int64_t d);
const char *infer_text(const qir_infer *q, const qir_type *t);
const char *infer_dims_text(const qir_infer *q, const infer_dims *dims);

/* True when nhwc and row-major give the same bytes. */
bool infer_orders_coincide(const qir_type *t);
/* The physical order that operands and result share (or operand 0 and the result). */
qir_order infer_order(const qir_infer *q);

/* Attributes with their defaults.  infer_attr: NULL when optional and absent. */
const qir_attr *infer_attr(const qir_infer *q, const char *name);
int64_t infer_int(const qir_infer *q, const char *name);
float infer_float(const qir_infer *q, const char *name);
bool infer_bool(const qir_infer *q, const char *name);
const char *infer_string(const qir_infer *q, const char *name);
const int64_t *infer_ints(const qir_infer *q, const char *name, size_t *n);
const float *infer_floats(const qir_infer *q, const char *name, size_t *n);

/* A list of `n` integers of at least `least`; a single entry repeats. */
bool infer_list(qir_infer *q, const char *name, unsigned n, int64_t least, const char *code,
                int64_t *out);
/* Attribute `axis` within `rank`. */
bool infer_axis(qir_infer *q, unsigned rank, unsigned *axis);
/* One of the NULL-terminated words. */
bool infer_word(qir_infer *q, const char *name, const char *const *words);

/* Results.  Each fills results[i] when NULL and checks it otherwise; the physical order follows the
 * operands. */
/* Element type and parameters of `like`. */
bool infer_result(qir_infer *q, unsigned i, const infer_dims *dims, const qir_type *like);
/* A plain element type. */
bool infer_result_plain(qir_infer *q, unsigned i, const infer_dims *dims, qir_dtype elem);
/* Any element type, but given: only the shape and the order are checked. */
bool infer_result_given(qir_infer *q, unsigned i, const infer_dims *dims);
bool infer_order_ok(qir_infer *q, unsigned i, const qir_type *given, qir_order want);
/* Quantized per tensor with parameters of its own: must be given. */
bool infer_result_free(qir_infer *q, unsigned i, const infer_dims *dims);

/* What the op's integers take (qir_opcode_computes_on), in words. */
const char *infer_activations(const qir_infer *q);
/* Quantized operands of arithmetic ops: of these types. */
bool infer_activation(qir_infer *q, unsigned i);
/* Moving elements keeps per-tensor parameters; an axis would have to move with them. */
bool infer_movable(qir_infer *q, const qir_type *x);
/* requant multiplier (s_a * s_b) / s_y within the limits of result 0. */
bool infer_multiplier(qir_infer *q, float sa, float sb, float sy);
/* Attributes min and max: ordered, not NaN. */
bool infer_bounds(qir_infer *q);
/* numpy broadcasting of all dimensions but the last `skip` (of both). */
bool infer_broadcast(qir_infer *q, const qir_type *a, const qir_type *b, unsigned skip,
                     infer_dims *out);
/* Equal element types, both quantized or neither. */
bool infer_same_element(qir_infer *q, const qir_type *a, const qir_type *b);
/* Attributes dtype, qmin and qmax: an integer type of at most 16 bits (*dtype unless NULL) and a range
 * within it; eps: not negative. */
bool infer_storage(qir_infer *q, qir_dtype *dtype);
bool infer_eps(qir_infer *q);
/* Dimensions of the result of linear and conv (dynamic ones too): shapes, attributes and packings of
 * input and weight are checked, element types are not. */
bool infer_linear_dims(qir_infer *q, const qir_type *x, const qir_type *w, infer_dims *dims);
bool infer_conv_dims(qir_infer *q, const qir_type *x, const qir_type *w, infer_dims *dims);
/* Every dimension above 0. */
bool infer_nonempty(qir_infer *q, const qir_type *t, const char *what);

#endif
