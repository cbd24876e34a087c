/* Tensor and packed types: uniquing, checks, queries.  Quantization parameters: type_quant.c. */
#include "qir/types.h"

#include <string.h>
#include "context_priv.h"
#include "qir/pack.h"
#include "qir/support/assert.h"
#include "qir/support/checked.h"

/* ---- construction -------------------------------------------------------------------------- */

static bool check_shape(qir_context *ctx, const int64_t *dims, unsigned rank, const qir_loc *loc)
{
    if (rank > QIR_MAX_RANK)
        return qir_error(ctx->diag, loc, "type.rank", "rank %u is above the limit of %d", rank,
                         QIR_MAX_RANK);
    int64_t n = 1;
    for (unsigned i = 0; i < rank; i++) {
        if (dims[i] < 0 && dims[i] != QIR_DYNAMIC)
            return qir_error(ctx->diag, loc, "type.dim",
                             "dimension %u is %lld, expected a number that is not negative", i,
                             (long long)dims[i]);
        int64_t d = dims[i] > 0 ? dims[i] : 1;
        if (!qir_mul_i64(n, d, &n) || n > QIR_MAX_ELEMENTS)
            return qir_error(ctx->diag, loc, "type.size", "tensor has more than 2^40 elements");
    }
    return true;
}

typedef struct type_key { /* zeroed before filling: compared as bytes */
    char cls;
    uint8_t kind, dtype, order, packing, rank;
    const qir_quant *quant;
    const qir_type *logical;
    int64_t dims[QIR_MAX_RANK];
} type_key;

static const qir_type *unique(qir_context *ctx, const qir_type *t)
{
    type_key key;
    memset(&key, 0, sizeof key);
    key.cls = 'T';
    key.kind = (uint8_t)t->kind;
    key.dtype = (uint8_t)t->dtype;
    key.order = (uint8_t)t->order;
    key.packing = (uint8_t)t->packing;
    key.rank = (uint8_t)t->rank;
    key.quant = t->quant;
    key.logical = t->logical;
    if (t->rank)
        memcpy(key.dims, t->dims, t->rank * sizeof *t->dims);
    qir_type *known = qir_unique_get(ctx, &key, sizeof key);
    if (known)
        return known;
    qir_type *copy = qir_arena_copy(ctx->arena, t, sizeof *t);
    copy->dims = qir_arena_copy(ctx->arena, t->dims, t->rank * sizeof *t->dims);
    copy->id = ctx->next_type++;
    qir_unique_put(ctx, &key, sizeof key, copy);
    return copy;
}

const qir_type *qir_tensor_type(qir_context *ctx, qir_dtype elem, const int64_t *dims, unsigned rank,
                                const qir_loc *loc)
{
    if (!check_shape(ctx, dims, rank, loc))
        return NULL;
    qir_type t = {.kind = QIR_TENSOR, .dtype = elem, .rank = rank, .dims = dims};
    return unique(ctx, &t);
}

static bool check_axis(qir_context *ctx, const qir_quant *q, const int64_t *dims, unsigned rank,
                       const qir_loc *loc)
{
    if (q->axis < 0)
        return true;
    if ((unsigned)q->axis >= rank)
        return qir_error(ctx->diag, loc, "quant.axis", "axis %d of a tensor of rank %u", q->axis,
                         rank);
    if (q->dynamic)
        return true;
    int64_t channels = dims[q->axis], want = channels;
    if (q->group) {
        if (channels % q->group)
            return qir_error(ctx->diag, loc, "quant.group",
                             "group size %lld does not divide dimension %d of size %lld",
                             (long long)q->group, q->axis, (long long)channels);
        want = channels / q->group * (q->axis == 0 ? 1 : dims[0]);
    }
    if (channels == QIR_DYNAMIC || want < 0 || q->count != (size_t)want)
        return qir_error(ctx->diag, loc, "quant.count",
                         "%zu scales for axis %d, expected %lld to match the shape", q->count,
                         q->axis, (long long)want);
    return true;
}

const qir_type *qir_quant_type(qir_context *ctx, const qir_quant *q, const int64_t *dims,
                               unsigned rank, const qir_loc *loc)
{
    const qir_quant *uq = qir_quant_get(ctx, q, loc);
    if (!uq || !check_shape(ctx, dims, rank, loc) || !check_axis(ctx, uq, dims, rank, loc))
        return NULL;
    qir_type t = {.kind = QIR_TENSOR, .dtype = uq->storage, .quant = uq, .rank = rank, .dims = dims};
    return unique(ctx, &t);
}

const qir_type *qir_packed_type(qir_context *ctx, qir_packing packing, const qir_type *logical,
                                const qir_loc *loc)
{
    if (packing == QIR_PACKING_none || logical->kind != QIR_TENSOR) {
        qir_error(ctx->diag, loc, "type.packed", "expected a packing and a tensor type");
        return NULL;
    }
    qir_pack_shape shape;
    if (!qir_type_is_static(logical) || !qir_pack_shape_get(packing, logical, 1, &shape)) {
        qir_error(ctx->diag, loc, "type.packed", "packing '%s' does not fit a weight of type %s",
                  qir_packing_get(packing)->name, qir_type_text(ctx, logical));
        return NULL;
    }
    qir_type t = *logical;
    t.kind = QIR_PACKED;
    t.packing = packing;
    t.logical = logical;
    return unique(ctx, &t);
}

/* ---- variations ---------------------------------------------------------------------------- */

const qir_type *qir_type_with_shape(qir_context *ctx, const qir_type *t, const int64_t *dims,
                                    unsigned rank, const qir_loc *loc)
{
    if (!check_shape(ctx, dims, rank, loc) ||
        (t->quant && !check_axis(ctx, t->quant, dims, rank, loc)))
        return NULL;
    qir_type copy = *t;
    copy.dims = dims;
    copy.rank = rank;
    if (rank < 3 || rank > 5)
        copy.order = QIR_ORDER_row_major;
    return unique(ctx, &copy);
}

const qir_type *qir_type_with_quant(qir_context *ctx, const qir_type *t, const qir_quant *q,
                                    const qir_loc *loc)
{
    const qir_quant *uq = qir_quant_get(ctx, q, loc);
    if (!uq || !check_axis(ctx, uq, t->dims, t->rank, loc))
        return NULL;
    qir_type copy = *t;
    copy.dtype = uq->storage;
    copy.quant = uq;
    return unique(ctx, &copy);
}

const qir_type *qir_type_with_order(qir_context *ctx, const qir_type *t, qir_order order)
{
    QIR_ASSERT(order == QIR_ORDER_row_major || (t->rank >= 3 && t->rank <= 5),
               "nhwc needs rank 3 to 5");
    qir_type copy = *t;
    copy.order = order;
    return unique(ctx, &copy);
}

/* ---- queries ------------------------------------------------------------------------------- */

bool qir_type_is_quant(const qir_type *t)
{
    return t->quant != NULL;
}

bool qir_type_is_float(const qir_type *t)
{
    return t->kind == QIR_TENSOR && !t->quant && qir_dtype_is_float(t->dtype);
}

bool qir_type_same_shape(const qir_type *a, const qir_type *b)
{
    return a->rank == b->rank &&
           (a->rank == 0 || !memcmp(a->dims, b->dims, a->rank * sizeof *a->dims));
}

bool qir_quant_is_per_tensor(const qir_quant *q)
{
    return q->axis < 0;
}

static bool is_scaled(const qir_type *t)
{
    return t->kind == QIR_TENSOR && t->quant && !t->quant->dynamic && qir_quant_is_per_tensor(t->quant);
}

bool qir_type_is_byte_quant(const qir_type *t)
{
    return is_scaled(t) && (t->dtype == QIR_i8 || t->dtype == QIR_u8);
}

bool qir_type_is_word_quant(const qir_type *t)
{
    return is_scaled(t) && t->dtype == QIR_i16 && t->quant->zero_point[0] == 0;
}

bool qir_type_is_static(const qir_type *t)
{
    for (unsigned i = 0; i < t->rank; i++)
        if (t->dims[i] < 0)
            return false;
    return true;
}

int64_t qir_type_elements(const qir_type *t)
{
    int64_t n = 1;
    for (unsigned i = 0; i < t->rank; i++) {
        QIR_ASSERT(t->dims[i] >= 0, "size of a dynamic shape");
        n *= t->dims[i];
    }
    return n;
}

size_t qir_type_bytes(const qir_type *t)
{
    if (t->kind == QIR_TENSOR)
        return (size_t)qir_type_elements(t) * qir_dtype_bytes(t->dtype);
    qir_pack_shape shape;
    bool ok = qir_pack_shape_get(t->packing, t->logical, 1, &shape);
    QIR_ASSERT(ok, "packed type of a weight that the packing does not fit");
    return ok ? qir_pack_bytes(&shape) : 0;
}

void qir_type_strides(const qir_type *t, int64_t *strides)
{
    int64_t step = 1;
    bool channels_last = t->order == QIR_ORDER_nhwc;
    if (channels_last) {
        strides[1] = 1;
        step = t->dims[1];
    }
    for (unsigned i = t->rank; i-- > 0;) {
        if (channels_last && i == 1)
            continue;
        strides[i] = step;
        step *= t->dims[i];
    }
}
