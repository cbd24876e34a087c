/* Quantization parameters: checks and uniquing by content. */
#include <math.h>
#include <string.h>
#include "context_priv.h"
#include "qir/types.h"

/* Smallest scale: below it 1/scale is not a normal number. */
static const float min_scale = 0x1p-126f;

static bool check_range(qir_context *ctx, const qir_quant *q, const qir_loc *loc)
{
    if (!qir_dtype_is_int(q->storage) || qir_dtype_bits(q->storage) > 32 ||
        q->storage == QIR_u32)
        return qir_error(ctx->diag, loc, "quant.storage",
                         "%s cannot store quantized values, expected an integer type of up to 32 "
                         "bits", qir_dtype_name(q->storage));
    if (!qir_dtype_is_float(q->expressed))
        return qir_error(ctx->diag, loc, "quant.expressed", "expressed type %s is not a float type",
                         qir_dtype_name(q->expressed));
    int64_t lo = qir_dtype_min(q->storage), hi = qir_dtype_max(q->storage);
    if (q->qmin >= q->qmax || q->qmin < lo || q->qmax > hi)
        return qir_error(ctx->diag, loc, "quant.range",
                         "range <%d:%d> is empty or outside %s, which holds %lld to %lld", q->qmin,
                         q->qmax, qir_dtype_name(q->storage), (long long)lo, (long long)hi);
    return true;
}

static bool check_scale(qir_context *ctx, float s, const qir_loc *loc)
{
    if (!isfinite(s) || s <= 0)
        return qir_error(ctx->diag, loc, "quant.scale",
                         "scale must be a finite number above 0, got %g", (double)s);
    if (s < min_scale)
        return qir_error(ctx->diag, loc, "quant.scale.tiny",
                         "scale %g is below 2^-126, the smallest whose reciprocal is exact enough",
                         (double)s);
    return true;
}

static bool check_params(qir_context *ctx, const qir_quant *q, const qir_loc *loc)
{
    if (q->axis < -1 || q->axis >= QIR_MAX_RANK)
        return qir_error(ctx->diag, loc, "quant.axis", "axis %d, expected 0 to %d", q->axis,
                         QIR_MAX_RANK - 1);
    if (q->group < 0 || (q->group && q->axis < 0))
        return qir_error(ctx->diag, loc, "quant.group", "group size %lld needs an axis and must be "
                         "above 0", (long long)q->group);
    if (q->dynamic)
        return true;
    if (!q->count || (q->axis < 0 && q->count != 1))
        return qir_error(ctx->diag, loc, "quant.count", "%zu scales, expected %s", q->count,
                         q->axis < 0 ? "one for a type without axis" : "at least one");
    for (size_t i = 0; i < q->count; i++) {
        int32_t zp = q->zero_point ? q->zero_point[i] : 0;
        if (!check_scale(ctx, q->scale[i], loc))
            return false;
        if (zp < q->qmin || zp > q->qmax)
            return qir_error(ctx->diag, loc, "quant.zp", "zero point %d is outside <%d:%d>", zp,
                             q->qmin, q->qmax);
    }
    return true;
}

typedef struct quant_key { /* zeroed before filling; followed by scales and zero points */
    char cls;
    uint8_t storage, expressed, dynamic;
    int32_t qmin, qmax, axis;
    int64_t group;
    uint64_t count;
} quant_key;

static void *make_key(qir_arena *a, const qir_quant *q, size_t *len)
{
    size_t each = q->count * sizeof(float);
    *len = sizeof(quant_key) + 2 * each;
    char *bytes = qir_arena_alloc(a, *len);
    quant_key *k = (quant_key *)(void *)bytes;
    k->cls = 'Q';
    k->storage = (uint8_t)q->storage;
    k->expressed = (uint8_t)q->expressed;
    k->dynamic = q->dynamic;
    k->qmin = q->qmin;
    k->qmax = q->qmax;
    k->axis = q->axis;
    k->group = q->group;
    k->count = q->count;
    if (q->count)
        memcpy(bytes + sizeof *k, q->scale, each);
    if (q->count && q->zero_point)
        memcpy(bytes + sizeof *k + each, q->zero_point, each);
    return bytes;
}

const qir_quant *qir_quant_get(qir_context *ctx, const qir_quant *q, const qir_loc *loc)
{
    if (!check_range(ctx, q, loc) || !check_params(ctx, q, loc))
        return NULL;
    size_t len;
    qir_arena *tmp = qir_context_new_arena(ctx);
    void *key = make_key(tmp, q, &len);
    qir_quant *known = qir_unique_get(ctx, key, len);
    if (!known) {
        size_t each = q->count * sizeof(float);
        char *tail = (char *)key + sizeof(quant_key);
        known = qir_arena_copy(ctx->arena, q, sizeof *q);
        known->scale = qir_arena_copy(ctx->arena, tail, each);
        known->zero_point = qir_arena_copy(ctx->arena, tail + each, each);
        qir_unique_put(ctx, key, len, known);
    }
    qir_arena_destroy(tmp);
    return known;
}

const qir_quant *qir_quant_per_tensor(qir_context *ctx, qir_dtype storage, int32_t qmin,
                                      int32_t qmax, float scale, int32_t zero_point,
                                      const qir_loc *loc)
{
    qir_quant q = {.storage = storage, .expressed = QIR_f32, .qmin = qmin, .qmax = qmax,
                   .axis = -1, .count = 1, .scale = &scale, .zero_point = &zero_point};
    return qir_quant_get(ctx, &q, loc);
}

size_t qir_quant_index(const qir_type *t, int64_t i)
{
    const qir_quant *q = t->quant;
    if (q->axis < 0)
        return 0;
    int64_t inner = 1, row = 1; /* elements of one step along the axis, along dimension 0 */
    for (unsigned d = 1; d < t->rank; d++) {
        row *= t->dims[d];
        inner *= d > (unsigned)q->axis ? t->dims[d] : 1;
    }
    int64_t along = i / inner % t->dims[q->axis];
    if (!q->group)
        return (size_t)along;
    if (q->axis == 0)
        return (size_t)(along / q->group);
    return (size_t)(i / row * (t->dims[q->axis] / q->group) + along / q->group);
}
