/* External data of initializers: plain files beside the model, never outside its directory, never
 * through a symbolic link.  Files are read with pread, so that one that shrinks cannot kill us. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "onnx/import.h"

static const void *fail(onnx_import *imp, const onnx_initializer *init, const char *code,
                        const char *text)
{
    qir_pb_fail(&imp->model.file, init->tensor.message.start, code, "tensor '%s': %s",
                init->tensor.name, text);
    return NULL;
}

static const void *bad_path(onnx_import *imp, const onnx_initializer *init)
{
    return fail(imp, init, "onnx.ext.path", "external data must be a plain file beside the model");
}

/* Relative, no empty, "." or ".." component, no NUL, no backslash or drive (foreign absolute
 * paths). */
static bool path_is_plain(const char *path, size_t len)
{
    if (!len || strlen(path) != len || strchr(path, '\\') || path[0] == '~' ||
        (len > 1 && path[1] == ':'))
        return false;
    for (const char *p = path;; p++) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += n;
        if (!*p)
            return true;
    }
}

/* The walk for kernels without openat2: every component without following links. */
static int open_walk(onnx_import *imp, const char *path)
{
    int dir = dup(imp->dir_fd);
    char *copy = qir_arena_strndup(imp->fe.scratch, path, strlen(path)), *slash;
    for (; dir >= 0 && (slash = strchr(copy, '/')); copy = slash + 1) {
        *slash = 0;
        int next = openat(dir, copy, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(dir);
        dir = next;
    }
    if (dir < 0)
        return -1;
    int fd = openat(dir, copy, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    close(dir);
    return fd;
}

static int open_beneath(onnx_import *imp, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    long fd = syscall(SYS_openat2, imp->dir_fd, path, &how, sizeof how);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_walk(imp, path);
    return (int)fd;
}

/* Decimal digits only. */
static bool parse_decimal(const char *s, int64_t *out)
{
    int64_t v = 0;
    if (!*s)
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, *s - '0', &v))
            return false;
    }
    *out = v;
    return true;
}

static bool read_fully(int fd, unsigned char *dst, size_t len, int64_t offset)
{
    while (len) {
        ssize_t n = pread(fd, dst, len, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        dst += n;
        len -= (size_t)n;
        offset += n;
    }
    return true;
}

static const void *read_range(onnx_import *imp, const onnx_initializer *init, int fd)
{
    const qir_tensorproto *t = &init->tensor;
    struct stat st;
    int64_t offset = 0, length, end;
    size_t bytes;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1)
        return bad_path(imp, init);
    if (!qir_tensorproto_raw_bytes(t, &bytes))
        return fail(imp, init, "onnx.ext.range", "tensor is too large");
    length = (int64_t)bytes;
    if ((init->ext_offset && !parse_decimal(init->ext_offset, &offset)) ||
        (init->ext_length && !parse_decimal(init->ext_length, &length)))
        return fail(imp, init, "onnx.ext.range", "offset and length must be decimal numbers");
    if (length != (int64_t)bytes)
        return fail(imp, init, "onnx.ext.range", "length differs from the size of the tensor");
    if (__builtin_add_overflow(offset, length, &end) || end > st.st_size)
        return fail(imp, init, "onnx.ext.range", "offset and length reach beyond the file");
    void *data = qir_arena_alloc(imp->fe.m->arena, bytes);
    if (!read_fully(fd, data, bytes, offset))
        return fail(imp, init, "onnx.ext.range", "the file ended while it was read");
    return data;
}

/* Sub-byte elements are unpacked, booleans normalised. */
static const void *to_elements(onnx_import *imp, const qir_tensorproto *t, const void *raw)
{
    qir_tensorproto loaded = *t;
    loaded.external = false;
    loaded.typed_field = 0;
    loaded.has_raw = true;
    loaded.raw = raw;
    return qir_tensorproto_data(&loaded, imp->fe.m->arena);
}

static void note_file(onnx_import *imp, const char *location)
{
    const char *model = imp->model.file.path, *slash = strrchr(model, '/');
    int folder = slash ? (int)(slash + 1 - model) : 0;
    qir_diag_note_file(imp->fe.diag,
                       qir_arena_printf(imp->fe.scratch, "%.*s%s", folder, model, location));
}

const void *onnx_external_data(onnx_import *imp, const onnx_initializer *init)
{
    if (!init->location || !path_is_plain(init->location, init->location_len))
        return bad_path(imp, init);
    if (imp->dir_fd < 0)
        return fail(imp, init, "onnx.ext.path", "external data is not allowed here");
    note_file(imp, init->location);
    int fd = open_beneath(imp, init->location);
    if (fd < 0)
        return bad_path(imp, init);
    const void *raw = read_range(imp, init, fd);
    close(fd);
    return raw ? to_elements(imp, &init->tensor, raw) : NULL;
}
