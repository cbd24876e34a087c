/* Elements of .npy files, whole arrays, and writing. */
#include "io/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "qir/samples.h"

/* --- files ------------------------------------------------------------------------------------ */
typedef struct file_reader {
    qir_reader base;
    qir_context *ctx;
    int fd;
} file_reader;

static bool fail(qir_context *ctx, const char *path, const char *code, const char *what)
{
    return qir_error(qir_context_diag(ctx), qir_loc_file(ctx, path, 0, 0), code, "%s", what);
}

static bool file_read_at(qir_reader *r, uint64_t offset, void *dst, size_t n)
{
    file_reader *f = (file_reader *)r;
    char *p = dst;
    while (n) {
        ssize_t got = pread(f->fd, p, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return fail(f->ctx, r->path, "file.read",
                        got < 0 ? strerror(errno) : "the file became shorter while it was read");
        p += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

static void file_close(qir_reader *r)
{
    close(((file_reader *)r)->fd);
    free(r);
}

qir_reader *qir_reader_open_file(qir_context *ctx, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    qir_diag_note_file(qir_context_diag(ctx), path);
    if (fd < 0 || fstat(fd, &st)) {
        qir_error(qir_context_diag(ctx), NULL, "file.open", "cannot open '%.200s': %s", path,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        fail(ctx, path, "file.kind", "not a regular file");
        close(fd);
        return NULL;
    }
    file_reader *f = malloc(sizeof *f);
    if (!f) {
        close(fd);
        fail(ctx, path, "file.open", "out of memory");
        return NULL;
    }
    f->base = (qir_reader){
        .size = (uint64_t)st.st_size, .path = path, .read_at = file_read_at, .close = file_close};
    f->ctx = ctx;
    f->fd = fd;
    return &f->base;
}

/* --- elements --------------------------------------------------------------------------------- */
static void swap_bytes(unsigned char *p, uint64_t n, size_t size)
{
    for (; n; n--, p += size)
        for (size_t i = 0; i < size / 2; i++) {
            unsigned char t = p[i];
            p[i] = p[size - 1 - i];
            p[size - 1 - i] = t;
        }
}

bool qir_npy_elements(qir_reader *r, const qir_npy *h, uint64_t first, uint64_t n, void *dst)
{
    size_t size = qir_dtype_bytes(h->dtype);
    if (!r->read_at(r, h->offset + first * size, dst, (size_t)n * size))
        return false;
    if (h->swap)
        swap_bytes(dst, n, size);
    if (h->dtype == QIR_i1)
        for (uint64_t i = 0; i < n; i++)
            ((unsigned char *)dst)[i] = ((unsigned char *)dst)[i] != 0;
    return true;
}

/* First index innermost to last index innermost. */
static void to_row_major(const qir_npy *h, const char *src, char *dst, int64_t n)
{
    size_t size = qir_dtype_bytes(h->dtype);
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i, at = 0, stride = 1, index[QIR_NPY_MAX_RANK];
        for (unsigned d = h->rank; d-- > 0; rest /= h->dims[d])
            index[d] = rest % h->dims[d];
        for (unsigned d = 0; d < h->rank; d++) {
            at += index[d] * stride;
            stride *= h->dims[d];
        }
        memcpy(dst + (size_t)i * size, src + (size_t)at * size, size);
    }
}

static bool read_whole(qir_context *ctx, qir_reader *r, qir_tensor *out)
{
    qir_npy h;
    if (!qir_npy_open(ctx, r, &h))
        return false;
    const qir_loc *loc = qir_loc_file(ctx, r->path, 0, 0);
    out->type = qir_tensor_type(ctx, h.dtype, h.dims, h.rank, loc);
    if (!out->type)
        return false;
    int64_t n = qir_type_elements(out->type);
    char *data = qir_arena_alloc(qir_context_arena(ctx), (size_t)h.bytes);
    out->data = data;
    if (!qir_npy_elements(r, &h, 0, (uint64_t)n, data))
        return false;
    if (h.fortran) {
        out->data = qir_arena_alloc(qir_context_arena(ctx), (size_t)h.bytes);
        to_row_major(&h, data, out->data, n);
    }
    return true;
}

bool qir_npy_read(qir_context *ctx, const char *path, qir_tensor *out)
{
    qir_reader *r = qir_reader_open_file(ctx, path);
    if (!r)
        return false;
    bool ok = read_whole(ctx, r, out);
    r->close(r);
    return ok;
}

/* --- writing ---------------------------------------------------------------------------------- */
/* Types below a byte are written as whole bytes, bf16 as its bits. */
static const char *const descr[] = {
    [QIR_f32] = "<f4", [QIR_f64] = "<f8", [QIR_f16] = "<f2", [QIR_bf16] = "<u2", [QIR_i1] = "|b1",
    [QIR_i2] = "|i1",  [QIR_i4] = "|i1",  [QIR_i8] = "|i1",  [QIR_i16] = "<i2",  [QIR_i32] = "<i4",
    [QIR_i64] = "<i8", [QIR_u2] = "|u1",  [QIR_u4] = "|u1",  [QIR_u8] = "|u1",   [QIR_u16] = "<u2",
    [QIR_u32] = "<u4", [QIR_u64] = "<u8"};

void qir_npy_write(const qir_tensor *t, qir_strbuf *out)
{
    enum { ALIGN = 64, PREAMBLE = 10 };
    qir_strbuf dict = {0};
    qir_strbuf_printf(&dict, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                      descr[t->type->dtype]);
    for (unsigned i = 0; i < t->type->rank; i++)
        qir_strbuf_printf(&dict, i ? ", %lld" : "%lld", (long long)t->type->dims[i]);
    qir_strbuf_puts(&dict, t->type->rank == 1 ? ",), }" : "), }");
    while ((PREAMBLE + dict.len + 1) % ALIGN)
        qir_strbuf_putc(&dict, ' ');
    qir_strbuf_putc(&dict, '\n');
    qir_strbuf_write(out, "\x93NUMPY\x01\x00", 8);
    qir_strbuf_putc(out, (char)(dict.len & 0xff));
    qir_strbuf_putc(out, (char)(dict.len >> 8));
    qir_strbuf_write(out, dict.data, dict.len);
    qir_strbuf_write(out, t->data, qir_type_bytes(t->type));
    qir_strbuf_free(&dict);
}
