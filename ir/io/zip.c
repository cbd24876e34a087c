/* Zip archives: the member list, members as streams (read forward, so that a compressed member of any
 * size takes constant memory; going back opens it again), and STORED members in place. */
#include "io/zip.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>
#include "qir/support/map.h"

/* An archive in memory, as libzip reads it.  It remembers from where it last gave bytes: libzip does
 * not tell where a member's data begin. */
typedef struct memory {
    qir_bytes bytes;
    zip_uint64_t pos, last;
    zip_error_t error;
} memory;

struct qir_zip {
    qir_context *ctx;
    const char *path;
    zip_t *zip;
    memory memory; /* of an archive in memory */
    size_t count;
    const char **names; /* interned */
    qir_map members;    /* name -> &names[i] */
};

static bool fail(qir_zip *z, const char *code, const char *what)
{
    return qir_error(qir_context_diag(z->ctx), qir_loc_file(z->ctx, z->path, 0, 0), code, "%s", what);
}

/* --- member list ------------------------------------------------------------------------------ */
/* Names are never used as paths, but a name that could be one that leads elsewhere is no honest one. */
static bool is_plain(const char *name)
{
    if (*name == '/' || strchr(name, '\\'))
        return false;
    for (const char *p = name; p; p = strchr(p, '/'), p = p ? p + 1 : NULL)
        if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || !p[2]))
            return false;
    return *name != 0;
}

static bool add_member(qir_zip *z, size_t i, zip_uint64_t *total)
{
    enum { MAX_NAME = 4096 };
    zip_stat_t st;
    const char *name = zip_get_name(z->zip, i, ZIP_FL_ENC_RAW);
    if (!name || strlen(name) > MAX_NAME || !is_plain(name))
        return fail(z, "zip.name",
                    "a member of the archive has no plain name (relative, without '..' and '\\')");
    z->names[i] = qir_intern_cstr(z->ctx, name);
    if (qir_map_has(&z->members, z->names[i]))
        return qir_error(qir_context_diag(z->ctx), qir_loc_file(z->ctx, z->path, 0, 0), "zip.member",
                         "the archive holds two members '%s'", z->names[i]);
    qir_map_put(&z->members, z->names[i], &z->names[i]);
    if (zip_stat_index(z->zip, i, 0, &st) || !(st.valid & ZIP_STAT_COMP_SIZE))
        return fail(z, "zip.read", zip_strerror(z->zip));
    return !__builtin_add_overflow(*total, st.comp_size, total) ||
           fail(z, "zip.size", "the members are larger than the archive");
}

static bool list_members(qir_zip *z)
{
    zip_int64_t n = zip_get_num_entries(z->zip, 0);
    zip_uint64_t total = 0;
    z->count = n > 0 ? (size_t)n : 0;
    z->names = calloc(z->count ? z->count : 1, sizeof *z->names);
    if (!z->names)
        return fail(z, "zip.read", "out of memory");
    for (size_t i = 0; i < z->count; i++)
        if (!add_member(z, i, &total))
            return false;
    return !z->memory.bytes.data || total <= z->memory.bytes.len ||
           fail(z, "zip.size", "the members are larger than the archive");
}

static qir_zip *create(qir_context *ctx, const char *path)
{
    qir_zip *z = calloc(1, sizeof *z);
    if (!z) {
        qir_error(qir_context_diag(ctx), qir_loc_file(ctx, path, 0, 0), "zip.read", "out of memory");
        return NULL;
    }
    z->ctx = ctx;
    z->path = path;
    return z;
}

/* Diagnoses unless there is an archive. */
static qir_zip *opened(qir_zip *z, zip_error_t *error)
{
    if (!z->zip)
        fail(z, "zip.read", zip_error_strerror(error));
    zip_error_fini(error);
    if (z->zip && list_members(z))
        return z;
    qir_zip_close(z);
    return NULL;
}

qir_zip *qir_zip_open_file(qir_context *ctx, const char *path)
{
    struct stat st;
    int code = 0;
    zip_error_t error;
    qir_zip *z = create(ctx, path);
    qir_diag_note_file(qir_context_diag(ctx), path);
    if (z && (stat(path, &st) || !S_ISREG(st.st_mode))) {
        fail(z, "zip.read", "not a regular file");
        qir_zip_close(z);
        return NULL;
    }
    if (!z)
        return NULL;
    z->zip = zip_open(path, ZIP_RDONLY, &code);
    zip_error_init_with_code(&error, code);
    return opened(z, &error);
}

/* --- an archive in memory ----------------------------------------------------------------------- */
static zip_int64_t memory_read(memory *m, void *dst, zip_uint64_t n)
{
    zip_uint64_t left = m->bytes.len - m->pos;
    n = n < left ? n : left;
    memcpy(dst, m->bytes.data + m->pos, n);
    m->last = m->pos;
    m->pos += n;
    return (zip_int64_t)n;
}

static zip_int64_t memory_seek(memory *m, void *args, zip_uint64_t len)
{
    zip_int64_t to = zip_source_seek_compute_offset(m->pos, m->bytes.len, args, len, &m->error);
    if (to < 0)
        return -1;
    m->pos = (zip_uint64_t)to;
    return 0;
}

static zip_int64_t memory_stat(const memory *m, zip_stat_t *st)
{
    zip_stat_init(st);
    st->valid = ZIP_STAT_SIZE;
    st->size = m->bytes.len;
    return sizeof *st;
}

static zip_int64_t memory_source(void *user, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
    memory *m = user;
    switch (command) {
    case ZIP_SOURCE_OPEN:
        m->pos = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return memory_read(m, data, len);
    case ZIP_SOURCE_SEEK:
        return memory_seek(m, data, len);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)m->pos;
    case ZIP_SOURCE_STAT:
        return memory_stat(m, data);
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&m->error, data, len);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_SEEKABLE;
    default:
        zip_error_set(&m->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

qir_zip *qir_zip_open_bytes(qir_context *ctx, const char *path, qir_bytes bytes)
{
    zip_error_t error;
    qir_zip *z = create(ctx, path);
    if (!z)
        return NULL;
    z->memory.bytes = bytes;
    zip_error_init(&z->memory.error);
    zip_error_init(&error);
    zip_source_t *source = zip_source_function_create(memory_source, &z->memory, &error);
    /* Both copies of every header must agree: another reader may go by the other one. */
    z->zip = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : NULL;
    if (!z->zip && source)
        zip_source_free(source);
    return opened(z, &error);
}

void qir_zip_close(qir_zip *z)
{
    if (!z)
        return;
    if (z->zip)
        zip_discard(z->zip);
    qir_map_free(&z->members);
    free(z->names);
    free(z);
}

size_t qir_zip_count(const qir_zip *z)
{
    return z->count;
}

const char *qir_zip_name(const qir_zip *z, size_t i)
{
    return z->names[i];
}

bool qir_zip_find(const qir_zip *z, const char *name, size_t *i)
{
    const char **slot = qir_map_get(&z->members, qir_intern_cstr(z->ctx, name));
    if (slot)
        *i = (size_t)(slot - z->names);
    return slot != NULL;
}

/* --- members ---------------------------------------------------------------------------------- */
typedef struct member {
    qir_reader base;
    qir_zip *z;
    size_t index;
    zip_file_t *file;
    uint64_t position;
} member;

static bool member_fail(member *m)
{
    const char *what = m->file ? zip_file_strerror(m->file) : zip_strerror(m->z->zip);
    return qir_error(qir_context_diag(m->z->ctx), qir_loc_file(m->z->ctx, m->base.path, 0, 0),
                     "zip.read", "%s", what);
}

static bool reopen(member *m)
{
    if (m->file)
        zip_fclose(m->file);
    m->file = zip_fopen_index(m->z->zip, m->index, 0);
    m->position = 0;
    return m->file || member_fail(m);
}

static bool read_forward(member *m, void *dst, size_t n)
{
    char *p = dst;
    while (n) {
        zip_int64_t got = zip_fread(m->file, p, n);
        if (got < 0)
            return member_fail(m);
        if (got == 0)
            return qir_error(qir_context_diag(m->z->ctx),
                             qir_loc_file(m->z->ctx, m->base.path, 0, 0), "zip.read",
                             "the member ends early");
        p += got;
        n -= (size_t)got;
        m->position += (uint64_t)got;
    }
    return true;
}

static bool member_read_at(qir_reader *r, uint64_t offset, void *dst, size_t n)
{
    member *m = (member *)r;
    if ((!m->file || offset < m->position) && !reopen(m))
        return false;
    char skipped[4096];
    while (m->position < offset) {
        uint64_t left = offset - m->position;
        if (!read_forward(m, skipped, left < sizeof skipped ? (size_t)left : sizeof skipped))
            return false;
    }
    return read_forward(m, dst, n);
}

static void member_close(qir_reader *r)
{
    member *m = (member *)r;
    if (m->file)
        zip_fclose(m->file);
    free(m);
}

qir_reader *qir_zip_reader(qir_zip *z, size_t i)
{
    zip_stat_t st;
    if (zip_stat_index(z->zip, i, 0, &st) || !(st.valid & ZIP_STAT_SIZE))
        return fail(z, "zip.read", zip_strerror(z->zip)), NULL;
    member *m = calloc(1, sizeof *m);
    if (!m)
        return fail(z, "zip.read", "out of memory"), NULL;
    const char *path = qir_arena_printf(qir_context_arena(z->ctx), "%s:%s", z->path, z->names[i]);
    *m = (member){
        .base = {.size = st.size, .path = path, .read_at = member_read_at, .close = member_close},
        .z = z,
        .index = i};
    return &m->base;
}

/* --- members in place --------------------------------------------------------------------------- */
/* Reads the member through libzip, which checks its sum, beside the bytes where they seem to lie. */
static bool check_in_place(qir_zip *z, zip_file_t *file, size_t len, const unsigned char **data)
{
    unsigned char chunk[1 << 14];
    size_t done = 0;
    zip_int64_t got;
    while ((got = zip_fread(file, chunk, sizeof chunk)) > 0) {
        if (!done)
            *data = z->memory.bytes.data + z->memory.last;
        if ((size_t)got > len - done || memcmp(*data + done, chunk, (size_t)got) != 0)
            return fail(z, "zip.layout", "a member does not lie in one piece");
        done += (size_t)got;
    }
    if (got < 0)
        return fail(z, "zip.crc", zip_file_strerror(file));
    return done == len || fail(z, "zip.size", "a member ends early");
}

bool qir_zip_view(qir_zip *z, size_t i, qir_bytes *out)
{
    zip_stat_t st;
    const zip_uint64_t wanted =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(z->zip, i, 0, &st) || (st.valid & wanted) != wanted)
        return fail(z, "zip.read", zip_strerror(z->zip));
    if (st.comp_method != ZIP_CM_STORE || st.encryption_method != ZIP_EM_NONE ||
        st.size != st.comp_size)
        return qir_error(qir_context_diag(z->ctx), qir_loc_file(z->ctx, z->path, 0, 0), "zip.method",
                         "member '%s' is compressed or encrypted: only STORED members are read",
                         z->names[i]);
    zip_file_t *file = zip_fopen_index(z->zip, i, 0);
    if (!file)
        return fail(z, "zip.read", zip_strerror(z->zip));
    out->len = (size_t)st.size;
    out->data = z->memory.bytes.data;
    bool ok = check_in_place(z, file, out->len, &out->data);
    zip_fclose(file);
    return ok;
}
