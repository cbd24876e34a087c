/* Attention and rotary embedding. */
#include "core/compose.h"

#include <math.h>

/* --- attention ---------------------------------------------------------------------------------
 */
static int64_t heads_of(const qir_type *t)
{
    return t->rank >= 3 ? t->dims[t->rank - 3] : 1;
}

/* Splits the head axis into [heads / size, size]; a head axis of 1 becomes [1, 1]; tensors without
 * one stay. */
static qir_value *split_heads(fe_builder *fe, qir_value *x, int64_t size)
{
    if (!x || x->type->rank < 3)
        return x;
    const qir_type *t = x->type;
    unsigned at = t->rank - 3;
    int64_t dims[QIR_MAX_RANK + 1];
    if (t->rank == QIR_MAX_RANK)
        return fe_error(fe, "shape", "rank is above the limit of %d", QIR_MAX_RANK), NULL;
    size = t->dims[at] == 1 ? 1 : size;
    for (unsigned i = 0; i < t->rank; i++)
        dims[i > at ? i + 1 : i] = t->dims[i];
    dims[at] = t->dims[at] / size;
    dims[at + 1] = size;
    return fe_reshape(fe, x, dims, t->rank + 1);
}

static qir_value *last_two(fe_builder *fe, qir_value *x)
{
    return fe_swap_axes(fe, x, x->type->rank - 2, x->type->rank - 1);
}

/* i1 [L, S]: column s is at most row l + offset. */
static qir_value *causal_mask(fe_builder *fe, int64_t rows, int64_t columns, int64_t offset)
{
    unsigned char *seen = QIR_NEW_ARRAY(fe->scratch, unsigned char, (size_t)(rows * columns));
    for (int64_t i = 0; i < rows * columns; i++)
        seen[i] = i % columns <= i / columns + offset;
    return fe_const(fe, QIR_i1, (int64_t[]){rows, columns}, 2, seen);
}

/* A mask as floats to be added. */
static qir_value *additive(fe_builder *fe, qir_value *mask, qir_dtype dtype)
{
    if (!mask || mask->type->dtype != QIR_i1)
        return mask;
    qir_value *zero = fe_scalar(fe, dtype, 0.0), *low = fe_scalar(fe, dtype, -INFINITY);
    return zero && low
               ? fe_emit(fe, QIR_OP_where, QIR_OPERANDS(mask, zero, low), QIR_NO_ATTRS, NULL)
               : NULL;
}

/* With a cap on the scores the op does not fit: step by step. */
static qir_value *capped(fe_builder *fe, const fe_attention *a, float scale)
{
    qir_dtype dtype = a->q->type->dtype;
    qir_value *s = fe_emit2(fe, QIR_OP_matmul, a->q, last_two(fe, a->k));
    s = fe_emit2(fe, QIR_OP_mul, s, fe_scalar(fe, dtype, (double)(scale / a->softcap)));
    s = fe_emit1(fe, QIR_OP_tanh, s, QIR_NO_ATTRS);
    s = fe_emit2(fe, QIR_OP_mul, s, fe_scalar(fe, dtype, (double)a->softcap));
    if (a->mask)
        s = fe_emit2(fe, QIR_OP_add, s, additive(fe, a->mask, dtype));
    if (!s)
        return NULL;
    int64_t rows = s->type->dims[s->type->rank - 2], columns = s->type->dims[s->type->rank - 1];
    if (a->causal)
        s = fe_emit2(fe, QIR_OP_add, s,
                     additive(fe, causal_mask(fe, rows, columns, a->offset), dtype));
    qir_value *p = s ? fe_emit1(fe, QIR_OP_softmax, s,
                                QIR_ATTRS({"axis", qir_attr_int(fe->ctx, s->type->rank - 1)}))
                     : NULL;
    return fe_emit2(fe, QIR_OP_matmul, p, a->v);
}

static qir_value *attend(fe_builder *fe, const fe_attention *a)
{
    float e = (float)a->q->type->dims[a->q->type->rank - 1];
    float scale = a->scale != 0.0f ? a->scale : 1.0f / sqrtf(e);
    if (a->softcap != 0.0f)
        return capped(fe, a, scale);
    const qir_attr *offset = a->offset ? qir_attr_int(fe->ctx, a->offset) : NULL;
    return fe_emit(
        fe, QIR_OP_attention, (qir_value *[]){a->q, a->k, a->v, a->mask}, a->mask ? 4 : 3,
        QIR_ATTRS({"scale", qir_attr_float(fe->ctx, scale)},
                  {"causal", a->causal ? qir_attr_bool(fe->ctx, true) : NULL}, {"offset", offset}),
        NULL);
}

qir_value *fe_sdpa(fe_builder *fe, const fe_attention *a)
{
    if (!a->q || !a->k || !a->v)
        return NULL;
    if (a->q->type->rank < 2 || a->k->type->rank < 2 || a->v->type->rank < 2)
        return fe_error(fe, "shape", "attention needs operands of rank 2 or more"), NULL;
    int64_t heads = heads_of(a->q->type), shared = heads_of(a->k->type);
    if (heads == shared || shared == 1)
        return attend(fe, a);
    if (shared == 0 || heads % shared || heads_of(a->v->type) != shared)
        return fe_error(fe, "shape", "%lld query heads cannot share %lld heads", (long long)heads,
                        (long long)shared),
               NULL;
    fe_attention g = *a;
    g.q = split_heads(fe, a->q, heads / shared);
    g.k = split_heads(fe, a->k, 1);
    g.v = split_heads(fe, a->v, 1);
    g.mask = split_heads(fe, a->mask, heads / shared);
    qir_value *y = fe->failed ? NULL : attend(fe, &g);
    if (!y)
        return NULL;
    const qir_type *t = y->type;
    int64_t dims[QIR_MAX_RANK];
    for (unsigned i = 0; i + 1 < t->rank; i++)
        dims[i] = i + 4 < t->rank ? t->dims[i] : i + 4 == t->rank ? heads : t->dims[i + 1];
    return fe_reshape(fe, y, dims, t->rank - 1);
}

/* --- rotary embedding --------------------------------------------------------------------------
 */
static qir_value *rotated(fe_builder *fe, qir_opcode opcode, qir_value *a, qir_value *fa,
                          qir_value *b, qir_value *fb)
{
    return fe_emit2(fe, opcode, fe_emit2(fe, QIR_OP_mul, a, fa), fe_emit2(fe, QIR_OP_mul, b, fb));
}

qir_value *fe_rotary(fe_builder *fe, qir_value *x, qir_value *cos, qir_value *sin, int64_t dims,
                     bool interleaved)
{
    if (!x || !cos || !sin)
        return NULL;
    unsigned rank = x->type->rank, axis = rank - 1;
    int64_t whole = x->type->dims[axis], pairs[QIR_MAX_RANK + 1];
    dims = dims ? dims : whole;
    if (dims % 2 || dims > whole || rank == QIR_MAX_RANK)
        return fe_error(fe, "shape", "rotary embedding of %lld of %lld dimensions", (long long)dims,
                        (long long)whole),
               NULL;
    qir_value *turning = fe_narrow(fe, x, axis, 0, dims), *part[3], *out[2];
    for (unsigned i = 0; i < axis; i++)
        pairs[i] = x->type->dims[i];
    pairs[axis] = interleaved ? dims / 2 : 2;
    pairs[rank] = interleaved ? 2 : dims / 2;
    unsigned pair = interleaved ? rank : axis;
    turning = fe_reshape(fe, turning, pairs, rank + 1);
    for (int i = 0; i < 2; i++)
        part[i] = fe_select(fe, turning, pair, i);
    out[0] = rotated(fe, QIR_OP_sub, part[0], cos, part[1], sin);
    out[1] = rotated(fe, QIR_OP_add, part[0], sin, part[1], cos);
    for (int i = 0; i < 2; i++)
        out[i] = fe_unsqueeze(fe, out[i], pair);
    pairs[axis] = dims;
    part[0] = fe_reshape(fe, fe_concat(fe, out, 2, pair), pairs, rank);
    part[1] = dims < whole ? fe_narrow(fe, x, axis, dims, whole) : NULL;
    return fe_concat(fe, part, dims < whole ? 2 : 1, axis);
}
