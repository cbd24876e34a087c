/* Ops that move elements: return, reshape, transpose, concat, slice, pad, expand. */
#include "infer.h"

#include <string.h>
#include "qir/support/checked.h"

bool qir_infer_return(qir_infer *q)
{
    (void)q; /* the verifier compares with the function's declared results */
    return true;
}

static bool read_dims(qir_infer *q, const char *name, infer_dims *dims)
{
    size_t n;
    const int64_t *v = infer_ints(q, name, &n);
    *dims = (infer_dims){0};
    for (size_t i = 0; i < n; i++) {
        if (v[i] < 0)
            return infer_fail(q, "shape.dim",
                              "%s entry %lld, expected a number that is not "
                              "negative",
                              name, (long long)v[i]);
        if (!infer_push(q, dims, v[i]))
            return false;
    }
    return true;
}

static bool product(const int64_t *dims, unsigned rank, int64_t *out)
{
    *out = 1;
    for (unsigned i = 0; i < rank; i++)
        if (!qir_mul_i64(*out, dims[i], out))
            return false;
    return true;
}

bool qir_infer_reshape(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims;
    int64_t n;
    if (!read_dims(q, "shape", &dims) || !infer_movable(q, x))
        return false;
    if (!product(dims.d, dims.rank, &n) || n != qir_type_elements(x))
        return infer_fail(q, "shape.reshape", "shape %s does not hold the %lld elements of %s",
                          infer_dims_text(q, &dims), (long long)qir_type_elements(x),
                          infer_text(q, x));
    return infer_result(q, 0, &dims, x);
}

/* --- transpose ------------------------------------------------------------------------------- */

static bool read_perm(qir_infer *q, unsigned rank, unsigned perm[QIR_MAX_RANK])
{
    size_t n;
    const int64_t *v = infer_ints(q, "perm", &n);
    unsigned seen = 0;
    if (n != rank)
        return infer_fail(q, "shape.perm", "perm has %zu entries, expected %u", n, rank);
    for (unsigned i = 0; i < rank; i++) {
        if (v[i] < 0 || v[i] >= (int64_t)rank || (seen & 1u << v[i]))
            return infer_fail(q, "shape.perm", "perm entry %lld, expected each of 0 to %u once",
                              (long long)v[i], rank - 1);
        perm[i] = (unsigned)v[i];
        seen |= 1u << v[i];
    }
    return true;
}

/* Per-axis parameters move with their axis. */
static const qir_type *permuted_element(qir_infer *q, const qir_type *x, const unsigned *perm,
                                        const infer_dims *dims)
{
    const qir_type *plain = qir_tensor_type(q->module->ctx, x->dtype, dims->d, dims->rank, q->loc);
    if (!plain || !x->quant)
        return plain;
    qir_quant moved = *x->quant;
    for (unsigned i = 0; i < x->rank; i++)
        if (x->quant->axis == (int32_t)perm[i])
            moved.axis = (int32_t)i;
    return qir_type_with_quant(q->module->ctx, plain, &moved, q->loc);
}

bool qir_infer_transpose(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    unsigned perm[QIR_MAX_RANK] = {0};
    infer_dims dims = {.rank = x->rank};
    if (x->quant && (x->quant->group || x->quant->dynamic))
        return infer_movable(q, x);
    if (!read_perm(q, x->rank, perm))
        return false;
    for (unsigned i = 0; i < x->rank; i++)
        dims.d[i] = x->dims[perm[i]];
    const qir_type *t = permuted_element(q, x, perm, &dims);
    return t && infer_result(q, 0, &dims, t);
}

/* --- concat ---------------------------------------------------------------------------------- */

static bool joins(qir_infer *q, const qir_type *first, const qir_type *t, unsigned axis, uint32_t i)
{
    bool ok = t->rank == first->rank;
    for (unsigned d = 0; ok && d < t->rank; d++)
        ok = d == axis || t->dims[d] == first->dims[d];
    if (!ok)
        return infer_fail(q, "shape.concat",
                          "operand %u has type %s, expected the dimensions of %s "
                          "but for axis %u",
                          i, infer_text(q, t), infer_text(q, first), axis);
    return (t->dtype == first->dtype && t->quant == first->quant) ||
           infer_fail(q, "quant.shared",
                      "operand %u has type %s, expected the element type and "
                      "parameters of %s",
                      i, infer_text(q, t), infer_text(q, first));
}

bool qir_infer_concat(qir_infer *q)
{
    unsigned axis;
    if (!q->noperands)
        return infer_fail(q, "op.operands", "no operands, expected at least 1");
    const qir_type *first = infer_type(q, 0);
    if (!infer_axis(q, first->rank, &axis) || !infer_movable(q, first))
        return false;
    infer_dims dims = infer_dims_of(first);
    for (uint32_t i = 1; i < q->noperands; i++) {
        const qir_type *t = infer_type(q, i);
        if (!joins(q, first, t, axis, i))
            return false;
        if (!qir_add_i64(dims.d[axis], t->dims[axis], &dims.d[axis]))
            return infer_fail(q, "type.size", "size of axis %u overflows", axis);
    }
    return infer_result(q, 0, &dims, first);
}

/* --- slice and pad --------------------------------------------------------------------------- */

/* Elements start, start + step, ... up to but not including `end`; -1: out of range. */
static int64_t slice_size(int64_t dim, int64_t start, int64_t end, int64_t step)
{
    if (step > 0)
        return start >= 0 && start <= end && end <= dim ? qir_ceil_div(end - start, step) : -1;
    return end >= -1 && end <= start && start < dim ? qir_ceil_div(start - end, -step) : -1;
}

bool qir_infer_slice(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = {.rank = x->rank};
    size_t nstarts, nends, nsteps;
    const int64_t *starts = infer_ints(q, "starts", &nstarts);
    const int64_t *ends = infer_ints(q, "ends", &nends);
    const int64_t *steps = infer_ints(q, "steps", &nsteps);
    if (nstarts != x->rank || nends != x->rank || (nsteps != x->rank && nsteps != 1))
        return infer_fail(q, "shape.slice",
                          "starts, ends and steps have %zu, %zu and %zu entries, "
                          "expected %u each",
                          nstarts, nends, nsteps, x->rank);
    for (unsigned i = 0; i < x->rank; i++) {
        int64_t step = steps[nsteps == 1 ? 0 : i];
        if (!step || step == INT64_MIN)
            return infer_fail(q, "shape.slice",
                              "step %lld of dimension %u, expected another number", (long long)step,
                              i);
        dims.d[i] = slice_size(x->dims[i], starts[i], ends[i], step);
        if (dims.d[i] < 0)
            return infer_fail(q, "shape.slice",
                              "dimension %u of size %lld has no range from %lld to "
                              "%lld with step %lld",
                              i, (long long)x->dims[i], (long long)starts[i], (long long)ends[i],
                              (long long)step);
    }
    return infer_movable(q, x) && infer_result(q, 0, &dims, x);
}

static bool pad_fits(qir_infer *q, const char *mode, int64_t dim, int64_t begin, int64_t end)
{
    int64_t most = begin > end ? begin : end;
    if (!strcmp(mode, "reflect") && most >= dim && most > 0)
        return infer_fail(q, "shape.pad",
                          "reflecting %lld elements of a dimension of size %lld, "
                          "expected fewer than the size",
                          (long long)most, (long long)dim);
    return strcmp(mode, "edge") != 0 || dim > 0 || most == 0 ||
           infer_fail(q, "shape.empty", "a dimension of size 0 has no edge to repeat");
}

bool qir_infer_pad(qir_infer *q)
{
    static const char *const modes[] = {"constant", "reflect", "edge", NULL};
    const qir_type *x = infer_type(q, 0);
    infer_dims dims = infer_dims_of(x);
    size_t n;
    const int64_t *pads = infer_ints(q, "pads", &n);
    const char *mode = infer_string(q, "mode");
    if (n != 2 * x->rank)
        return infer_fail(q, "shape.pad", "pads has %zu entries, expected %u", n, 2 * x->rank);
    if (!infer_word(q, "mode", modes) || !infer_movable(q, x))
        return false;
    for (unsigned i = 0; i < x->rank; i++) {
        int64_t begin = pads[i], end = pads[i + x->rank];
        if (begin < 0 || end < 0 || begin > INT32_MAX || end > INT32_MAX)
            return infer_fail(q, "shape.pad",
                              "pads %lld and %lld of dimension %u, expected 0 to "
                              "2^31 - 1",
                              (long long)begin, (long long)end, i);
        if (!pad_fits(q, mode, dims.d[i], begin, end))
            return false;
        dims.d[i] += begin + end;
    }
    return infer_result(q, 0, &dims, x);
}

/* --- expand ---------------------------------------------------------------------------------- */

bool qir_infer_expand(qir_infer *q)
{
    const qir_type *x = infer_type(q, 0);
    infer_dims dims;
    if (!read_dims(q, "shape", &dims) || !infer_movable(q, x))
        return false;
    bool ok = dims.rank >= x->rank;
    for (unsigned i = 0; ok && i < x->rank; i++) {
        int64_t from = x->dims[x->rank - 1 - i], to = dims.d[dims.rank - 1 - i];
        ok = from == 1 || from == to;
    }
    if (!ok)
        return infer_fail(q, "shape.broadcast", "%s does not expand to shape %s", infer_text(q, x),
                          infer_dims_text(q, &dims));
    return infer_result(q, 0, &dims, x);
}
