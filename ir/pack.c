/* Packing of weights: shapes and the move between row-major and block order. */
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

static int parts_of(const qir_packing_info *info)
{
    return (int)qir_dtype_bits(info->elem) / (info->bits ? info->bits : 1);
}

int32_t qir_pack_origin(const qir_type *w)
{
    return qir_dtype_is_signed(w->dtype) ? 0 : 1 << (qir_dtype_bits(w->dtype) - 1);
}

qir_packing qir_packing_with_bits(qir_packing p, int bits)
{
    const qir_packing_info *like = qir_packing_get(p);
    for (int i = 1; i < QIR_NUM_PACKINGS; i++) {
        const qir_packing_info *t = qir_packing_get((qir_packing)i);
        if (t->elem == like->elem && t->nblock == like->nblock && t->kgroup == like->kgroup &&
            t->per_channel == like->per_channel && t->bits == bits)
            return (qir_packing)i;
    }
    return QIR_PACKING_none;
}

/* Parameters per row, or in groups along the rows of a matrix. */
static bool fits_rows(const qir_type *w)
{
    const qir_quant *q = w->quant;
    return !q->dynamic && (q->axis <= 0 ? !q->group : q->axis == 1 && q->group && w->rank == 2);
}

/* Alone in its element an integer has its zero point subtracted: the difference must fit. */
static bool fits_element(const qir_packing_info *info, const qir_type *w)
{
    const qir_quant *q = w->quant;
    if (qir_dtype_is_float(info->elem))
        return !q && w->dtype == info->elem;
    if (!q || !fits_rows(w) || qir_dtype_bits(w->dtype) > 8)
        return false;
    if (parts_of(info) > 1)
        return (int)qir_dtype_bits(w->dtype) == info->bits;
    for (size_t c = 0; c < q->count; c++)
        if (qir_dtype_min(w->dtype) - q->zero_point[c] < qir_dtype_min(info->elem) ||
            qir_dtype_max(w->dtype) - q->zero_point[c] > qir_dtype_max(info->elem))
            return false;
    return true;
}

void qir_pack_shape_cut(qir_pack_shape *s, int64_t sections)
{
    int64_t lines = s->columns ? s->k / s->columns / sections : 0;
    s->sections = sections;
    s->kblocks = sections * qir_ceil_div(lines, s->info->kgroup * s->parts) * s->columns;
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
                            .parts = parts_of(info),
                            .info = info};
    out->nblocks = qir_ceil_div(out->n, info->nblock);
    qir_pack_shape_cut(out, weight->quant && weight->quant->group ? weight->dims[1] / weight->quant->group : 1);
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

/* One k of the rows of a block, which lie side by side: k = tap * channels + channel. */
typedef struct column {
    int64_t row, rows;     /* rows of all groups are counted together */
    int64_t plain, packed; /* element of the first row; the next are s->k and kgroup further */
    int64_t section;
    int shift;      /* of the weight within its element */
    bool is_signed; /* as it is stored in the plain weight */
} column;

/* The packed place, in the first row, of entry `i` of a section and kernel column. */
static void place(const qir_pack_shape *s, column *c, int64_t i, int64_t kernel_column)
{
    int64_t nb = s->info->nblock, kg = s->info->kgroup, each = s->kblocks / s->sections / s->columns;
    int64_t kblock = (c->section * each + i / (kg * s->parts)) * s->columns + kernel_column;
    int64_t n = c->row % s->n, block = n / nb * s->kblocks + kblock;
    c->packed = c->row / s->n * block_elements(s) + (block * nb + n % nb) * kg + i % kg;
    c->shift = (int)(i / kg % s->parts) * s->info->bits;
}

static void place_k(const qir_pack_shape *s, int64_t channels, column *c, int64_t k)
{
    int64_t line = k / s->columns, each = s->k / s->columns / s->sections;
    c->section = line / each;
    place(s, c, line % each, k % s->columns);
    c->plain = c->row * s->k + k % channels * (s->k / channels) + k / channels;
}

static int32_t load_byte(const void *p, bool is_signed, int64_t i)
{
    return is_signed ? ((const int8_t *)p)[i] : ((const uint8_t *)p)[i];
}

/* An element of packed weights. */
static int32_t load(const void *p, qir_dtype t, int64_t i)
{
    return t == QIR_i16 ? ((const int16_t *)p)[i] : load_byte(p, t == QIR_i8, i);
}

int32_t qir_pack_raised(const qir_packing_info *info)
{
    return info->elem == QIR_u8 ? 1 << (info->bits - 1) : 0;
}

/* A weight into its bits, which are 0. */
static void put(const qir_pack_shape *s, void *p, int64_t at, int shift, int32_t v)
{
    uint32_t bits = ((uint32_t)(v + qir_pack_raised(s->info)) & ((1u << s->info->bits) - 1)) << shift;
    if (s->info->elem == QIR_i16)
        ((uint16_t *)p)[at] |= (uint16_t)bits;
    else
        ((uint8_t *)p)[at] |= (uint8_t)bits;
}

static int32_t get(const qir_pack_shape *s, const void *p, int64_t at, int shift)
{
    uint32_t bits = (uint32_t)load(p, s->info->elem, at) >> shift;
    int unused = 32 - s->info->bits;
    if (qir_pack_raised(s->info))
        return (int32_t)(bits << unused >> unused) - qir_pack_raised(s->info);
    return (int32_t)(bits << unused) >> unused;
}

/* The zero point of a row, or of a section of it. */
static int32_t zero_point(const qir_pack_shape *s, const qir_quant *q, int64_t row, int64_t section)
{
    return q->zero_point[q->axis < 0 ? 0 : q->group ? row * s->sections + section : row];
}

/* What is subtracted from its weights. */
static int32_t origin(const qir_pack_shape *s, const qir_type *w, int64_t row, int64_t section)
{
    return s->parts > 1 ? qir_pack_origin(w) : zero_point(s, w->quant, row, section);
}

/* Weights that are 0 behind the end of every section of a row. */
static void pad_row(const qir_pack_shape *s, const qir_type *w, int64_t row, void *dst)
{
    int64_t each = s->k / s->sections;
    int64_t whole = s->kblocks / s->sections * s->info->kgroup * s->parts;
    for (column c = {.row = row}; c.section < s->sections; c.section++) {
        int32_t zero = zero_point(s, w->quant, row, c.section) - origin(s, w, row, c.section);
        for (int64_t i = each; i < whole; i++) {
            place(s, &c, i, 0);
            put(s, dst, c.packed, c.shift, zero);
        }
    }
}

/* ---- moving columns --------------------------------------------------------------------------- */
/* Places are the same for all rows of a block but for a distance: they are found once. */
typedef void move_fn(const qir_pack_shape *s, const qir_type *w, const column *c, const void *src, void *dst);

static void pack_integers(const qir_pack_shape *s, const qir_type *w, const column *c, const void *src,
                          void *dst)
{
    for (int64_t r = 0; r < c->rows; r++)
        put(s, dst, c->packed + r * s->info->kgroup, c->shift,
            load_byte(src, c->is_signed, c->plain + r * s->k) - origin(s, w, c->row + r, c->section));
}

static void unpack_integers(const qir_pack_shape *s, const qir_type *w, const column *c, const void *src,
                            void *dst)
{
    for (int64_t r = 0; r < c->rows; r++)
        ((uint8_t *)dst)[c->plain + r * s->k] =
            (uint8_t)(get(s, src, c->packed + r * s->info->kgroup, c->shift) +
                      origin(s, w, c->row + r, c->section));
}

static void pack_floats(const qir_pack_shape *s, const qir_type *w, const column *c, const void *src,
                        void *dst)
{
    (void)w;
    for (int64_t r = 0; r < c->rows; r++)
        ((float *)dst)[c->packed + r * s->info->kgroup] = ((const float *)src)[c->plain + r * s->k];
}

static void unpack_floats(const qir_pack_shape *s, const qir_type *w, const column *c, const void *src,
                          void *dst)
{
    (void)w;
    for (int64_t r = 0; r < c->rows; r++)
        ((float *)dst)[c->plain + r * s->k] = ((const float *)src)[c->packed + r * s->info->kgroup];
}

/* Columns of one block, of which the places in the first are known. */
static void move_block(const qir_pack_shape *s, const qir_type *w, move_fn *move, int64_t block, const column *c,
                       int64_t n, const void *src, void *dst)
{
    int64_t nb = s->info->nblock, first = block % s->nblocks * nb, left = s->n - first;
    int64_t row = block / s->nblocks * s->n + first, elements = s->kblocks * nb * s->info->kgroup;
    for (int64_t i = 0; i < n; i++) {
        column at = c[i];
        at.row = row;
        at.rows = left < nb ? left : nb;
        at.plain += row * s->k;
        at.packed += block * elements;
        move(s, w, &at, src, dst);
    }
}

/* Some columns of all blocks, then the next: places take divisions, which are the same in all blocks. */
static void move_all(const qir_pack_shape *s, const qir_type *w, move_fn *move, const void *src, void *dst)
{
    enum { AT_ONCE = 64 };
    bool is_signed = qir_dtype_is_signed(w->dtype);
    for (int64_t k = 0; k < s->k; k += AT_ONCE) {
        column c[AT_ONCE];
        int64_t n = s->k - k < AT_ONCE ? s->k - k : AT_ONCE;
        for (int64_t i = 0; i < n; i++) {
            c[i] = (column){.is_signed = is_signed};
            place_k(s, w->dims[1], &c[i], k + i);
        }
        for (int64_t block = 0; block < s->groups * s->nblocks; block++)
            move_block(s, w, move, block, c, n, src, dst);
    }
}

void qir_pack(const qir_pack_shape *s, const qir_type *weight, const void *src, void *dst)
{
    memset(dst, 0, qir_pack_bytes(s));
    move_all(s, weight, weight->quant ? pack_integers : pack_floats, src, dst);
    for (int64_t row = 0; s->parts > 1 && row < s->groups * s->n; row++)
        pad_row(s, weight, row, dst);
}

void qir_unpack(const qir_pack_shape *s, const qir_type *weight, const void *src, void *dst)
{
    move_all(s, weight, weight->quant ? unpack_integers : unpack_floats, src, dst);
}
