/* Operators that rename dimensions. */
#include <inttypes.h>
#include <string.h>

#include "core/compose.h"
#include "pt2/import.h"
#include "qir/support/checked.h"

bool pt2_op_identity(pt2_call *c)
{
    return pt2_set(c, 0, pt2_self(c));
}

/* An identity that quantizers see: PyTorch's measure behind a dropout anew.  Simplification removes it. */
bool pt2_op_kept_identity(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    if (!x || x->kind == QIR_VALUE_CONST || x->type->quant || x->type->dtype != QIR_f32)
        return pt2_op_identity(c);
    const qir_named_attr attrs[] = {
        {"shape", qir_attr_ints(c->fe->ctx, x->type->dims, x->type->rank)}, {NULL, NULL}};
    return pt2_set(c, 0, fe_emit(c->fe, QIR_OP_reshape, &x, 1, attrs, NULL));
}

bool pt2_op_dropout(pt2_call *c)
{
    if (pt2_bool(c, "train") && pt2_float(c, "p") != 0)
        return fe_error(c->fe, "arg", "dropout in training mode: export the model after model.eval()");
    return pt2_op_kept_identity(c);
}

/* --- reshape ----------------------------------------------------------------------------------------- */
/* Fills the one -1; `dims` has room for QIR_MAX_RANK. */
static bool resolve_sizes(pt2_call *c, int64_t total, const int64_t *want, size_t n, int64_t *dims)
{
    int64_t known = 1;
    size_t infer = n;
    if (n > QIR_MAX_RANK)
        return fe_error(c->fe, "shape", "rank %zu is above %d", n, QIR_MAX_RANK);
    for (size_t i = 0; i < n; i++) {
        dims[i] = want[i];
        if (want[i] == -1 && infer == n)
            infer = i;
        else if (want[i] < 0 || !qir_mul_i64(known, want[i], &known))
            return fe_error(c->fe, "shape", "size %" PRId64 " of dimension %zu", want[i], i);
    }
    if (infer < n)
        dims[infer] = known ? total / known : 0;
    return true;
}

/* The sizes are the second argument, whatever they are called. */
bool pt2_op_view(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t dims[QIR_MAX_RANK];
    size_t n;
    const int64_t *want = pt2_ints_of(c, pt2_at(c, 1), &n);
    return x && resolve_sizes(c, qir_type_elements(x->type), want, n, dims) &&
           pt2_set(c, 0, fe_reshape(c->fe, x, dims, (unsigned)n));
}

bool pt2_op_view_as(pt2_call *c)
{
    qir_value *other = pt2_tensor(c, "other");
    return other && pt2_set(c, 0, fe_reshape(c->fe, pt2_self(c), other->type->dims,
                                             other->type->rank));
}

bool pt2_op_flatten(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t first, last, dims[QIR_MAX_RANK] = {1};
    unsigned n = 0, rank = x ? x->type->rank : 0;
    if (!x || !pt2_axis(c, "start_dim", rank, &first) || !pt2_axis(c, "end_dim", rank, &last))
        return false;
    if (first > last)
        return fe_error(c->fe, "arg", "start_dim is after end_dim");
    for (unsigned i = 0; i < rank; i++) {
        if (i > first && i <= last)
            dims[n - 1] *= x->type->dims[i];
        else
            dims[n++] = x->type->dims[i];
    }
    return pt2_set(c, 0, fe_reshape(c->fe, x, dims, rank ? n : 1));
}

bool pt2_op_unflatten(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis, dims[QIR_MAX_RANK], parts[QIR_MAX_RANK];
    size_t n;
    const int64_t *want = pt2_ints(c, "sizes", &n);
    if (!x || !pt2_axis(c, "dim", x->type->rank, &axis) ||
        !resolve_sizes(c, x->type->dims[axis], want, n, parts))
        return false;
    unsigned rank = x->type->rank - 1 + (unsigned)n;
    if (rank > QIR_MAX_RANK)
        return fe_error(c->fe, "shape", "rank %u is above %d", rank, QIR_MAX_RANK);
    memcpy(dims, x->type->dims, (size_t)axis * sizeof *dims);
    memcpy(dims + axis, parts, n * sizeof *dims);
    memcpy(dims + axis + n, x->type->dims + axis + 1, (x->type->rank - 1 - (size_t)axis) * sizeof *dims);
    return pt2_set(c, 0, fe_reshape(c->fe, x, dims, rank));
}

/* Dimensions of size 1 out of a set. */
static bool set_squeezed(pt2_call *c, qir_value *x, uint32_t set)
{
    int64_t dims[QIR_MAX_RANK];
    unsigned n = 0;
    for (unsigned i = 0; x && i < x->type->rank; i++)
        if (x->type->dims[i] != 1 || !(set >> i & 1))
            dims[n++] = x->type->dims[i];
    return pt2_set(c, 0, fe_reshape(c->fe, x, dims, n));
}

bool pt2_op_squeeze(pt2_call *c)
{
    return set_squeezed(c, pt2_self(c), ~0u);
}

bool pt2_axis_set(pt2_call *c, const char *name, unsigned rank, uint32_t *set)
{
    size_t n;
    const int64_t *axes = pt2_ints(c, name, &n);
    *set = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t axis;
        if (!fe_axis(c->fe, axes[i], rank ? rank : 1, false, &axis))
            return false;
        *set |= 1u << axis;
    }
    return true;
}

bool pt2_op_squeeze_dims(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    uint32_t set;
    return x && pt2_axis_set(c, "dim", x->type->rank, &set) && set_squeezed(c, x, set);
}

bool pt2_op_unsqueeze(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis;
    return x && fe_axis(c->fe, pt2_int(c, "dim"), x->type->rank + 1, false, &axis) &&
           pt2_set(c, 0, fe_unsqueeze(c->fe, x, (unsigned)axis));
}
