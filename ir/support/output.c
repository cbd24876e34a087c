/* Output files that appear together or not at all: staged beside their targets, renamed on commit.
 * Where the file system can, a staged file has no name until then (O_TMPFILE), so that even a killed
 * process leaves nothing.
 *
 * What is staged is also listed in a fixed table that a signal handler can walk; this table is the
 * only process-wide state of the libraries, because signals are process-wide. */
#include "qir/support/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "qir/support/strbuf.h"
#include "qir/support/vec.h"

typedef struct output {
    char *target; /* as given; caller of output_free owns */
    char *staged; /* name while staged; NULL: written directly or not yet */
    int fd;       /* of a staged file without a name yet; else -1 */
    qir_strbuf direct; /* data for pipes, devices and standard output: written on commit */
    bool is_direct;
    int slot;
} output;

struct qir_output_set {
    qir_diag_engine *diag;
    QIR_VEC(output) files;
    bool failed;
};

/* --- the table for signal handlers ------------------------------------------------------------ */
enum { MAX_STAGED = 64, MAX_STAGED_PATH = 4096 };
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

/* --- writing ---------------------------------------------------------------------------------- */
static bool write_all(int fd, const char *data, size_t len)
{
    while (len) {
        size_t chunk = len < ((size_t)1 << 30) ? len : (size_t)1 << 30;
        ssize_t n = write(fd, data, chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool cannot(qir_output_set *set, const char *verb, const char *path, int err)
{
    set->failed = true;
    return qir_error(set->diag, NULL, "file.write", "cannot %s '%.200s': %s", verb, path,
                     strerror(err));
}

/* "<directory of target>.qcc-<random>.tmp"; caller frees.  NULL with errno. */
static char *staged_name(const char *target)
{
    uint64_t r;
    if (getrandom(&r, sizeof r, 0) != (ssize_t)sizeof r)
        return NULL;
    qir_strbuf name = {0};
    const char *slash = strrchr(target, '/');
    int dir = slash ? (int)(slash + 1 - target) : 0;
    qir_strbuf_printf(&name, "%.*s.qcc-%016llx.tmp", dir, target, (unsigned long long)r);
    return name.data;
}

static int open_nameless(const char *target)
{
    const char *slash = strrchr(target, '/');
    char *dir = slash ? strndup(target, (size_t)(slash + 1 - target)) : strdup(".");
    if (!dir || access("/proc/self/fd", X_OK)) {
        free(dir);
        return -1;
    }
    int fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    free(dir);
    return fd;
}

/* O_EXCL and O_NOFOLLOW, so nobody can put a link in its place. */
static int open_named(const char *target, char **path)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        char *name = staged_name(target);
        int fd = name ? open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666) : -1;
        if (fd >= 0) {
            *path = name;
            return fd;
        }
        int err = errno;
        free(name);
        errno = err;
        if (err != EEXIST)
            break;
    }
    return -1;
}

static bool close_output(int fd, bool ok)
{
    int err = errno;
    if (close(fd) && ok)
        return false;
    errno = err;
    return ok;
}

static bool stage(qir_output_set *set, output *o, const void *data, size_t len)
{
    int fd = o->fd = open_nameless(o->target);
    if (fd < 0 && (fd = open_named(o->target, &o->staged)) < 0)
        return cannot(set, "create", o->target, errno);
    if (o->staged)
        o->slot = table_add(o->staged);
    bool ok = write_all(fd, data, len) && fsync(fd) == 0;
    if (o->fd < 0)
        ok = close_output(fd, ok);
    return ok || cannot(set, "write", o->target, errno);
}

/* Gives a nameless file its staged name, from which it can be renamed over the target. */
static bool name_staged(output *o)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", o->fd);
    o->staged = staged_name(o->target);
    if (!o->staged)
        return false;
    o->slot = table_add(o->staged);
    bool ok = linkat(AT_FDCWD, link, AT_FDCWD, o->staged, AT_SYMLINK_FOLLOW) == 0;
    ok = close_output(o->fd, ok);
    o->fd = -1;
    return ok;
}

/* Links are followed when looking: a link to a device is a device.  A link to a regular file is
 * replaced by the rename. */
static bool is_direct(const char *path)
{
    struct stat st;
    return !strcmp(path, "-") || (stat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
                                  !S_ISDIR(st.st_mode));
}

static bool check_target(qir_output_set *set, const char *path)
{
    struct stat st;
    size_t n = strlen(path);
    if (n == 0)
        return cannot(set, "create", path, ENOENT);
    if (n >= MAX_STAGED_PATH - 64)
        return cannot(set, "create", path, ENAMETOOLONG);
    if (path[n - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return cannot(set, "create", path, EISDIR);
    for (size_t i = 0; i < set->files.len; i++)
        if (!strcmp(set->files.data[i].target, path) && strcmp(path, "-")) {
            set->failed = true;
            return qir_error(set->diag, NULL, "file.write", "'%s' is named for two outputs", path);
        }
    return true;
}

/* --- sets ------------------------------------------------------------------------------------- */
qir_output_set *qir_output_set_create(qir_diag_engine *diag)
{
    qir_output_set *set = calloc(1, sizeof *set);
    if (!set)
        __builtin_trap();
    set->diag = diag;
    return set;
}

bool qir_output_add(qir_output_set *set, const char *path, const void *data, size_t len)
{
    if (set->failed || !check_target(set, path))
        return false;
    output o = {.target = strdup(path), .slot = -1, .fd = -1, .is_direct = is_direct(path)};
    if (!o.target)
        __builtin_trap();
    qir_vec_push(&set->files, o);
    output *last = &set->files.data[set->files.len - 1];
    if (!last->is_direct)
        return stage(set, last, data, len);
    qir_strbuf_write(&last->direct, data, len);
    return true;
}

static bool write_direct(qir_output_set *set, const output *o)
{
    if (!strcmp(o->target, "-"))
        return write_all(STDOUT_FILENO, o->direct.data, o->direct.len) ||
               cannot(set, "write", "<stdout>", errno);
    int fd = open(o->target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return cannot(set, "open", o->target, errno);
    bool ok = close_output(fd, write_all(fd, o->direct.data, o->direct.len));
    return ok || cannot(set, "write", o->target, errno);
}

static bool commit_file(qir_output_set *set, output *o)
{
    if (o->is_direct)
        return write_direct(set, o);
    if ((o->fd >= 0 && !name_staged(o)) || rename(o->staged, o->target))
        return cannot(set, "create", o->target, errno);
    table_remove(o->slot);
    free(o->staged);
    o->staged = NULL;
    return true;
}

bool qir_output_commit(qir_output_set *set)
{
    /* Direct ones first: they can fail, and what they got cannot be taken back anyway. */
    for (int direct = 1; direct >= 0; direct--)
        for (size_t i = 0; !set->failed && i < set->files.len; i++)
            if (set->files.data[i].is_direct == direct)
                commit_file(set, &set->files.data[i]);
    return !set->failed;
}

void qir_output_set_destroy(qir_output_set *set)
{
    for (size_t i = 0; set && i < set->files.len; i++) {
        output *o = &set->files.data[i];
        if (o->staged)
            unlink(o->staged);
        if (o->fd >= 0)
            close(o->fd);
        table_remove(o->slot);
        free(o->staged);
        free(o->target);
        qir_strbuf_free(&o->direct);
    }
    if (set)
        qir_vec_free(&set->files);
    free(set);
}
