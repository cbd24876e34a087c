/* Mappings, private or of a file that is closed and has no name: unmapping frees both. */
#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "qir/support/strbuf.h"

static const char *folder(void)
{
    const char *dir = getenv("TMPDIR");
    return dir && *dir ? dir : "/tmp";
}

/* For file systems that know no files without names. */
static int open_and_unlink(void)
{
    qir_strbuf path = {0};
    qir_strbuf_printf(&path, "%s/qcc-XXXXXX", folder());
    int fd = mkostemp(path.data, O_CLOEXEC);
    if (fd >= 0)
        unlink(path.data);
    qir_strbuf_free(&path);
    return fd;
}

static int open_file(void)
{
    int fd = open(folder(), O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR) ? open_and_unlink() : fd;
}

/* Room is taken at once: a store into a hole of a full disk would end the process. */
static void *map_file(size_t bytes, int *err)
{
    int fd = open_file();
    *err = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)bytes);
    void *data = *err ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!*err && data == MAP_FAILED)
        *err = errno;
    if (fd >= 0)
        close(fd);
    return data;
}

static void *map_memory(size_t bytes, int *err)
{
    void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *err = data == MAP_FAILED ? errno : 0;
    return data;
}

bool qir_pages_map(qir_pages *p, size_t bytes, bool in_file, qir_diag_engine *diag)
{
    int err;
    bytes += !bytes;
    void *data = in_file ? map_file(bytes, &err) : map_memory(bytes, &err);
    if (err && in_file)
        return qir_error(diag, NULL, "pass.spill",
                         "cannot make a temporary file of %zu bytes in '%.200s': %s; take fewer samples, or "
                         "name another folder in TMPDIR",
                         bytes, folder(), strerror(err));
    if (err)
        return qir_error(diag, NULL, "pass.memory", "no memory for %zu bytes of samples: %s", bytes,
                         strerror(err));
    *p = (qir_pages){data, bytes, in_file};
    return true;
}

void qir_pages_rest(const qir_pages *p)
{
    if (p->in_file)
        madvise(p->data, p->bytes, MADV_DONTNEED);
}

void qir_pages_unmap(qir_pages *p)
{
    if (p->data)
        munmap(p->data, p->bytes);
    *p = (qir_pages){0};
}
