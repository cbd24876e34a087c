/* FlatBuffers: a table begins with the signed distance back to its vtable, which holds the sizes of
 * both and the place of each field within the table (0 = absent).  See fb.h for the contract; the
 * format is described in the FlatBuffers documentation, "Internals". */
#include "io/fb.h"

#include <stdarg.h>
#include "qir/support/bits.h"

const qir_loc *qir_fb_loc(const qir_fb_file *file, size_t offset)
{
    return qir_loc_offset(file->ctx, file->path, offset);
}

bool qir_fb_fail(qir_fb_file *file, size_t offset, const char *code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    qir_emit_verror(qir_context_diag(file->ctx), qir_fb_loc(file, offset), code, fmt, ap);
    va_end(ap);
    file->failed = true;
    return false;
}

/* Whether `n` bytes at `at` lie in the file; counts them as visited. */
static bool take(qir_fb_file *f, size_t at, uint64_t n, const char *what)
{
    if (f->failed)
        return false;
    if (at > f->len || n > f->len - at)
        return qir_fb_fail(f, at < f->len ? at : f->len, "fb.bounds",
                           "%s of %llu bytes at +0x%zx does not lie within the file's %zu bytes",
                           what, (unsigned long long)n, at, f->len);
    f->visited += n;
    if (f->visited > (uint64_t)QIR_FB_VISITS * f->len + (1 << 16))
        return qir_fb_fail(f, at, "fb.budget",
                           "the file refers to the same bytes too often (more than %d times its "
                           "size)",
                           QIR_FB_VISITS);
    return true;
}

/* The `bytes` bytes at `at`, which the caller has checked. */
static uint64_t load(const qir_fb_file *f, size_t at, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)f->data[at + i] << (8 * i);
    return v;
}

static int64_t sign_extend(uint64_t v, unsigned bytes)
{
    unsigned unused = 64 - 8 * bytes;
    return (int64_t)(v << unused) >> unused;
}

static bool open_table(qir_fb_file *f, size_t at, qir_fb *out)
{
    if (!take(f, at, 4, "table"))
        return false;
    int64_t back = sign_extend(load(f, at, 4), 4);
    int64_t vtable = (int64_t)at - back;
    if (vtable < 0 || !take(f, (size_t)vtable, 4, "vtable"))
        return !f->failed && qir_fb_fail(f, at, "fb.table", "the vtable would begin before the file");
    *out = (qir_fb){.file = f, .pos = at, .vtable = (size_t)vtable};
    out->vtable_bytes = (uint16_t)load(f, out->vtable, 2);
    out->bytes = (uint16_t)load(f, out->vtable + 2, 2);
    if (out->vtable_bytes < 4 || out->vtable_bytes % 2 || out->bytes < 4)
        return qir_fb_fail(f, out->vtable, "fb.table", "vtable of %u bytes for a table of %u bytes",
                           out->vtable_bytes, out->bytes);
    return take(f, out->vtable, out->vtable_bytes, "vtable") && take(f, at, out->bytes, "table");
}

bool qir_fb_open(qir_fb_file *file, qir_context *ctx, const char *path, const void *data,
                 size_t len, qir_fb *root)
{
    *file = (qir_fb_file){.ctx = ctx, .path = path, .data = data, .len = len};
    return take(file, 0, 4, "offset of the root") &&
           open_table(file, (size_t)load(file, 0, 4), root);
}

/* Where a field of `bytes` bytes lies; 0: absent (nothing lies at 0), or diagnosed. */
static size_t find(const qir_fb *t, unsigned field, unsigned bytes)
{
    size_t entry = 4 + 2 * (size_t)field;
    if (!t->file || t->file->failed || entry + 2 > t->vtable_bytes)
        return 0;
    size_t at = (size_t)load(t->file, t->vtable + entry, 2);
    if (!at)
        return 0;
    if (at < 4 || at + bytes > t->bytes) {
        qir_fb_fail(t->file, t->vtable + entry, "fb.table",
                    "field %u at byte %zu lies outside its table of %u bytes", field, at, t->bytes);
        return 0;
    }
    return t->pos + at;
}

bool qir_fb_has(const qir_fb *t, unsigned field)
{
    return find(t, field, 1) != 0;
}

uint64_t qir_fb_uint(const qir_fb *t, unsigned field, unsigned bytes, uint64_t dflt)
{
    size_t at = find(t, field, bytes);
    return at ? load(t->file, at, bytes) : dflt;
}

int64_t qir_fb_int(const qir_fb *t, unsigned field, unsigned bytes, int64_t dflt)
{
    size_t at = find(t, field, bytes);
    return at ? sign_extend(load(t->file, at, bytes), bytes) : dflt;
}

float qir_fb_float(const qir_fb *t, unsigned field, float dflt)
{
    size_t at = find(t, field, 4);
    return at ? qir_f32_of_bits((uint32_t)load(t->file, at, 4)) : dflt;
}

/* What the reference at `at` points to: a reference counts forward from itself. */
static bool follow(qir_fb_file *f, size_t at, size_t *out)
{
    uint64_t distance = load(f, at, 4);
    if (!distance)
        return qir_fb_fail(f, at, "fb.bounds", "a reference to itself");
    *out = at + (size_t)distance;
    return true;
}

bool qir_fb_table(const qir_fb *t, unsigned field, qir_fb *out)
{
    size_t at = find(t, field, 4);
    *out = (qir_fb){0};
    if (!at)
        return !t->file || !t->file->failed;
    return follow(t->file, at, &at) && open_table(t->file, at, out);
}

bool qir_fb_vector(const qir_fb *t, unsigned field, unsigned element_bytes, qir_fb_vec *out)
{
    size_t at = find(t, field, 4);
    *out = (qir_fb_vec){0};
    if (!at)
        return !t->file || !t->file->failed;
    if (!follow(t->file, at, &at) || !take(t->file, at, 4, "vector"))
        return false;
    uint64_t n = load(t->file, at, 4);
    *out = (qir_fb_vec){.file = t->file, .pos = at + 4, .n = (size_t)n};
    return take(t->file, at + 4, n * element_bytes, "vector");
}

bool qir_fb_table_at(const qir_fb_vec *v, size_t i, qir_fb *out)
{
    size_t at = v->pos + 4 * i;
    *out = (qir_fb){0};
    return !v->file->failed && follow(v->file, at, &at) && open_table(v->file, at, out);
}

int64_t qir_fb_int_at(const qir_fb_vec *v, size_t i, unsigned bytes)
{
    return sign_extend(load(v->file, v->pos + i * bytes, bytes), bytes);
}

float qir_fb_float_at(const qir_fb_vec *v, size_t i)
{
    return qir_f32_of_bits((uint32_t)load(v->file, v->pos + 4 * i, 4));
}
