/* Packing of weights: shapes and the move between row-major and block order.  Indices are computed
 * per element: packing runs once per model. */
#include "qir/pack.h"

#include <string.h>
#include "qir/support/checked.h"

static int64_t taps_of(const qir_type *w)
{
    int64_t taps = 1;
    for (unsigned i = 2; i < w->rank; i++)
        taps *= w->dims[i];
    return taps;
}

static int32_t zero_point(const qir_type *w, int64_t channel)
{
    if (!w->quant)
        return 0;
    return w->quant->zero_point[w->quant->axis == 0 ? channel : 0];
}

/* Integers are stored with their zero point subtracted: the differences must fit the element. */
static bool fits_element(const qir_packing_info *info, const qir_type *w)
{
    const qir_quant *q = w->quant;
    if (qir_dtype_is_float(info->elem))
        return !q && w->dtype == info->elem;
    if (!q || q->dynamic || q->group || q->axis > 0 || qir_dtype_bits(w->dtype) > 8)
        return false;
    for (size_t c = 0; c < q->count; c++)
        if (qir_dtype_min(w->dtype) - q->zero_point[c] < qir_dtype_min(info->elem) ||
            qir_dtype_max(w->dtype) - q->zero_point[c] > qir_dtype_max(info->elem))
            return false;
    return true;
}

bool qir_pack_shape_get_groups(qir_packing p, const qir_type *weight, int64_t groups,
                               qir_pack_shape *out)
{
    const qir_packing_info *info = qir_packing_get(p);
    int64_t rows = weight->rank >= 2 ? weight->dims[0] : 0;
    if (p == QIR_PACKING_none || !rows || groups < 1 || rows % groups ||
        !fits_element(info, weight))
        return false;
    if (info->per_channel) {
        if (weight->rank < 3 || weight->dims[1] != 1 || (groups != 1 && groups != rows))
            return false;
        groups = 1;
    }
    *out = (qir_pack_shape){.groups = groups,
                            .n = rows / groups,
                            .k = weight->dims[1] * taps_of(weight),
                            .columns = info->per_channel ? weight->dims[weight->rank - 1] : 1,
                            .info = info};
    int64_t lines = out->columns ? out->k / out->columns : 0;
    out->nblocks = qir_ceil_div(out->n, info->nblock);
    out->kblocks = qir_ceil_div(lines, info->kgroup) * out->columns;
    return true;
}

bool qir_pack_shape_get(qir_packing p, const qir_type *weight, int64_t groups, qir_pack_shape *out)
{
    return qir_pack_shape_get_groups(p, weight, groups, out) &&
           (out->groups == 1 || out->n % out->info->nblock == 0);
}

static int64_t block_elements(const qir_pack_shape *s)
{
    return s->nblocks * s->kblocks * s->info->nblock * s->info->kgroup;
}

size_t qir_pack_bytes(const qir_pack_shape *s)
{
    return (size_t)(s->groups * block_elements(s)) * qir_dtype_bytes(s->info->elem);
}

/* Packed position of (row, k); rows of all groups are counted together. */
static int64_t packed_index(const qir_pack_shape *s, int64_t row, int64_t k)
{
    int64_t nb = s->info->nblock, kg = s->info->kgroup, n = row % s->n;
    int64_t line = k / s->columns, kblock = line / kg * s->columns + k % s->columns;
    int64_t block = n / nb * s->kblocks + kblock;
    return row / s->n * block_elements(s) + (block * nb + n % nb) * kg + line % kg;
}

/* Row-major position of (row, k), k = tap * channels + channel. */
static int64_t plain_index(const qir_type *w, int64_t taps, int64_t row, int64_t k)
{
    int64_t channels = w->dims[1], channel = k % channels, tap = k / channels;
    return (row * channels + channel) * taps + tap;
}

static int32_t load(const void *p, qir_dtype t, int64_t i)
{
    if (t == QIR_i16)
        return ((const int16_t *)p)[i];
    return qir_dtype_is_signed(t) ? ((const int8_t *)p)[i] : ((const uint8_t *)p)[i];
}

static void store(void *p, qir_dtype t, int64_t i, int32_t v)
{
    if (t == QIR_i16)
        ((int16_t *)p)[i] = (int16_t)v;
    else
        ((uint8_t *)p)[i] = (uint8_t)v;
}

void qir_pack(const qir_pack_shape *s, const qir_type *weight, const void *src, void *dst)
{
    int64_t taps = taps_of(weight);
    memset(dst, 0, qir_pack_bytes(s));
    for (int64_t row = 0; row < s->groups * s->n; row++) {
        int32_t zp = zero_point(weight, row);
        for (int64_t k = 0; k < s->k; k++) {
            int64_t from = plain_index(weight, taps, row, k), to = packed_index(s, row, k);
            if (weight->quant)
                store(dst, s->info->elem, to, load(src, weight->dtype, from) - zp);
            else
                ((float *)dst)[to] = ((const float *)src)[from];
        }
    }
}

void qir_unpack(const qir_pack_shape *s, const qir_type *weight, const void *src, void *dst)
{
    int64_t taps = taps_of(weight);
    for (int64_t row = 0; row < s->groups * s->n; row++) {
        int32_t zp = zero_point(weight, row);
        for (int64_t k = 0; k < s->k; k++) {
            int64_t to = plain_index(weight, taps, row, k), from = packed_index(s, row, k);
            if (weight->quant)
                store(dst, weight->dtype, to, load(src, s->info->elem, from) + zp);
            else
                ((float *)dst)[to] = ((const float *)src)[from];
        }
    }
}
