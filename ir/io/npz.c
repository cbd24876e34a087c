/* .npz archives through libzip.  Members are read forward as a stream, so that a compressed member
 * of any size takes constant memory; going back opens it again. */
#include "io/npz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>
#include "qir/support/map.h"

struct qir_npz {
    qir_context *ctx;
    const char *path;
    zip_t *zip;
    size_t count;
    const char **names; /* interned, without ".npy" */
};

static bool fail(qir_context *ctx, const char *path, const char *what)
{
    return qir_error(qir_context_diag(ctx), qir_loc_file(ctx, path, 0, 0), "npz.read", "%s", what);
}

/* --- member list ------------------------------------------------------------------------------ */
static bool add_member(qir_npz *z, qir_map *seen, size_t i)
{
    const char *name = zip_get_name(z->zip, i, ZIP_FL_ENC_RAW);
    if (!name)
        return fail(z->ctx, z->path, "a member of the archive has no name");
    size_t len = strlen(name);
    if (len > 4 && !strcmp(name + len - 4, ".npy"))
        len -= 4;
    z->names[i] = qir_intern(z->ctx, name, len);
    if (qir_map_has(seen, z->names[i]))
        return qir_error(qir_context_diag(z->ctx), qir_loc_file(z->ctx, z->path, 0, 0),
                         "npz.member", "the archive holds two members '%s'", z->names[i]);
    qir_map_put(seen, z->names[i], z);
    return true;
}

static bool list_members(qir_npz *z)
{
    zip_int64_t n = zip_get_num_entries(z->zip, 0);
    z->count = n > 0 ? (size_t)n : 0;
    z->names = calloc(z->count ? z->count : 1, sizeof *z->names);
    if (!z->names)
        return fail(z->ctx, z->path, "out of memory");
    qir_map seen = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < z->count; i++)
        ok = add_member(z, &seen, i);
    qir_map_free(&seen);
    return ok;
}

qir_npz *qir_npz_open(qir_context *ctx, const char *path)
{
    struct stat st;
    if (stat(path, &st) || !S_ISREG(st.st_mode))
        return fail(ctx, path, "not a regular file"), NULL;
    qir_npz *z = calloc(1, sizeof *z);
    if (!z)
        return fail(ctx, path, "out of memory"), NULL;
    z->ctx = ctx;
    z->path = path;
    int code = 0;
    z->zip = zip_open(path, ZIP_RDONLY, &code);
    if (!z->zip) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        fail(ctx, path, zip_error_strerror(&error));
        zip_error_fini(&error);
    }
    if (!z->zip || !list_members(z)) {
        qir_npz_close(z);
        return NULL;
    }
    return z;
}

void qir_npz_close(qir_npz *z)
{
    if (!z)
        return;
    if (z->zip)
        zip_discard(z->zip);
    free(z->names);
    free(z);
}

size_t qir_npz_count(const qir_npz *z)
{
    return z->count;
}

const char *qir_npz_name(const qir_npz *z, size_t i)
{
    return z->names[i];
}

/* --- members ---------------------------------------------------------------------------------- */
typedef struct member {
    qir_reader base;
    qir_npz *z;
    size_t index;
    zip_file_t *file;
    uint64_t position;
} member;

static bool member_fail(member *m)
{
    const char *what = m->file ? zip_file_strerror(m->file) : zip_strerror(m->z->zip);
    return fail(m->z->ctx, m->base.path, what);
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
            return fail(m->z->ctx, m->base.path, "the member ends early");
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

qir_reader *qir_npz_reader(qir_npz *z, size_t i)
{
    zip_stat_t st;
    if (zip_stat_index(z->zip, i, 0, &st) || !(st.valid & ZIP_STAT_SIZE))
        return fail(z->ctx, z->path, zip_strerror(z->zip)), NULL;
    member *m = calloc(1, sizeof *m);
    if (!m)
        return fail(z->ctx, z->path, "out of memory"), NULL;
    const char *path =
        qir_arena_printf(qir_context_arena(z->ctx), "%s:%s.npy", z->path, z->names[i]);
    *m = (member){
        .base = {.size = st.size, .path = path, .read_at = member_read_at, .close = member_close},
        .z = z,
        .index = i};
    return &m->base;
}
