/* Stored values to argument values: shapes, element types, preprocessing. */
#include "io/samples_priv.h"

#include <string.h>
#include "qir/qmath.h"
#include "qir/support/assert.h"

static bool same_dims(const int64_t *a, const int64_t *b, unsigned rank)
{
    return rank == 0 || !memcmp(a, b, rank * sizeof *a);
}

bool qir_feed_matches(const qir_type *type, const int64_t *dims, unsigned rank)
{
    if (rank == type->rank && same_dims(dims, type->dims, rank))
        return true;
    return rank + 1 == type->rank && type->dims[0] == 1 && same_dims(dims, type->dims + 1, rank);
}

bool qir_feed_matches_hwc(const qir_type *type, const int64_t *dims, unsigned rank)
{
    if (type->rank != 4 || type->dims[0] != 1)
        return false;
    if (rank == 4 && dims[0] == 1) {
        dims++;
        rank--;
    }
    return rank == 3 && dims[2] == type->dims[1] && dims[2] <= 4 && dims[0] == type->dims[2] &&
           dims[1] == type->dims[3];
}

/* --- messages --------------------------------------------------------------------------------- */
static void print_shape(qir_strbuf *b, const int64_t *dims, unsigned rank)
{
    qir_strbuf_putc(b, '[');
    for (unsigned i = 0; i < rank; i++)
        qir_strbuf_printf(b, i ? ", %lld" : "%lld", (long long)dims[i]);
    qir_strbuf_putc(b, ']');
}

bool qir_feed_shape_error(const qir_feed *f, const char *path, const int64_t *dims, unsigned rank)
{
    qir_strbuf have = {0}, want = {0};
    print_shape(&have, dims, rank);
    print_shape(&want, f->type->dims, f->type->rank);
    qir_error(qir_context_diag(f->ctx), qir_loc_file(f->ctx, path, 0, 0), "samples.shape",
              "the data has shape %s, input '%s' takes %s (with or without a leading sample axis)",
              qir_strbuf_cstr(&have), f->name, qir_strbuf_cstr(&want));
    qir_strbuf_free(&have);
    qir_strbuf_free(&want);
    return false;
}

static bool takes_reals(const qir_type *t)
{
    return t->quant ? t->quant->axis < 0 && t->quant->count == 1 : qir_dtype_is_float(t->dtype);
}

bool qir_feed_check_dtype(const qir_feed *f, const char *path, qir_dtype dtype)
{
    if (dtype == f->type->dtype)
        return true;
    if (takes_reals(f->type) && (qir_dtype_is_float(dtype) || dtype == QIR_u8))
        return true;
    return qir_error(qir_context_diag(f->ctx), qir_loc_file(f->ctx, path, 0, 0), "samples.dtype",
                     "the data is %s, input '%s' takes %s", qir_dtype_name(dtype), f->name,
                     qir_dtype_name(f->type->dtype));
}

/* --- values ----------------------------------------------------------------------------------- */
static double load_real(const qir_item *item, int64_t i)
{
    switch (item->dtype) {
    case QIR_f32: return (double)((const float *)item->data)[i];
    case QIR_f64: return ((const double *)item->data)[i];
    case QIR_f16: return (double)qir_f16_to_f32(((const uint16_t *)item->data)[i]);
    case QIR_bf16: return (double)qir_bf16_to_f32(((const uint16_t *)item->data)[i]);
    default:
        QIR_ASSERT(item->dtype == QIR_u8, "dtype that was refused");
        return ((const uint8_t *)item->data)[i];
    }
}

static void store_real(const qir_type *t, void *data, int64_t i, double v)
{
    const qir_quant *q = t->quant;
    if (q) {
        int32_t s = qir_quantize_value((float)v, q->scale[0], q->zero_point[0], q->qmin, q->qmax);
        if (qir_dtype_bytes(t->dtype) == 1)
            ((uint8_t *)data)[i] = (uint8_t)s;
        else if (qir_dtype_bytes(t->dtype) == 2)
            ((uint16_t *)data)[i] = (uint16_t)s;
        else
            ((int32_t *)data)[i] = s;
    } else if (t->dtype == QIR_f32) {
        ((float *)data)[i] = (float)v;
    } else if (t->dtype == QIR_f64) {
        ((double *)data)[i] = v;
    } else if (t->dtype == QIR_f16) {
        ((uint16_t *)data)[i] = qir_f32_to_f16((float)v);
    } else {
        ((uint16_t *)data)[i] = qir_f32_to_bf16((float)v);
    }
}

/* Where the channel stands in an argument, for means; ~0u: nowhere. */
static unsigned channel_axis(const qir_type *t)
{
    qir_image_axes axes;
    return qir_type_image_axes(t, &axes) ? axes.channel : ~0u;
}

static int64_t index_along(const qir_type *t, unsigned axis, int64_t i)
{
    for (unsigned d = t->rank - 1; d > axis; d--)
        i /= t->dims[d];
    return i % t->dims[axis];
}

/* Position in HWC bytes of element `i` of an argument [.., C, H, W]. */
static int64_t hwc_index(const qir_type *t, int64_t i)
{
    const int64_t *d = t->dims + (t->rank - 3);
    int64_t w = i % d[2], h = i / d[2] % d[1], c = i / d[2] / d[1];
    return (h * d[2] + w) * d[0] + c;
}

void qir_feed_store(const qir_feed *f, const qir_item *item)
{
    const qir_type *t = f->type;
    bool bytes = item->dtype == QIR_u8 && takes_reals(t) && f->pre && !f->pre->raw;
    if (item->dtype == t->dtype && !item->hwc && !bytes) {
        memcpy(f->data, item->data, qir_type_bytes(t));
        return;
    }
    unsigned axis = channel_axis(t);
    /* Bytes with the channel last are moved only if the argument has it first. */
    bool move = item->hwc && axis != ~0u && axis + 1 != t->rank;
    int64_t n = qir_type_elements(t);
    for (int64_t i = 0; i < n; i++) {
        int64_t from = move ? hwc_index(t, i) : i;
        if (item->dtype == t->dtype && !bytes) {
            ((uint8_t *)f->data)[i] = ((const uint8_t *)item->data)[from];
            continue;
        }
        double v = load_real(item, from);
        if (bytes)
            v = (double)qir_preprocess_byte(f->pre, (float)v, axis == ~0u ? 0 : index_along(t, axis, i));
        store_real(t, f->data, i, v);
    }
}

void qir_preprocess_table(const qir_preprocess *pre, const qir_type *t, int64_t channels, void *table)
{
    for (int64_t c = 0; c < channels; c++)
        for (int64_t byte = 0; byte < 256; byte++)
            store_real(t, table, c * 256 + byte, (double)qir_preprocess_byte(pre, (float)byte, c));
}
