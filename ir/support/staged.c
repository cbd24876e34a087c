/* Staged files: without a name (O_TMPFILE) until they are committed, so that a killed process leaves
 * nothing; where the file system or a missing /proc does not allow that, under a random name.
 *
 * Names that exist for a moment are listed in a fixed table that a signal handler can walk; this
 * table is the only process-wide state of the libraries, because signals are process-wide. */
#include "staged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "qir/support/file.h"
#include "qir/support/strbuf.h"

/* --- the table for signal handlers ------------------------------------------------------------ */
enum { MAX_STAGED = 64, MAX_STAGED_PATH = 4096, ATTEMPTS = 16 };
static struct {
    atomic_int state; /* 0 free, 1 being changed, 2 live */
    char path[MAX_STAGED_PATH];
} staged_table[MAX_STAGED];

static int table_add(const char *path)
{
    for (int i = 0; i < MAX_STAGED; i++) {
        int expected = 0;
        if (!atomic_compare_exchange_strong(&staged_table[i].state, &expected, 1))
            continue;
        snprintf(staged_table[i].path, MAX_STAGED_PATH, "%s", path);
        atomic_store(&staged_table[i].state, 2);
        return i;
    }
    return -1;
}

static void table_remove(int slot)
{
    if (slot >= 0)
        atomic_store(&staged_table[slot].state, 0);
}

void qir_output_abandon_all(void)
{
    for (int i = 0; i < MAX_STAGED; i++)
        if (atomic_load(&staged_table[i].state) == 2)
            unlink(staged_table[i].path);
}

/* --- opening ---------------------------------------------------------------------------------- */
/* Length of the directory part of a path, with its slash. */
static int directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash + 1 - path) : 0;
}

static int open_unnamed(const char *target)
{
    qir_strbuf dir = {0};
    qir_strbuf_printf(&dir, "%.*s.", directory(target), target);
    int fd = access("/proc/self/fd", X_OK)
                 ? -1
                 : open(dir.data, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
    qir_strbuf_free(&dir);
    return fd;
}

/* A random name beside `target`, owned by the caller; NULL with errno. */
static char *random_name(const char *target)
{
    uint64_t r;
    if (getrandom(&r, sizeof r, 0) != (ssize_t)sizeof r)
        return NULL;
    qir_strbuf name = {0};
    qir_strbuf_printf(&name, "%.*s.qcc-%016llx.tmp", directory(target), target,
                      (unsigned long long)r);
    return name.data;
}

static void forget_name(qir_staged *s)
{
    table_remove(s->slot);
    free(s->path);
    s->path = NULL;
    s->slot = -1;
}

/* Makes a file under a random name: a new one, or the unnamed one that is open.  O_EXCL, O_NOFOLLOW
 * and link(2) replace nothing, so nobody can put a link in its place. */
static int take_name(qir_staged *s, const char *target, const char *unnamed)
{
    int err = EEXIST;
    for (int i = 0; err == EEXIST && i < ATTEMPTS; i++) {
        s->path = random_name(target);
        if (!s->path)
            return errno;
        s->slot = table_add(s->path);
        int done = unnamed ? linkat(AT_FDCWD, unnamed, AT_FDCWD, s->path, AT_SYMLINK_FOLLOW)
                           : (s->fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                           0666));
        err = done < 0 ? errno : 0;
        if (err)
            forget_name(s);
    }
    return err;
}

int qir_staged_open(qir_staged *s, const char *target)
{
    s->fd = open_unnamed(target);
    return s->fd >= 0 ? 0 : take_name(s, target, NULL);
}

/* --- writing ---------------------------------------------------------------------------------- */
int qir_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;
    while (len) {
        ssize_t n = write(fd, p, len < ((size_t)1 << 30) ? len : (size_t)1 << 30);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int close_file(qir_staged *s)
{
    int err = s->fd >= 0 && close(s->fd) ? errno : 0;
    s->fd = -1;
    return err;
}

int qir_staged_write(qir_staged *s, const void *data, size_t len)
{
    int err = qir_write_all(s->fd, data, len);
    if (!err && fsync(s->fd))
        err = errno;
    return err || !s->path ? err : close_file(s);
}

/* --- commit ----------------------------------------------------------------------------------- */
int qir_staged_commit(qir_staged *s, const char *target, bool *created)
{
    int err = 0;
    *created = false;
    if (!s->path) {
        char unnamed[40];
        snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", s->fd);
        *created = linkat(AT_FDCWD, unnamed, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0;
        if (!*created)
            err = take_name(s, target, unnamed);
    }
    if (!err && s->path) {
        err = rename(s->path, target) ? errno : 0;
        if (!err)
            forget_name(s);
    }
    return err ? err : close_file(s);
}

void qir_staged_drop(qir_staged *s)
{
    if (s->path)
        unlink(s->path);
    forget_name(s);
    close_file(s);
}
