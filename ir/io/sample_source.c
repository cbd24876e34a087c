/* Where the samples of one input come from: an array with a leading sample axis, of which one
 * sample is read at a time, or a list of files (.npy, .pb, images) with one sample each. */
#include "io/samples_priv.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "io/image.h"
#include "qir/support/vec.h"

enum { MAX_FILE = 1 << 28 };

struct qir_source {
    qir_context *ctx;
    qir_reader *array; /* not NULL: samples are slices of this array */
    qir_npy header;
    unsigned sample_rank; /* trailing dimensions of the array that make a sample */
    bool hwc;
    QIR_VEC(char *) files; /* else one sample per file */
    int64_t count;
    qir_arena *scratch; /* of one sample */
};

static bool fail(const qir_feed *f, const char *path, const char *code, const char *what)
{
    return qir_error(qir_context_diag(f->ctx), qir_loc_file(f->ctx, path, 0, 0), code, "%s", what);
}

/* --- arrays ----------------------------------------------------------------------------------- */
static bool fits(qir_source *s, const qir_feed *f, unsigned skip)
{
    const int64_t *dims = s->header.dims + skip;
    unsigned rank = s->header.rank - skip;
    bool plain = qir_feed_matches(f->type, dims, rank);
    s->hwc = !plain && s->header.dtype == QIR_u8 && qir_feed_matches_hwc(f->type, dims, rank);
    s->sample_rank = rank;
    return plain || s->hwc;
}

static bool check_array(qir_source *s, const qir_feed *f, const char *path)
{
    const qir_npy *h = &s->header;
    if (h->rank > 0 && fits(s, f, 1))
        s->count = h->dims[0];
    else if (fits(s, f, 0))
        s->count = 1;
    else
        return qir_feed_shape_error(f, path, h->dims, h->rank);
    if (s->count == 0)
        return fail(f, path, "npy.shape", "the array holds no samples");
    if (h->fortran)
        return fail(f, path, "npy.order",
                    "samples cannot be read from an array in Fortran order; "
                    "save numpy.ascontiguousarray(x)");
    return qir_feed_check_dtype(f, path, h->dtype);
}

static bool open_array(qir_source *s, const qir_feed *f, qir_reader *r)
{
    s->array = r;
    return r && qir_npy_open(f->ctx, r, &s->header) && check_array(s, f, r->path);
}

static bool read_slice(qir_source *s, const qir_feed *f, int64_t i)
{
    const qir_npy *h = &s->header;
    int64_t n = qir_type_elements(f->type);
    void *data = qir_arena_array(s->scratch, (size_t)n, qir_dtype_bytes(h->dtype));
    if (!qir_npy_elements(s->array, h, (uint64_t)(i * n), (uint64_t)n, data))
        return false;
    qir_item item = {s->array->path, h->dtype, s->sample_rank, h->dims + (h->rank - s->sample_rank),
                     data,           s->hwc};
    qir_feed_store(f, &item);
    return true;
}

/* --- files ------------------------------------------------------------------------------------ */
static bool store_item(const qir_feed *f, const qir_item *item)
{
    if (!qir_feed_matches(f->type, item->dims, item->rank))
        return qir_feed_shape_error(f, item->path, item->dims, item->rank);
    if (!qir_feed_check_dtype(f, item->path, item->dtype))
        return false;
    qir_feed_store(f, item);
    return true;
}

static bool read_image(qir_source *s, const qir_feed *f, const char *path,
                       const unsigned char *data, size_t len)
{
    qir_image_axes axes;
    if (!qir_type_image_axes(f->type, &axes))
        return fail(f, path, "samples.shape",
                    "an image goes to an input of shape [1,C,H,W] or [1,H,W,C] with C = 1 or 3");
    const int64_t *d = f->type->dims;
    qir_image image = {d[axes.height], d[axes.width], d[axes.channel], NULL};
    if (!qir_feed_check_dtype(f, path, QIR_u8) ||
        !qir_image_decode(f->ctx, s->scratch, path, data, len, &image))
        return false;
    qir_item item = {.path = path, .dtype = QIR_u8, .data = image.data, .hwc = true};
    qir_feed_store(f, &item);
    return true;
}

static bool read_npy_file(qir_source *s, const qir_feed *f, qir_reader *r)
{
    qir_npy h;
    if (!qir_npy_open(f->ctx, r, &h))
        return false;
    if (h.fortran)
        return fail(f, r->path, "npy.order",
                    "a sample in Fortran order is not supported; save "
                    "numpy.ascontiguousarray(x)");
    if (!qir_feed_matches(f->type, h.dims, h.rank))
        return qir_feed_shape_error(f, r->path, h.dims, h.rank);
    int64_t n = qir_type_elements(f->type);
    void *data = qir_arena_alloc(s->scratch, (size_t)h.bytes);
    qir_item item = {r->path, h.dtype, h.rank, h.dims, data, false};
    return qir_npy_elements(r, &h, 0, (uint64_t)n, data) && store_item(f, &item);
}

static bool read_file_sample(qir_source *s, const qir_feed *f, qir_reader *r)
{
    if (r->size > MAX_FILE)
        return fail(f, r->path, "samples.size", "a sample file larger than 256 MiB");
    size_t len = (size_t)r->size;
    unsigned char *data = qir_arena_alloc(s->scratch, len + 1);
    if (!r->read_at(r, 0, data, len))
        return false;
    if (len >= 6 && !memcmp(data, "\x93NUMPY", 6))
        return read_npy_file(s, f, r);
    if (qir_image_known(data, len))
        return read_image(s, f, r->path, data, len);
    qir_tensor t;
    if (!qir_tensorproto_read(f->ctx, s->scratch, r->path, data, len, &t))
        return false;
    qir_item item = {r->path, t.type->dtype, t.type->rank, t.type->dims, t.data, false};
    return store_item(f, &item);
}

/* --- opening ---------------------------------------------------------------------------------- */
static bool is_sample_name(const char *name)
{
    static const char *const ends[] = {".npy", ".pb", ".png", ".jpg", ".jpeg", ".ppm", ".pgm"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof ends / sizeof *ends; i++)
        if (!strcasecmp(dot, ends[i]))
            return name[0] != '.';
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_file(qir_source *s, const char *dir, const char *name)
{
    qir_strbuf path = {0};
    qir_strbuf_printf(&path, "%s%s%s", dir, dir[0] ? "/" : "", name);
    qir_vec_push(&s->files, path.data);
}

static bool list_folder(qir_source *s, const qir_feed *f, const char *path)
{
    DIR *dir = opendir(path);
    qir_diag_note_file(qir_context_diag(f->ctx), path);
    if (!dir)
        return fail(f, path, "file.open", "cannot open this folder");
    for (struct dirent *e; (e = readdir(dir));)
        if (is_sample_name(e->d_name))
            add_file(s, path, e->d_name);
    closedir(dir);
    if (!s->files.len)
        return fail(
            f, path, "samples.none",
            "no samples in this folder, expected .npy, .pb, .png, .jpg, .ppm or .pgm files");
    qsort(s->files.data, s->files.len, sizeof *s->files.data, by_name);
    s->count = (int64_t)s->files.len;
    return true;
}

static bool open_path(qir_source *s, const qir_feed *f, const char *path)
{
    struct stat st;
    if (!stat(path, &st) && S_ISDIR(st.st_mode))
        return list_folder(s, f, path);
    qir_reader *r = qir_reader_open_file(f->ctx, path);
    if (!r)
        return false;
    char magic[6] = {0};
    if (r->size >= sizeof magic && !r->read_at(r, 0, magic, sizeof magic)) {
        r->close(r);
        return false;
    }
    if (!memcmp(magic, "\x93NUMPY", 6) || !is_sample_name(path))
        return open_array(s, f, r);
    r->close(r);
    s->count = 1;
    add_file(s, "", path);
    return true;
}

static qir_source *create(const qir_feed *f)
{
    qir_source *s = calloc(1, sizeof *s);
    if (!s) {
        fail(f, f->name, "file.open", "out of memory");
        return NULL;
    }
    s->ctx = f->ctx;
    s->scratch = qir_context_new_arena(f->ctx);
    return s;
}

qir_source *qir_source_open(const qir_feed *f, const char *path)
{
    qir_source *s = create(f);
    if (s && !open_path(s, f, path)) {
        qir_source_close(s);
        return NULL;
    }
    return s;
}

qir_source *qir_source_open_member(const qir_feed *f, qir_zip *z, size_t i)
{
    qir_source *s = create(f);
    if (s && !open_array(s, f, qir_zip_reader(z, i))) {
        qir_source_close(s);
        return NULL;
    }
    return s;
}

void qir_source_close(qir_source *s)
{
    if (!s)
        return;
    if (s->array)
        s->array->close(s->array);
    for (size_t i = 0; i < s->files.len; i++)
        free(s->files.data[i]);
    qir_vec_free(&s->files);
    qir_arena_destroy(s->scratch);
    free(s);
}

int64_t qir_source_count(const qir_source *s)
{
    return s->count;
}

bool qir_source_read(qir_source *s, const qir_feed *f, int64_t i)
{
    qir_arena_reset(s->scratch);
    if (s->array)
        return read_slice(s, f, i);
    qir_reader *r = qir_reader_open_file(f->ctx, s->files.data[i]);
    if (!r)
        return false;
    bool ok = read_file_sample(s, f, r);
    r->close(r);
    return ok;
}
