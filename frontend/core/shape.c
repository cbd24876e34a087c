/* Shapes: ops that only rename, move or repeat dimensions, and arithmetic on dimensions. */
#include <inttypes.h>
#include <string.h>

#include "core/fe.h"

static bool same_dims(const qir_type *t, const int64_t *dims, unsigned rank)
{
    return t->rank == rank && memcmp(t->dims, dims, rank * sizeof *dims) == 0;
}

/* Constants are reshaped at once. */
qir_value *fe_reshape(fe_builder *fe, qir_value *x, const int64_t *dims, unsigned rank)
{
    if (!x || same_dims(x->type, dims, rank))
        return x;
    qir_named_attr *attrs = QIR_ATTRS({"shape", qir_attr_ints(fe->ctx, dims, rank)});
    return fe_emit_folded(fe, QIR_OP_reshape, &x, 1, attrs, NULL);
}

qir_value *fe_transpose(fe_builder *fe, qir_value *x, const int64_t *perm)
{
    bool identity = true;
    for (unsigned i = 0; x && i < x->type->rank; i++)
        identity = identity && perm[i] == i;
    if (!x || identity)
        return x;
    qir_named_attr *attrs = QIR_ATTRS({"perm", qir_attr_ints(fe->ctx, perm, x->type->rank)});
    return fe_emit_folded(fe, QIR_OP_transpose, &x, 1, attrs, NULL);
}

qir_value *fe_cast(fe_builder *fe, qir_value *x, qir_dtype to)
{
    const char *name = qir_dtype_name(to);
    if (!x || x->type->dtype == to)
        return x;
    return fe_emit1(fe, QIR_OP_cast, x,
                    QIR_ATTRS({"to", qir_attr_string(fe->ctx, name, strlen(name))}));
}

qir_value *fe_expand(fe_builder *fe, qir_value *x, const int64_t *dims, unsigned rank)
{
    if (!x || same_dims(x->type, dims, rank))
        return x;
    return fe_emit1(fe, QIR_OP_expand, x, QIR_ATTRS({"shape", qir_attr_ints(fe->ctx, dims, rank)}));
}

fe_slice_spec fe_whole(const qir_type *t)
{
    fe_slice_spec s = {0};
    for (unsigned i = 0; i < t->rank; i++) {
        s.starts[i] = 0;
        s.ends[i] = t->dims[i];
        s.steps[i] = 1;
    }
    return s;
}

static bool is_whole(const qir_type *t, const fe_slice_spec *s)
{
    for (unsigned i = 0; i < t->rank; i++)
        if (s->starts[i] != 0 || s->ends[i] != t->dims[i] || s->steps[i] != 1)
            return false;
    return true;
}

static int64_t clamp_to(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* An empty range becomes [0, 0). */
void fe_set_range(fe_slice_spec *s, int64_t axis, int64_t dim, int64_t start, int64_t end,
                  int64_t step)
{
    start = start < 0 ? start + dim : start;
    end = end < 0 ? end + dim : end;
    start = step > 0 ? clamp_to(start, 0, dim) : clamp_to(start, 0, dim - 1);
    end = step > 0 ? clamp_to(end, 0, dim) : clamp_to(end, -1, dim - 1);
    bool empty = dim == 0 || (step > 0 ? end <= start : end >= start);
    s->starts[axis] = empty ? 0 : start;
    s->ends[axis] = empty ? 0 : end;
    s->steps[axis] = empty ? 1 : step;
}

qir_value *fe_slice(fe_builder *fe, qir_value *x, const fe_slice_spec *s)
{
    if (!x || is_whole(x->type, s))
        return x;
    unsigned rank = x->type->rank;
    return fe_emit1(fe, QIR_OP_slice, x,
                    QIR_ATTRS({"starts", qir_attr_ints(fe->ctx, s->starts, rank)},
                              {"ends", qir_attr_ints(fe->ctx, s->ends, rank)},
                              {"steps", qir_attr_ints(fe->ctx, s->steps, rank)}));
}

qir_value *fe_take(fe_builder *fe, qir_value *x, unsigned axis, int64_t index)
{
    int64_t dims[QIR_MAX_RANK];
    if (!x)
        return NULL;
    const qir_type *t = x->type;
    fe_slice_spec s = fe_whole(t);
    s.starts[axis] = index;
    s.ends[axis] = index + 1;
    for (unsigned i = 0, n = 0; i < t->rank; i++)
        if (i != axis)
            dims[n++] = t->dims[i];
    return fe_reshape(fe, fe_slice(fe, x, &s), dims, t->rank - 1);
}

qir_value *fe_stack(fe_builder *fe, qir_value *const *list, uint32_t n, unsigned axis)
{
    int64_t dims[QIR_MAX_RANK];
    qir_value **parts = QIR_NEW_ARRAY(fe->scratch, qir_value *, n);
    for (uint32_t i = 0; i < n; i++) {
        const qir_type *t = list[i] ? list[i]->type : NULL;
        if (!t)
            return NULL;
        if (t->rank == QIR_MAX_RANK) {
            fe_error(fe, "shape", "rank above %d", QIR_MAX_RANK);
            return NULL;
        }
        for (unsigned k = 0; k <= t->rank; k++)
            dims[k] = k == axis ? 1 : t->dims[k - (k > axis)];
        parts[i] = fe_reshape(fe, list[i], dims, t->rank + 1);
        if (!parts[i])
            return NULL;
    }
    if (n == 1)
        return parts[0];
    return fe_emit(fe, QIR_OP_concat, parts, n, QIR_ATTRS({"axis", qir_attr_int(fe->ctx, axis)}),
                   NULL);
}
