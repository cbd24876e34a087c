/* qir-opt: what the command line says, and the parts of the tool. */
#ifndef QIR_OPT_H
#define QIR_OPT_H

#include "qir/pass.h"
#include "qir/support/file.h"
#include "qir/text.h"
#include "import.h"

typedef struct opt_options {
    tool_common common;
    const char *passes, *output, *reproducer, *debug_counter, *print_before, *print_after, *docs;
    bool verify_each, verify_roundtrip, print_after_all, print_before_all, print_after_change;
    bool split, verify_diagnostics, time, stats, run_reproducer;
    bool list_passes, list_ops, print_pipeline;
    tool_import import;
    cl_list samples;
    int64_t limit, jobs;
} opt_options;

/* One module's worth of source: lines [first_line, last_line] of `whole`. */
typedef struct chunk {
    const char *path; /* as given; "-" = standard input */
    const char *name; /* for locations */
    qir_bytes whole;
    const char *text;
    size_t len;
    uint32_t first_line, last_line;
} chunk;

/* process.c: reads, runs, prints one chunk to `out`; an exit code of cl.h. */
int opt_process(const cl_tool *tool, const opt_options *o, const chunk *c, qir_strbuf *out);
/* True if the bytes are no text: a model for the frontends. */
bool opt_is_binary(const qir_bytes *b);

/* list.c: -list-passes, -list-ops, -print-docs, -print-pipeline; true if one was asked for, then
 * `out` has the text and *code the exit code. */
bool opt_list(const cl_tool *tool, const opt_options *o, qir_strbuf *out, int *code);

#endif
