/* Reading whole files: regular ones only (a FIFO or device could block or never end), size checked
 * before anything is read. */
#include "qir/support/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "qir/support/strbuf.h"

static bool too_large(qir_diag_engine *diag, const char *path, size_t max_bytes, const char *flag)
{
    return qir_error(diag, NULL, "file.size", "'%s': source larger than %zu bytes%s%s%s", path,
                     max_bytes, flag ? " (" : "", flag ? flag : "", flag ? ")" : "");
}

/* Reads up to `want` bytes; the count, or -1 with errno. */
static ssize_t read_some(int fd, unsigned char *to, size_t want)
{
    size_t done = 0;
    while (done < want) {
        size_t chunk = want - done < ((size_t)1 << 30) ? want - done : (size_t)1 << 30;
        ssize_t n = read(fd, to + done, chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* Standard input may be a pipe, so its size is only known at the end. */
static bool read_stdin(qir_diag_engine *diag, qir_arena *arena, size_t max_bytes, const char *flag,
                       qir_bytes *out)
{
    qir_strbuf all = {0};
    unsigned char chunk[65536];
    ssize_t n;
    bool ok = true;
    while (ok && (n = read_some(STDIN_FILENO, chunk, sizeof chunk)) != 0) {
        if (n < 0)
            ok = qir_error(diag, NULL, "file.read", "cannot read standard input: %s",
                           strerror(errno));
        else if (all.len + (size_t)n > max_bytes)
            ok = too_large(diag, "<stdin>", max_bytes, flag);
        else
            qir_strbuf_write(&all, chunk, (size_t)n);
    }
    if (ok) {
        out->data = (unsigned char *)qir_arena_strndup(arena, qir_strbuf_cstr(&all), all.len);
        out->len = all.len;
    }
    qir_strbuf_free(&all);
    return ok;
}

static const char *file_kind(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a directory";
    return S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

static bool read_fd(qir_diag_engine *diag, qir_arena *arena, int fd, const char *path,
                    size_t max_bytes, const char *flag, qir_bytes *out)
{
    struct stat st;
    if (fstat(fd, &st))
        return qir_error(diag, NULL, "file.open", "cannot read '%.200s': %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return qir_error(diag, NULL, "file.kind", "'%s' is %s, not a regular file", path,
                         file_kind(st.st_mode));
    if ((uint64_t)st.st_size > max_bytes)
        return too_large(diag, path, max_bytes, flag);
    size_t size = (size_t)st.st_size;
    unsigned char *data = qir_arena_alloc(arena, size + 1);
    ssize_t n = read_some(fd, data, size);
    if (n < 0)
        return qir_error(diag, NULL, "file.read", "cannot read '%.200s': %s", path, strerror(errno));
    if ((size_t)n != size)
        return qir_error(diag, NULL, "file.read", "'%s' became shorter while it was read", path);
    *out = (qir_bytes){data, size};
    return true;
}

bool qir_read_file(qir_diag_engine *diag, qir_arena *arena, const char *path, size_t max_bytes,
                   const char *limit_flag, qir_bytes *out)
{
    if (!strcmp(path, "-"))
        return read_stdin(diag, arena, max_bytes, limit_flag, out);
    qir_diag_note_file(diag, path);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return qir_error(diag, NULL, "file.open", "cannot open '%.200s': %s", path, strerror(errno));
    bool ok = read_fd(diag, arena, fd, path, max_bytes, limit_flag, out);
    close(fd);
    return ok;
}
