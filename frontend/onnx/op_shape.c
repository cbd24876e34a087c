/* Operators that only rename dimensions, and those whose result is known from shapes alone. */
#include <inttypes.h>
#include <string.h>

#include "onnx/import.h"
#include "qir/support/checked.h"

bool onnx_identity(onnx_call *c)
{
    return onnx_set(c, 0, c->in[0]);
}

/* In inference the data passes; the mask is all ones, boolean since operator set 10. */
bool onnx_dropout(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    float ratio = onnx_attr_float(c, "ratio", 0.5f), training = 0;
    onnx_attr_int(c, "seed", 0);
    onnx_attr_int(c, "is_test", 1);
    if (onnx_in(c, 1) && !fe_const_float(c->fe, c->in[1], &ratio))
        return false;
    if (onnx_in(c, 2) && !fe_const_float(c->fe, c->in[2], &training))
        return false;
    if (training != 0 && ratio != 0)
        return fe_error(c->fe, "attr", "dropout in training mode is not supported");
    if (onnx_out_used(c, 1)) {
        qir_value *one = fe_scalar(c->fe, c->opset < 10 ? t->dtype : QIR_i1, 1);
        if (!one || !onnx_set(c, 1,
                              fe_splat(c->fe, one->type->dtype, t->dims, t->rank,
                                       qir_const_data(qir_value_const(one)))))
            return false;
    }
    return onnx_set(c, 0, c->in[0]);
}

/* Product of dims[from..to). */
static int64_t product(const int64_t *dims, int64_t from, int64_t to)
{
    int64_t n = 1;
    for (int64_t i = from; i < to; i++)
        n *= dims[i]; /* bounded: a type has at most 2^40 elements, and 0 only shrinks it */
    return n;
}

bool onnx_flatten(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    int64_t axis, dims[2];
    if (!fe_axis(c->fe, onnx_attr_int(c, "axis", 1), t->rank, true, &axis))
        return false;
    dims[0] = product(t->dims, 0, axis);
    dims[1] = product(t->dims, axis, t->rank);
    return onnx_set(c, 0, fe_reshape(c->fe, c->in[0], dims, 2));
}

/* Fills 0 (copy) and -1 (infer); `zero` means 0 is a size. */
static bool resolve_shape(onnx_call *c, const int64_t *want, size_t n, bool zero, int64_t *dims)
{
    const qir_type *t = c->in[0]->type;
    int64_t known = 1, total = qir_type_elements(t);
    size_t infer = n;
    for (size_t i = 0; i < n; i++) {
        dims[i] = want[i];
        if (dims[i] == 0 && !zero) {
            if (i >= t->rank)
                return fe_error(c->fe, "shape", "shape entry %zu copies a missing dimension", i);
            dims[i] = t->dims[i];
        }
        if (dims[i] == -1 && infer == n)
            infer = i;
        else if (dims[i] < 0 || !qir_mul_i64(known, dims[i], &known))
            return fe_error(c->fe, "shape", "shape entry %zu is %" PRId64, i, want[i]);
    }
    if (infer < n && known)
        dims[infer] = total / known;
    else if (infer < n)
        dims[infer] = 0;
    return true;
}

bool onnx_reshape_op(onnx_call *c)
{
    size_t n;
    int64_t dims[QIR_MAX_RANK];
    const int64_t *want = fe_const_ints(c->fe, c->in[1], &n);
    bool zero = onnx_attr_int(c, "allowzero", 0);
    if (!want)
        return false;
    if (n > QIR_MAX_RANK)
        return fe_error(c->fe, "shape", "rank %zu is above %d", n, QIR_MAX_RANK);
    return resolve_shape(c, want, n, zero, dims) &&
           onnx_set(c, 0, fe_reshape(c->fe, c->in[0], dims, (unsigned)n));
}

/* Marks axes as a bit set. */
static bool read_axes(onnx_call *c, unsigned rank, uint32_t *set, size_t *n)
{
    const int64_t *axes;
    *set = 0;
    if (!onnx_int_list(c, "axes", 1, &axes, n))
        return false;
    for (size_t i = 0; i < *n; i++) {
        int64_t axis;
        if (!fe_axis(c->fe, axes[i], rank, false, &axis))
            return false;
        if (*set >> axis & 1)
            return fe_error(c->fe, "axis", "axis %" PRId64 " is given twice", axes[i]);
        *set |= 1u << axis;
    }
    return true;
}

bool onnx_squeeze(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    int64_t dims[QIR_MAX_RANK];
    unsigned rank = 0;
    uint32_t set;
    size_t n;
    if (!read_axes(c, t->rank, &set, &n))
        return false;
    for (unsigned i = 0; i < t->rank; i++) {
        bool drop = n ? set >> i & 1 : t->dims[i] == 1;
        if (drop && t->dims[i] != 1)
            return fe_error(c->fe, "shape", "dimension %u is %" PRId64 ", expected 1", i,
                            t->dims[i]);
        if (!drop)
            dims[rank++] = t->dims[i];
    }
    return onnx_set(c, 0, fe_reshape(c->fe, c->in[0], dims, rank));
}

bool onnx_unsqueeze(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    const int64_t *axes;
    int64_t dims[QIR_MAX_RANK];
    uint32_t set;
    size_t n;
    if (!onnx_int_list(c, "axes", 1, &axes, &n))
        return false;
    if (t->rank + n > QIR_MAX_RANK)
        return fe_error(c->fe, "shape", "rank above %d", QIR_MAX_RANK);
    unsigned rank = t->rank + (unsigned)n, from = 0;
    if (!read_axes(c, rank, &set, &n))
        return false;
    for (unsigned i = 0; i < rank; i++)
        dims[i] = set >> i & 1 ? 1 : t->dims[from++];
    return onnx_set(c, 0, fe_reshape(c->fe, c->in[0], dims, rank));
}

bool onnx_transpose_op(onnx_call *c)
{
    unsigned rank = c->in[0]->type->rank;
    int64_t perm[QIR_MAX_RANK];
    size_t n;
    const int64_t *given = onnx_attr_ints(c, "perm", &n);
    if (given && n != rank)
        return fe_error(c->fe, "attr", "perm has %zu entries, expected %u", n, rank);
    for (unsigned i = 0; i < rank; i++)
        perm[i] = given ? given[i] : rank - 1 - i;
    for (unsigned i = 0, seen = 0; i < rank; i++) {
        if (perm[i] < 0 || perm[i] >= rank || seen >> perm[i] & 1)
            return fe_error(c->fe, "attr", "perm is no permutation");
        seen |= 1u << perm[i];
    }
    return onnx_set(c, 0,
                    fe_is_weight(c->in[0]) ? fe_transpose_weight(c->fe, c->in[0], perm)
                                           : fe_transpose(c->fe, c->in[0], perm));
}

/* An index of Shape: negative counts from the end, then clamped. */
static int64_t clamp_index(int64_t i, int64_t n)
{
    if (i < 0)
        i += n;
    return i < 0 ? 0 : i > n ? n : i;
}

bool onnx_shape(onnx_call *c)
{
    const qir_type *t = c->in[0]->type;
    int64_t start = clamp_index(onnx_attr_int(c, "start", 0), t->rank);
    int64_t end = clamp_index(onnx_attr_int(c, "end", t->rank), t->rank);
    int64_t n = end > start ? end - start : 0;
    return onnx_set(c, 0, fe_const(c->fe, QIR_i64, &n, 1, t->dims + start));
}

bool onnx_size(onnx_call *c)
{
    int64_t n = qir_type_elements(c->in[0]->type);
    return onnx_set(c, 0, fe_const(c->fe, QIR_i64, NULL, 0, &n));
}

static bool constant_tensor(onnx_call *c, const onnx_attr *a)
{
    return onnx_set(c, 0, onnx_tensor_const(c->imp, c->node->out[0], a->t, NULL));
}

bool onnx_constant(onnx_call *c)
{
    const onnx_attr *a;
    if (c->node->nattrs != 1)
        return fe_error(c->fe, "attr", "expected one attribute");
    const char *name = c->node->attrs[0].name;
    int64_t n = (int64_t)c->node->attrs[0].n;
    if (strcmp(name, "value") == 0 && (a = onnx_attr_find(c, name, ONNX_ATTR_TENSOR)))
        return constant_tensor(c, a);
    if (strcmp(name, "value_int") == 0 && (a = onnx_attr_find(c, name, ONNX_ATTR_INT)))
        return onnx_set(c, 0, fe_const(c->fe, QIR_i64, NULL, 0, &a->i));
    if (strcmp(name, "value_float") == 0 && (a = onnx_attr_find(c, name, ONNX_ATTR_FLOAT)))
        return onnx_set(c, 0, fe_const(c->fe, QIR_f32, NULL, 0, &a->f));
    if (strcmp(name, "value_ints") == 0 && (a = onnx_attr_find(c, name, ONNX_ATTR_INTS)))
        return onnx_set(c, 0, fe_const(c->fe, QIR_i64, &n, 1, a->ints));
    if (strcmp(name, "value_floats") == 0 && (a = onnx_attr_find(c, name, ONNX_ATTR_FLOATS)))
        return onnx_set(c, 0, fe_const(c->fe, QIR_f32, &n, 1, a->floats));
    return c->fe->failed ? false : fe_error(c->fe, "attr", "'%s' is not supported", name);
}

static bool read_dims(onnx_call *c, qir_value *v, int64_t *dims, size_t *n)
{
    const int64_t *list = fe_const_ints(c->fe, v, n);
    if (!list)
        return false;
    if (*n > QIR_MAX_RANK)
        return fe_error(c->fe, "shape", "rank %zu is above %d", *n, QIR_MAX_RANK);
    for (size_t i = 0; i < *n; i++) {
        dims[i] = list[i];
        if (dims[i] < 0)
            return fe_error(c->fe, "shape", "dimension %zu is %" PRId64, i, dims[i]);
    }
    return true;
}

bool onnx_constant_of_shape(onnx_call *c)
{
    int64_t dims[QIR_MAX_RANK];
    float zero = 0;
    size_t n;
    const onnx_attr *a = onnx_attr_find(c, "value", ONNX_ATTR_TENSOR);
    if (!read_dims(c, c->in[0], dims, &n))
        return false;
    if (!a)
        return onnx_set(c, 0, fe_splat(c->fe, QIR_f32, dims, (unsigned)n, &zero));
    if (a->t->elements != 1 || a->t->external)
        return fe_error(c->fe, "attr", "'value' must have one element");
    const void *element = qir_tensorproto_data(a->t, c->fe->scratch);
    return element && onnx_set(c, 0, fe_splat(c->fe, a->t->dtype, dims, (unsigned)n, element));
}

bool onnx_expand_op(onnx_call *c)
{
    int64_t want[QIR_MAX_RANK], dims[QIR_MAX_RANK];
    size_t n;
    unsigned rank;
    const qir_type *t = c->in[0]->type;
    if (!read_dims(c, c->in[1], want, &n) ||
        !fe_broadcast_dims(c->fe, t->dims, t->rank, want, (unsigned)n, dims, &rank))
        return false;
    return onnx_set(c, 0, fe_expand(c->fe, c->in[0], dims, rank));
}
