/* Start-up, diagnostics to stderr, colours, outputs. */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "qir/plugin.h"

/* --- start ------------------------------------------------------------------------------------ */
static void reopen_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd)
            _exit(CL_EXIT_ERROR);
}

static void on_signal(int sig)
{
    qir_output_abandon_all();
    signal(sig, SIG_DFL);
    raise(sig);
}

/* __builtin_trap of the libraries: an invariant broke, or a buffer could not grow. */
static void on_trap(int sig)
{
    static const char text[] = "internal error, or out of memory: stopped, nothing was written\n";
    (void)sig;
    qir_output_abandon_all();
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    _exit(CL_EXIT_INTERNAL);
}

void tool_start(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};
    reopen_standard_descriptors();
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction now;
        if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN) {
            struct sigaction act = {.sa_handler = on_signal};
            sigaction(signals[i], &act, NULL);
        }
    }
    signal(SIGILL, on_trap);
    signal(SIGTRAP, on_trap);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* --- interruption ----------------------------------------------------------------------------- */
static volatile sig_atomic_t interrupted; /* the signal */

static void note_signal(int sig)
{
    interrupted = sig;
    signal(sig, on_signal);
}

const volatile sig_atomic_t *tool_catch_interrupt(void)
{
    static const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction now;
        if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            signal(signals[i], note_signal);
    }
    return &interrupted;
}

void tool_obey_interrupt(void)
{
    if (interrupted)
        on_signal(interrupted);
}

/* --- diagnostics ------------------------------------------------------------------------------ */
typedef struct sink {
    qir_diag_engine *diag;
    bool color;
} sink;

static bool saw_internal_error;

bool tool_internal_error(void)
{
    return saw_internal_error;
}

static void to_stderr(void *user, const qir_diag *d)
{
    const sink *s = user;
    if (d->severity == QIR_ERROR && d->code && !strncmp(d->code, "internal.", 9))
        saw_internal_error = true;
    qir_strbuf text = {0};
    qir_diag_render(s->diag, d, s->color, &text);
    fflush(stdout);
    fwrite(text.data, 1, text.len, stderr);
    qir_strbuf_free(&text);
}

static bool want_color(const cl_tool *tool, const char *when)
{
    const char *no_color = getenv("NO_COLOR");
    if (!strcmp(when, "always"))
        return true;
    if (!strcmp(when, "never"))
        return false;
    if (strcmp(when, "auto"))
        cl_usage_error(tool, "-fcolor expects auto, always or never, got '%.50s'", when);
    const char *term = getenv("TERM");
    return !(no_color && *no_color) && isatty(STDERR_FILENO) && term && strcmp(term, "dumb");
}

static const char known_warnings[] =
#define W(name, on, doc) ", " #name
#include "warnings.def"
    ;

static void apply_warning(const cl_tool *tool, qir_diag_engine *diag, const char *text)
{
    qir_warning_state state = QIR_WARN_ON;
    const char *name = text;
    if (!strncmp(text, "no-", 3)) {
        state = QIR_WARN_OFF;
        name += 3;
    } else if (!strncmp(text, "error=", 6)) {
        state = QIR_WARN_ERROR;
        name += 6;
    }
    if (!qir_diag_set_warning(diag, name, state))
        cl_usage_error(tool, "unknown warning '%.80s' in -W%.80s; expected one of: %s", name, text,
                       known_warnings + 2);
}

static const char known_remarks[] =
#define R(name, doc) ", " #name
#include "warnings.def"
    ;

static void apply_remark(const cl_tool *tool, qir_diag_engine *diag, const char *text)
{
    bool off = !strncmp(text, "no-", 3);
    if (!qir_diag_set_remark(diag, text + (off ? 3 : 0), !off))
        cl_usage_error(tool, "unknown remark '%.80s' in -R%.80s; expected one of: %s",
                       text + (off ? 3 : 0), text, known_remarks + 2);
}

void tool_setup_diag(const cl_tool *tool, const tool_common *common, qir_diag_engine *diag)
{
    static sink sinks[4]; /* one per engine of the tool */
    static size_t used;
    sink *s = &sinks[used < 3 ? used++ : 3];
    *s = (sink){diag, want_color(tool, common->color)};
    qir_diag_set_handler(diag, to_stderr, s);
    qir_diag_set_error_limit(diag, (unsigned)common->error_limit);
    for (size_t i = 0; i < common->warnings.len; i++)
        apply_warning(tool, diag, common->warnings.items[i]);
    for (size_t i = 0; i < common->remarks.len; i++)
        apply_remark(tool, diag, common->remarks.items[i]);
}

static void out_of_memory(void *user, size_t bytes)
{
    const cl_tool *tool = user;
    qir_output_abandon_all();
    fprintf(stderr, "%s: error: out of memory (asked for %zu bytes)\n", tool->name, bytes);
    exit(CL_EXIT_ERROR);
}

qir_context *tool_context(const cl_tool *tool, const tool_common *common)
{
    qir_context *ctx = qir_context_create(out_of_memory, (void *)(uintptr_t)tool);
    tool_setup_diag(tool, common, qir_context_diag(ctx));
    for (size_t i = 0; i < common->plugins.len; i++)
        if (!qir_plugin_load(ctx, common->plugins.items[i]))
            exit(CL_EXIT_ERROR);
    return ctx;
}

void tool_set_threads(qir_context *ctx, int64_t threads)
{
    qir_context_set_threads(ctx, threads ? (unsigned)threads : qir_threads_default());
}

/* --- outputs ---------------------------------------------------------------------------------- */
bool tool_same_file(const char *a, const char *b)
{
    struct stat x, y;
    if (!strcmp(a, "-") || !strcmp(b, "-") || stat(a, &x) || stat(b, &y))
        return false;
    return S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool tool_check_output(qir_diag_engine *diag, const char *path, const char *const *inputs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tool_same_file(path, inputs[i]))
            return qir_error(diag, NULL, "output.same", "output '%.200s' is an input, too; choose another",
                             path);
    return true;
}

bool tool_flush(qir_diag_engine *diag)
{
    return (!fflush(stdout) && !ferror(stdout)) ||
           qir_error(diag, NULL, "file.write", "cannot write '<stdout>': %s", strerror(errno));
}

bool tool_write(qir_diag_engine *diag, const char *path, const void *data, size_t len)
{
    qir_output_set *set = qir_output_set_create(diag);
    bool ok = qir_output_add(set, path ? path : "-", data, len) && qir_output_commit(set);
    qir_output_set_destroy(set);
    return ok;
}
