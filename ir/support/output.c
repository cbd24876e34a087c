/* Output files that appear together or not at all: staged in the directories of their targets, named
 * on commit.  An existing file is replaced, never written into: a link to a regular file becomes a
 * file, its mode is 0666 less the umask. */
#include "qir/support/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "qir/support/strbuf.h"
#include "qir/support/vec.h"
#include "staged.h"

enum { MAX_PATH = 4000 };

typedef struct output {
    char *target; /* as given; caller of output_free owns */
    qir_staged staged;
    qir_strbuf direct; /* data for pipes, devices and standard output: written on commit */
    bool is_direct;
    bool created; /* by the commit; nothing had the name before */
} output;

struct qir_output_set {
    qir_diag_engine *diag;
    QIR_VEC(output) files;
    bool failed;
};

/* --- writing ---------------------------------------------------------------------------------- */
static bool cannot(qir_output_set *set, const char *verb, const char *path, int err)
{
    set->failed = true;
    return qir_error(set->diag, NULL, "file.write", "cannot %s '%.200s': %s", verb, path,
                     strerror(err));
}

static bool stage(qir_output_set *set, output *o, const void *data, size_t len)
{
    int err = qir_staged_open(&o->staged, o->target);
    if (err)
        return cannot(set, "create", o->target, err);
    err = qir_staged_write(&o->staged, data, len);
    return !err || cannot(set, "write", o->target, err);
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
    if (n >= MAX_PATH)
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
    output o = {.target = strdup(path), .staged = QIR_STAGED_NONE, .is_direct = is_direct(path)};
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
    int err;
    if (!strcmp(o->target, "-")) {
        err = qir_write_all(STDOUT_FILENO, o->direct.data, o->direct.len);
        return !err || cannot(set, "write", "<stdout>", err);
    }
    int fd = open(o->target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return cannot(set, "open", o->target, errno);
    err = qir_write_all(fd, o->direct.data, o->direct.len);
    if (close(fd) && !err)
        err = errno;
    return !err || cannot(set, "write", o->target, err);
}

static bool commit_file(qir_output_set *set, output *o)
{
    if (o->is_direct)
        return write_direct(set, o);
    int err = qir_staged_commit(&o->staged, o->target, &o->created);
    return !err || cannot(set, "create", o->target, err);
}

/* Files that were not there before a commit that failed are not there after it. */
static void take_back(qir_output_set *set)
{
    for (size_t i = 0; i < set->files.len; i++)
        if (set->files.data[i].created)
            unlink(set->files.data[i].target);
}

bool qir_output_commit(qir_output_set *set)
{
    /* Direct ones first: they can fail, and what they got cannot be taken back anyway. */
    for (int direct = 1; direct >= 0; direct--)
        for (size_t i = 0; !set->failed && i < set->files.len; i++)
            if (set->files.data[i].is_direct == direct)
                commit_file(set, &set->files.data[i]);
    if (set->failed)
        take_back(set);
    return !set->failed;
}

void qir_output_set_destroy(qir_output_set *set)
{
    for (size_t i = 0; set && i < set->files.len; i++) {
        output *o = &set->files.data[i];
        qir_staged_drop(&o->staged);
        free(o->target);
        qir_strbuf_free(&o->direct);
    }
    if (set)
        qir_vec_free(&set->files);
    free(set);
}
