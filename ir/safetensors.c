/* Reading safetensors: 8 bytes of header length, a JSON header, tensor data.  Every number that comes
 * from the file is checked before use; nothing is allocated by a size that the file merely claims. */
#include "safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "qir/support/checked.h"

static const uint64_t MAX_HEADER = 100u << 20;

static const struct {
    const char *name;
    qir_dtype dtype;
} dtypes[] = {{"BOOL", QIR_i1}, {"U8", QIR_u8},   {"I8", QIR_i8},   {"I16", QIR_i16}, {"U16", QIR_u16},
              {"F16", QIR_f16}, {"BF16", QIR_bf16}, {"I32", QIR_i32}, {"U32", QIR_u32}, {"F32", QIR_f32},
              {"F64", QIR_f64}, {"I64", QIR_i64}, {"U64", QIR_u64}};
enum { NDTYPES = sizeof dtypes / sizeof dtypes[0] };

/* One per byte in memory and in the file. */
static qir_dtype stored_as(qir_dtype t)
{
    if (qir_dtype_bits(t) >= 8 || t == QIR_i1)
        return t;
    return qir_dtype_is_signed(t) ? QIR_i8 : QIR_u8;
}

const char *st_dtype_name(qir_dtype t)
{
    for (int i = 0; i < NDTYPES; i++)
        if (dtypes[i].dtype == stored_as(t))
            return dtypes[i].name;
    return "?";
}

/* --- header ----------------------------------------------------------------------------------- */
typedef struct reader {
    qir_diag_engine *diag;
    qir_arena *arena;
    const qir_loc *loc;
    st_file *f;
    st_tensor *tensors;
    size_t n;
} reader;

#define FAIL(r, code, fmt, ...)                                                                    \
    qir_error((r)->diag, (r)->loc, code, "'%s': " fmt, (r)->f->path, __VA_ARGS__)

static bool read_dtype(reader *r, st_tensor *t, const json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "dtype"));
    for (int i = 0; name && i < NDTYPES; i++)
        if (!strcmp(dtypes[i].name, name)) {
            t->dtype = dtypes[i].dtype;
            return true;
        }
    return FAIL(r, "st.dtype", "tensor '%.80s' has unsupported dtype '%.20s'", t->key,
                name ? name : "(none)");
}

static bool read_shape(reader *r, st_tensor *t, const json_t *entry)
{
    const json_t *shape = json_object_get(entry, "shape");
    size_t i;
    const json_t *dim;
    if (!json_is_array(shape) || json_array_size(shape) > QIR_MAX_RANK)
        return FAIL(r, "st.shape", "tensor '%.80s' needs a shape of at most %d dimensions", t->key,
                    QIR_MAX_RANK);
    json_array_foreach (shape, i, dim) {
        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return FAIL(r, "st.shape", "tensor '%.80s' has a dimension that is not a size", t->key);
        t->dims[t->rank++] = json_integer_value(dim);
    }
    return true;
}

static bool read_offsets(reader *r, st_tensor *t, const json_t *entry, uint64_t payload)
{
    const json_t *o = json_object_get(entry, "data_offsets");
    const json_t *b = json_array_get(o, 0), *e = json_array_get(o, 1);
    if (json_array_size(o) != 2 || !json_is_integer(b) || !json_is_integer(e) ||
        json_integer_value(b) < 0 || json_integer_value(e) < json_integer_value(b) ||
        (uint64_t)json_integer_value(e) > payload)
        return FAIL(r, "st.offsets", "tensor '%.80s' needs data_offsets [begin, end] within %llu "
                    "bytes of data", t->key, (unsigned long long)payload);
    t->begin = (uint64_t)json_integer_value(b);
    t->end = (uint64_t)json_integer_value(e);
    size_t bytes = qir_dtype_bytes(t->dtype);
    for (unsigned i = 0; i < t->rank; i++)
        if (!qir_mul_size(bytes, (size_t)t->dims[i], &bytes))
            return FAIL(r, "st.size", "tensor '%.80s' is too large", t->key);
    if (bytes != t->end - t->begin)
        return FAIL(r, "st.size", "tensor '%.80s' has %llu bytes of data, its shape needs %zu",
                    t->key, (unsigned long long)(t->end - t->begin), bytes);
    return true;
}

static int by_begin(const void *a, const void *b)
{
    const st_tensor *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* Data must cover the payload without gaps or overlaps. */
static bool check_cover(reader *r, uint64_t payload)
{
    uint64_t at = 0;
    qsort(r->tensors, r->n, sizeof *r->tensors, by_begin);
    for (size_t i = 0; i < r->n; i++) {
        if (r->tensors[i].begin != at)
            return FAIL(r, "st.offsets", "data of tensor '%.80s' overlaps or leaves a gap",
                        r->tensors[i].key);
        at = r->tensors[i].end;
    }
    if (at != payload)
        return FAIL(r, "st.offsets", "%llu bytes of data belong to no tensor",
                    (unsigned long long)(payload - at));
    return true;
}

static bool read_entries(reader *r, json_t *root, uint64_t payload)
{
    const char *key;
    json_t *entry;
    r->tensors = QIR_NEW_ARRAY(r->arena, st_tensor, json_object_size(root));
    json_object_foreach (root, key, entry) {
        if (!strcmp(key, "__metadata__"))
            continue;
        st_tensor *t = &r->tensors[r->n++];
        t->key = qir_arena_strndup(r->arena, key, strlen(key));
        if (!json_is_object(entry))
            return FAIL(r, "st.header", "entry '%.80s' is not an object", key);
        if (!read_dtype(r, t, entry) || !read_shape(r, t, entry) ||
            !read_offsets(r, t, entry, payload))
            return false;
    }
    if (!check_cover(r, payload))
        return false;
    for (size_t i = 0; i < r->n; i++)
        qir_strmap_put(&r->f->index, r->tensors[i].key, strlen(r->tensors[i].key), &r->tensors[i]);
    return true;
}

/* --- files ------------------------------------------------------------------------------------ */
static bool read_at(int fd, void *out, uint64_t len, uint64_t at)
{
    char *to = out;
    while (len) {
        size_t chunk = len < (1u << 30) ? (size_t)len : 1u << 30;
        ssize_t n = pread(fd, to, chunk, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? ENODATA : errno;
            return false;
        }
        to += n;
        at += (uint64_t)n;
        len -= (uint64_t)n;
    }
    return true;
}

static bool read_header(reader *r, int fd)
{
    unsigned char raw[8];
    uint64_t len = 0, size = (uint64_t)r->f->st.st_size;
    if (size < 8 || !read_at(fd, raw, 8, 0))
        return FAIL(r, "st.header", "file of %llu bytes is too short for a safetensors header",
                    (unsigned long long)size);
    for (int i = 7; i >= 0; i--)
        len = len << 8 | raw[i];
    if (len < 2 || len > MAX_HEADER || len > size - 8)
        return FAIL(r, "st.header", "header length %llu does not fit the file or exceeds 100 MiB",
                    (unsigned long long)len);
    char *text = malloc(len);
    if (!text || !read_at(fd, text, len, 8)) {
        free(text);
        return FAIL(r, "st.header", "cannot read the header: %s", strerror(errno));
    }
    json_error_t err;
    json_t *root = text[0] == '{' ? json_loadb(text, len, JSON_REJECT_DUPLICATES, &err) : NULL;
    bool starts = text[0] == '{';
    free(text);
    if (!root)
        return FAIL(r, "st.header", "header is not a JSON object: %.100s",
                    starts ? err.text : "it does not start with '{'");
    r->f->payload = 8 + len;
    bool ok = read_entries(r, root, size - 8 - len);
    json_decref(root);
    return ok;
}

static int open_regular(reader *r)
{
    int fd = open(r->f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &r->f->st))
        FAIL(r, "st.open", "cannot open: %s", strerror(errno));
    else if (!S_ISREG(r->f->st.st_mode))
        FAIL(r, "st.open", "%s", "not a regular file");
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

st_file *st_open(qir_diag_engine *diag, qir_arena *arena, const char *path, const qir_loc *loc)
{
    st_file *f = QIR_NEW(arena, st_file);
    reader r = {.diag = diag, .arena = arena, .loc = loc, .f = f};
    f->path = qir_arena_strndup(arena, path, strlen(path));
    qir_diag_note_file(diag, path);
    int fd = open_regular(&r);
    if (fd < 0)
        return NULL;
    bool ok = read_header(&r, fd);
    close(fd);
    if (!ok)
        st_close(f);
    return ok ? f : NULL;
}

void st_close(st_file *f)
{
    qir_map_free(&f->index);
}

const st_tensor *st_find(const st_file *f, const char *key)
{
    return qir_strmap_get(&f->index, key, strlen(key));
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool st_read(qir_diag_engine *diag, const st_file *f, const st_tensor *t, void *out,
             const qir_loc *loc)
{
    struct stat now;
    int fd = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return qir_error(diag, loc, "st.open", "'%s': cannot open: %s", f->path, strerror(errno));
    bool ok = true;
    if (fstat(fd, &now) || !same_file(&now, &f->st))
        ok = qir_error(diag, loc, "st.changed", "'%s' changed while it was in use", f->path);
    else if (!read_at(fd, out, t->end - t->begin, f->payload + t->begin))
        ok = qir_error(diag, loc, "st.read", "'%s': cannot read tensor '%.80s': %s", f->path,
                       t->key, strerror(errno));
    close(fd);
    return ok;
}
