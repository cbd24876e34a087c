/* Operators that read or write at indices. */
#include <inttypes.h>
#include <string.h>

#include "core/compose.h"
#include "pt2/import.h"

static qir_value *emit_axis(pt2_call *c, qir_opcode opcode, qir_value *x, qir_value *index, int64_t axis)
{
    return x && index ? fe_emit(c->fe, opcode, QIR_OPERANDS(x, index),
                                QIR_ATTRS({"axis", qir_attr_int(c->fe->ctx, axis)}), NULL)
                      : NULL;
}

bool pt2_op_embedding(pt2_call *c)
{
    return pt2_set(c, 0, emit_axis(c, QIR_OP_gather, pt2_self(c), pt2_tensor(c, "indices"), 0));
}

static bool read_axis(pt2_call *c, const qir_value *x, int64_t *axis)
{
    return x && pt2_axis(c, "dim", x->type->rank, axis);
}

bool pt2_op_index_select(pt2_call *c)
{
    qir_value *x = pt2_self(c), *index = pt2_tensor(c, "index");
    int64_t axis, n = index ? qir_type_elements(index->type) : 0;
    return read_axis(c, x, &axis) && index &&
           pt2_set(c, 0, emit_axis(c, QIR_OP_gather, x, fe_reshape(c->fe, index, &n, 1), axis));
}

bool pt2_op_gather(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    int64_t axis;
    return read_axis(c, x, &axis) &&
           pt2_set(c, 0, emit_axis(c, QIR_OP_gather_elements, x, pt2_tensor(c, "index"), axis));
}

static bool set_scattered(pt2_call *c, const char *reduction)
{
    qir_context *ctx = c->fe->ctx;
    qir_value *x = pt2_self(c), *index = pt2_tensor(c, "index");
    int64_t axis;
    if (!read_axis(c, x, &axis) || !index)
        return false;
    qir_value *src = pt2_as(c, pt2_at(c, 3), x->type->dtype);
    fe_slice_spec s = src ? fe_whole(src->type) : (fe_slice_spec){0};
    const qir_type *t = index->type;
    if (src && src->type->rank == t->rank) /* sources may be larger than the indices */
        for (unsigned i = 0; i < t->rank; i++)
            s.ends[i] = src->type->dims[i] < t->dims[i] ? src->type->dims[i] : t->dims[i];
    src = src && src->type->rank == t->rank ? fe_slice(c->fe, src, &s)
                                            : fe_expand(c->fe, src, t->dims, t->rank);
    if (!src)
        return false;
    return pt2_set(c, 0, fe_emit(c->fe, QIR_OP_scatter_elements, QIR_OPERANDS(x, index, src),
                                 QIR_ATTRS({"axis", qir_attr_int(ctx, axis)},
                                           {"reduction", qir_attr_string(ctx, reduction, strlen(reduction))}),
                                 NULL));
}

bool pt2_op_scatter(pt2_call *c)
{
    return set_scattered(c, "none");
}

bool pt2_op_scatter_add(pt2_call *c)
{
    return set_scattered(c, "add");
}

bool pt2_op_copy(pt2_call *c)
{
    qir_value *x = pt2_self(c);
    return x && pt2_set(c, 0, fe_expand(c->fe, pt2_as(c, pt2_at(c, 1), x->type->dtype), x->type->dims,
                                        x->type->rank));
}

/* --- x[i, :, j] -------------------------------------------------------------------------------------- */
/* Tensors that index dimensions; the others are taken whole. */
typedef struct indexing {
    qir_value *x; /* indexed dimensions first */
    int64_t perm[QIR_MAX_RANK]; /* of the operand's dimensions that makes x */
    unsigned first, n;          /* first indexed dimension; how many */
    bool apart;                 /* dimensions between them are taken whole */
    qir_value *tuples;          /* [broadcast dimensions, n] */
    int64_t dims[QIR_MAX_RANK]; /* broadcast dimensions */
    unsigned rank;
} indexing;

static bool read_indices(pt2_call *c, indexing *v, qir_value **index)
{
    const pt2_arg *list = pt2_get(c, "indices");
    unsigned last = 0;
    v->x = pt2_self(c);
    if (!v->x || list->n > v->x->type->rank)
        return v->x && fe_error(c->fe, "arg", "%zu indices for rank %u", list->n, v->x->type->rank);
    for (unsigned i = 0; i < list->n; i++) {
        qir_value *t = pt2_tensor_of(c, &list->items[i]);
        if (c->fe->failed)
            return false;
        if (!t)
            continue;
        if (t->type->dtype == QIR_i1)
            return fe_error(c->fe, "arg", "an index by mask has a size that depends on the data");
        v->first = v->n ? v->first : i;
        v->apart = v->apart || (v->n && i != last + 1);
        last = i;
        v->perm[v->n] = i;
        index[v->n++] = t;
    }
    return v->n || fe_error(c->fe, "arg", "no index");
}

/* Indexed dimensions to the front. */
static void bring_forward(pt2_call *c, indexing *v)
{
    unsigned n = v->n;
    for (unsigned i = 0; i < v->x->type->rank; i++) {
        bool indexed = false;
        for (unsigned k = 0; k < v->n; k++)
            indexed = indexed || v->perm[k] == i;
        if (!indexed)
            v->perm[n++] = i;
    }
    v->x = fe_transpose(c->fe, v->x, v->perm);
}

/* All index tensors side by side, broadcast. */
static bool join_indices(pt2_call *c, indexing *v, qir_value **index)
{
    int64_t dims[QIR_MAX_RANK];
    unsigned rank;
    for (unsigned i = 0; i < v->n; i++) {
        const qir_type *t = index[i]->type;
        if (!fe_broadcast_dims(c->fe, v->dims, v->rank, t->dims, t->rank, dims, &rank))
            return false;
        memcpy(v->dims, dims, rank * sizeof *dims);
        v->rank = rank;
    }
    if (v->rank >= QIR_MAX_RANK)
        return fe_error(c->fe, "shape", "rank is above %d", QIR_MAX_RANK);
    for (unsigned i = 0; i < v->n; i++) {
        qir_value *t = fe_expand(c->fe, fe_cast(c->fe, index[i], QIR_i64), v->dims, v->rank);
        if (!(index[i] = fe_unsqueeze(c->fe, t, v->rank)))
            return false;
    }
    v->tuples = v->n == 1 ? index[0] : fe_concat(c->fe, index, v->n, v->rank);
    return v->tuples != NULL;
}

static bool read_indexing(pt2_call *c, indexing *v)
{
    qir_value *index[QIR_MAX_RANK];
    if (!read_indices(c, v, index))
        return false;
    bring_forward(c, v);
    return v->x && join_indices(c, v, index);
}

/* The first `a` dimensions and the `b` after them change places. */
static qir_value *swap_blocks(fe_builder *fe, qir_value *y, unsigned a, unsigned b)
{
    int64_t perm[QIR_MAX_RANK];
    for (unsigned i = 0; y && i < y->type->rank; i++)
        perm[i] = i < b ? a + i : i < a + b ? i - b : i;
    return fe_transpose(fe, y, perm);
}

/* Dimensions before the broadcast ones in x[indices]: those stand where the indexed ones were, or first
 * if those stood apart. */
static unsigned leading(const indexing *v)
{
    return v->apart ? 0 : v->first;
}

/* One index along one dimension is a plain gather. */
bool pt2_op_index(pt2_call *c)
{
    const pt2_arg *list = pt2_get(c, "indices");
    unsigned n = 0, axis = 0;
    for (unsigned i = 0; i < list->n; i++)
        if (list->items[i].kind == PT2_TENSOR)
            axis = i, n++;
    qir_value *x = pt2_self(c), *only = n == 1 ? pt2_tensor_of(c, &list->items[axis]) : NULL;
    if (!x || c->fe->failed)
        return false;
    if (only && only->type->dtype != QIR_i1)
        return axis < x->type->rank ? pt2_set(c, 0, emit_axis(c, QIR_OP_gather, x, only, axis))
                                    : fe_error(c->fe, "arg", "more indices than dimensions");
    indexing v = {0};
    if (!read_indexing(c, &v))
        return false;
    qir_value *y = fe_emit2(c->fe, QIR_OP_gather_nd, v.x, v.tuples);
    return pt2_set(c, 0, swap_blocks(c->fe, y, v.rank, leading(&v)));
}

static qir_value *scatter(pt2_call *c, const indexing *v, qir_value *updates, bool add)
{
    const char *how = add ? "add" : "none";
    int64_t inverse[QIR_MAX_RANK];
    qir_value *y = updates ? fe_emit(c->fe, QIR_OP_scatter_nd, QIR_OPERANDS(v->x, v->tuples, updates),
                                     QIR_ATTRS({"reduction", qir_attr_string(c->fe->ctx, how, strlen(how))}),
                                     NULL)
                           : NULL;
    for (unsigned i = 0; y && i < y->type->rank; i++)
        inverse[v->perm[i]] = i;
    return fe_transpose(c->fe, y, inverse);
}

/* The shape that x[indices] has, as index_put's values are broadcast to it. */
static qir_value *as_updates(pt2_call *c, const indexing *v, qir_value *values)
{
    int64_t dims[QIR_MAX_RANK];
    unsigned before = leading(v), n = 0;
    const qir_type *t = v->x->type;
    for (unsigned i = 0; i < before; i++)
        dims[n++] = t->dims[v->n + i];
    for (unsigned i = 0; i < v->rank; i++)
        dims[n++] = v->dims[i];
    for (unsigned i = v->n + before; i < t->rank; i++)
        dims[n++] = t->dims[i];
    values = fe_expand(c->fe, fe_cast(c->fe, values, t->dtype), dims, n);
    return swap_blocks(c->fe, values, before, v->rank);
}

bool pt2_op_index_put(pt2_call *c)
{
    indexing v = {0};
    qir_value *values = pt2_tensor(c, "values");
    if (!values || !read_indexing(c, &v))
        return false;
    if (v.rank + v.x->type->rank - v.n > QIR_MAX_RANK)
        return fe_error(c->fe, "shape", "rank is above %d", QIR_MAX_RANK);
    return pt2_set(c, 0, scatter(c, &v, as_updates(c, &v, values), pt2_bool(c, "accumulate")));
}

/* x[:, index] = source, along one dimension. */
bool pt2_op_index_copy(pt2_call *c)
{
    qir_value *index = pt2_tensor(c, "index"), *source = pt2_tensor(c, "source");
    indexing v = {.x = pt2_self(c), .n = 1};
    int64_t axis, n = index ? qir_type_elements(index->type) : 0;
    if (!index || !source || !read_axis(c, v.x, &axis))
        return false;
    v.first = (unsigned)axis;
    v.perm[0] = axis;
    bring_forward(c, &v);
    index = fe_reshape(c->fe, index, &n, 1);
    return v.x && join_indices(c, &v, &index) &&
           pt2_set(c, 0, scatter(c, &v, as_updates(c, &v, source), false));
}
