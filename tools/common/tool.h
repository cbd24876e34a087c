/* What every tool does at its start and end. */
#ifndef QCC_TOOLS_TOOL_H
#define QCC_TOOLS_TOOL_H

#include <signal.h>
#include "cl.h"
#include "qir/context.h"
#include "qir/support/file.h"
#include "qir/support/parallel.h"

/* Options that every tool has; destinations of TOOL_COMMON_OPTIONS. */
typedef struct tool_common {
    cl_list warnings; /* -W */
    cl_list plugins;  /* -load-plugin */
    cl_list remarks;  /* -R */
    int64_t max_source, error_limit;
    const char *color; /* auto, always, never */
} tool_common;

#define TOOL_COMMON_DEFAULTS {.max_source = (int64_t)1 << 30, .error_limit = 20, .color = "auto"}

#define TOOL_COMMON_OPTIONS(c)                                                                     \
    {"load-plugin", CL_LIST, &(c)->plugins, "FILE",                                                \
     "shared object that adds quantizers, observers and passes", 0, 0},                            \
    {"W", CL_JOINED, &(c)->warnings, "[no-|error=]NAME", "warning on, off, or made an error", 0, 0}, \
    {"R", CL_JOINED, &(c)->remarks, "[no-]NAME", "remark on or off", 0, 0},                        \
    {"fmax-source", CL_INT, &(c)->max_source, "BYTES", "largest input (default 1 GiB)", 1,         \
     INT64_MAX},                                                                                   \
    {"ferror-limit", CL_INT, &(c)->error_limit, "N", "stop after N errors (default 20, 0 = never)", \
     0, 1 << 30},                                                                                  \
    {"fcolor", CL_STRING, &(c)->color, "auto|always|never", "colours", 0, 0}

/* -j of tools that compute: `dest` is an int64_t, 0 unless given. */
#define TOOL_THREADS_OPTION(dest)                                                                  \
    {"j", CL_INT, dest, "N",                                                                       \
     "threads for what is computed on samples, processes for machine code; results are the same (default: one per CPU, at most 8)", 1, \
     QIR_MOST_THREADS}

/* First thing in main: reopens descriptors 0 to 2 when the caller closed them (an output file must
 * never get one of them) and installs handlers that remove staged outputs on SIGINT, SIGTERM,
 * SIGHUP and SIGXCPU.  SIGPIPE and SIGXFSZ become write errors.  A trap (SIGILL, SIGTRAP) of the
 * libraries exits with CL_EXIT_INTERNAL. */
void tool_start(void);

/* From here on SIGINT and SIGTERM only set the flag returned, once; a second one ends the process as
 * always.  tool_obey_interrupt: if the flag is set, the process ends by that signal now. */
const volatile sig_atomic_t *tool_catch_interrupt(void);
void tool_obey_interrupt(void);

/* A context whose diagnostics go to stderr, with the common options applied and plugins loaded.  A plugin
 * that does not load, and running out of memory, print an error and exit with CL_EXIT_ERROR. */
qir_context *tool_context(const cl_tool *tool, const tool_common *common);

/* What -j says, 0: the default. */
void tool_set_threads(qir_context *ctx, int64_t threads);

/* Applies -ferror-limit, -W, -R and colours to any engine; usage error for unknown names. */
void tool_setup_diag(const cl_tool *tool, const tool_common *common, qir_diag_engine *diag);

/* Has an error with a code "internal.*" been printed?  Then the exit code is CL_EXIT_INTERNAL. */
bool tool_internal_error(void);

/* A progress line on standard error, only when that is a terminal; cleared at the end.  `total` 0:
 * unknown.  Fits qir_calibrate_options.progress. */
void tool_progress(void *user, int64_t done, int64_t total);
/* The same of a pass: in percent. */
void tool_pass_progress(const char *pass, int64_t done, int64_t total);

/* True if both paths name one existing file ("-" never does): `-o` must not be the input. */
bool tool_same_file(const char *a, const char *b);

/* Is `path` none of the `n` inputs?  False: diagnosed. */
bool tool_check_output(qir_diag_engine *diag, const char *path, const char *const *inputs, size_t n);

/* Writes out what stdio holds for standard output: last thing for tools that print results.  False:
 * something printed did not arrive; diagnosed. */
bool tool_flush(qir_diag_engine *diag);

/* Writes one output ("-" or NULL: standard output), whole or not at all. */
bool tool_write(qir_diag_engine *diag, const char *path, const void *data, size_t len);

#endif
