/* LLVM cannot survive running out of memory, and reports some errors by ending the process.  So it
 * runs in a forked child: diagnostics come back through a pipe as frames, results in a file in memory (where there
 * is none: as a frame, too), and the death of the child is an ordinary diagnostic in the parent.
 *
 * A frame is a header and `code_len + text_len` bytes.  Locations travel as pointers: the child
 * shares the parent's address space at the time of the fork, and locations are never freed. */
#include "child.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FRAME_DATA, FRAME_DIAG, FRAME_DONE };
enum { CPU_SECONDS = 900 };
static const rlim_t max_address_space = (rlim_t)64 << 30;

struct frame {
    uint32_t kind, severity; /* severity: of a diagnostic; of DONE: the function's result */
    uint64_t code_len, text_len;
    const qir_loc *loc;
};

static bool write_all(int fd, const void *data, size_t len)
{
    for (const char *p = data; len > 0;) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool read_all(int fd, qir_strbuf *out)
{
    static const size_t chunk = 65536;
    char buffer[65536];
    for (;;) {
        ssize_t n = read(fd, buffer, chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        qir_strbuf_write(out, buffer, (size_t)n);
    }
}

static void send_diag(void *user, const qir_diag *d)
{
    int fd = *(int *)user;
    struct frame f = {.kind = FRAME_DIAG,
                      .severity = (uint32_t)d->severity,
                      .code_len = d->code ? strlen(d->code) + 1 : 0,
                      .text_len = strlen(d->text) + 1,
                      .loc = d->loc};
    write_all(fd, &f, sizeof f);
    write_all(fd, d->code, f.code_len);
    write_all(fd, d->text, f.text_len);
}

static void limit(int what, rlim_t most)
{
    struct rlimit r;
    if (getrlimit(what, &r) == 0 && r.rlim_cur > most) {
        r.rlim_cur = most;
        setrlimit(what, &r);
    }
}

/* Of a file in memory; -1 if there are none, or files may not grow. */
static int memory_file(const char *name)
{
    struct rlimit r;
    bool grows = getrlimit(RLIMIT_FSIZE, &r) == 0 && r.rlim_cur == RLIM_INFINITY;
    return grows ? memfd_create(name, MFD_CLOEXEC) : -1;
}

static bool send_result(int data_fd, int out_fd, const qir_strbuf *out)
{
    struct frame data = {.kind = FRAME_DATA, .text_len = out->len};
    if (data_fd >= 0)
        return write_all(data_fd, out->data, out->len);
    return write_all(out_fd, &data, sizeof data) && write_all(out_fd, out->data, out->len);
}

_Noreturn static void child_main(qir_diag_engine *diag, qcg_child_fn fn, void *user, int out_fd,
                                 int data_fd, int err_fd)
{
    static const int reset[] = {SIGINT,  SIGTERM, SIGHUP, SIGPIPE, SIGSEGV,
                                SIGABRT, SIGBUS,  SIGILL, SIGTRAP, SIGXCPU};
    for (size_t i = 0; i < sizeof reset / sizeof *reset; i++)
        signal(reset[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, CPU_SECONDS);
    limit(RLIMIT_AS, max_address_space);
    if (err_fd >= 0)
        dup2(err_fd, STDERR_FILENO);
    qir_diag_set_error_limit(diag, 0); /* the parent counts */
    qir_diag_set_handler(diag, send_diag, &out_fd);
    qir_strbuf out = {0};
    bool ok = fn(user, &out);
    struct frame done = {.kind = FRAME_DONE, .severity = ok};
    bool sent = send_result(data_fd, out_fd, &out) && write_all(out_fd, &done, sizeof done);
    _exit(sent ? 0 : 1);
}

static void forward(qir_diag_engine *diag, const struct frame *f, const char *code, const char *text)
{
    switch ((qir_severity)f->severity) {
    case QIR_ERROR:
        qir_error(diag, f->loc, code, "%s", text);
        break;
    case QIR_WARNING:
        qir_warning(diag, f->loc, code && code[0] == 'W' ? code + 1 : code, "%s", text);
        break;
    case QIR_REMARK:
        qir_remark(diag, f->loc, "%s", text);
        break;
    case QIR_NOTE:
        qir_note(diag, f->loc, "%s", text);
        break;
    }
}

/* Handles all whole frames; true if the last one says that the function succeeded. */
static bool take_frames(qir_diag_engine *diag, const qir_strbuf *in, qir_strbuf *out, bool *finished)
{
    size_t at = 0;
    struct frame f;
    while (in->len - at >= sizeof f) {
        memcpy(&f, in->data + at, sizeof f);
        at += sizeof f;
        if (f.code_len > in->len - at || f.text_len > in->len - at - f.code_len)
            break;
        const char *code = in->data + at;
        const char *text = code + f.code_len;
        at += f.code_len + f.text_len;
        if (f.kind == FRAME_DIAG)
            forward(diag, &f, f.code_len ? code : NULL, text);
        else if (f.kind == FRAME_DATA)
            qir_strbuf_write(out, text, f.text_len);
        else
            *finished = true;
    }
    return *finished && f.severity;
}

/* The first line of what the child said, or "". */
static void first_line(qir_strbuf *err)
{
    char *end = err->len ? memchr(err->data, '\n', err->len) : NULL;
    if (end) {
        err->len = (size_t)(end - err->data);
        *end = '\0';
    }
}

static bool report_death(qir_diag_engine *diag, int status, qir_strbuf *err)
{
    first_line(err);
    const char *said = qir_strbuf_cstr(err);
    bool memory = strstr(said, "out of memory") || strstr(said, "bad_alloc") ||
                  (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    if (memory)
        return qir_error(diag, NULL, "codegen.memory", "code generator ran out of memory");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        return qir_error(diag, NULL, "codegen.memory",
                         "code generator used more than %d seconds of processor time", CPU_SECONDS);
    if (WIFSIGNALED(status))
        return qir_error(diag, NULL, "internal.codegen", "code generator died of signal %d%s%s",
                         WTERMSIG(status), *said ? ": " : "", said);
    return qir_error(diag, NULL, "internal.codegen", "code generator stopped with status %d%s%s",
                     WEXITSTATUS(status), *said ? ": " : "", said);
}

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static void close_all(const qcg_child *c)
{
    const int fds[] = {c->frames, c->data, c->err};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

bool qcg_child_start(qir_diag_engine *diag, qcg_child_fn fn, void *user, qcg_child *c)
{
    int fds[2];
    if (pipe(fds) < 0)
        return qir_error(diag, NULL, "codegen.process", "cannot create a pipe: %s", strerror(errno));
    *c = (qcg_child){.frames = fds[0], .data = memory_file("result"), .err = memory_file("stderr")};
    c->pid = fork();
    if (c->pid == 0) {
        close(fds[0]);
        child_main(diag, fn, user, fds[1], c->data, c->err);
    }
    close(fds[1]);
    if (c->pid > 0)
        return true;
    close_all(c);
    return qir_error(diag, NULL, "codegen.process", "cannot start the code generator: %s", strerror(errno));
}

static void read_from_start(int fd, qir_strbuf *out)
{
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) == 0)
        read_all(fd, out);
}

bool qcg_child_finish(qir_diag_engine *diag, const qcg_child *c, qir_strbuf *out, qir_strbuf *err)
{
    qir_strbuf in = {0}, said = {0}, framed = {0};
    bool finished = false;
    read_all(c->frames, &in);
    int status = wait_for(c->pid);
    bool ok = take_frames(diag, &in, &framed, &finished);
    read_from_start(c->err, &said);
    if (err)
        qir_strbuf_write(err, qir_strbuf_cstr(&said), said.len);
    if (!finished)
        report_death(diag, status, &said);
    if (ok)
        qir_strbuf_write(out, framed.data, framed.len);
    if (ok)
        read_from_start(c->data, out);
    close_all(c);
    qir_strbuf_free(&in);
    qir_strbuf_free(&said);
    qir_strbuf_free(&framed);
    return ok;
}

bool qcg_run_child(qir_diag_engine *diag, qcg_child_fn fn, void *user, qir_strbuf *out,
                   qir_strbuf *err)
{
    qcg_child c;
    return qcg_child_start(diag, fn, user, &c) && qcg_child_finish(diag, &c, out, err);
}
