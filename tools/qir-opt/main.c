/* qir-opt: reads QIR, runs passes, prints QIR.  Options and splitting of the input are here. */
#include <string.h>
#include "opt.h"

static opt_options o = {.common = TOOL_COMMON_DEFAULTS, .output = "-", .verify_each = true};

static const cl_option options[] = {
    {"o", CL_STRING, &o.output, "FILE", "output (default: standard output)", 0, 0},
    {"passes", CL_STRING, &o.passes, "PIPELINE", "passes to run: 'a,b{option=1},pipeline'", 0, 0},
    TOOL_IMPORT_OPTIONS(&o.import),
    {"samples", CL_LIST, &o.samples, "[INPUT=]PATH", "samples for passes that measure", 0, 0},
    {"limit", CL_INT, &o.limit, "N", "the first N samples", 1, INT64_MAX},
    TOOL_THREADS_OPTION(&o.jobs),
    {"verify-each", CL_FLAG, &o.verify_each, NULL, "verify after each pass (default; =0: off)", 0, 0},
    {"verify-roundtrip", CL_FLAG, &o.verify_roundtrip, NULL,
     "check that printed modules read back the same", 0, 0},
    {"split-input-file", CL_FLAG, &o.split, NULL, "several modules, between lines '// -----'", 0, 0},
    {"verify-diagnostics", CL_FLAG, &o.verify_diagnostics, NULL,
     "compare messages with '// expected-error@+1 {{...}}'", 0, 0},
    {"print-before", CL_STRING, &o.print_before, "PASSES", "print the module before these", 0, 0},
    {"print-after", CL_STRING, &o.print_after, "PASSES", "print the module after these", 0, 0},
    {"print-before-all", CL_FLAG, &o.print_before_all, NULL, "print before each pass", 0, 0},
    {"print-after-all", CL_FLAG, &o.print_after_all, NULL, "print after each pass", 0, 0},
    {"print-after-change", CL_FLAG, &o.print_after_change, NULL,
     "print after each pass that changed something", 0, 0},
    {"time-passes", CL_FLAG, &o.time, NULL, "report times", 0, 0},
    {"stats", CL_FLAG, &o.stats, NULL, "report statistics of passes", 0, 0},
    {"debug-counter", CL_STRING, &o.debug_counter, "PASS=skip:N,count:M",
     "limit what a pass transforms", 0, 0},
    {"reproducer", CL_STRING, &o.reproducer, "FILE", "write the module when a pass breaks it", 0, 0},
    {"run-reproducer", CL_FLAG, &o.run_reproducer, NULL, "run the passes named in the input", 0, 0},
    {"list-passes", CL_FLAG, &o.list_passes, NULL, "print the known passes and exit", 0, 0},
    {"list-ops", CL_FLAG, &o.list_ops, NULL, "print the known ops and exit", 0, 0},
    {"print-pipeline", CL_FLAG, &o.print_pipeline, NULL, "print -passes expanded and exit", 0, 0},
    {"print-docs", CL_STRING, &o.docs, "ops|passes", "print docs/ops.md or docs/passes.md", 0, 0},
    TOOL_COMMON_OPTIONS(&o.common),
    {0},
};

static const cl_tool tool = {
    .name = "qir-opt",
    .synopsis = "[options] INPUT",
    .summary = "Reads QIR (or imports ONNX) from INPUT, '-' being standard input, runs passes and\n"
               "prints QIR.",
    .options = options,
    .max_inputs = 1,
};

/* --- splitting -------------------------------------------------------------------------------- */
static const char separator[] = "// -----";

/* The chunk that starts where `c` ends; false at the end of the text. */
static bool next_chunk(chunk *c)
{
    const char *end = (const char *)c->whole.data + c->whole.len;
    const char *s = c->text ? c->text + c->len : (const char *)c->whole.data;
    uint32_t line = c->text ? c->last_line + 1 : 1;
    if (c->text && s >= end)
        return false;
    c->text = s;
    c->first_line = line;
    for (bool first = true; s < end; first = false, line++) {
        bool cut = (size_t)(end - s) >= strlen(separator) && !memcmp(s, separator, strlen(separator));
        if (cut && !first)
            break;
        const char *eol = memchr(s, '\n', (size_t)(end - s));
        s = eol ? eol + 1 : end;
    }
    c->len = (size_t)(s - c->text);
    c->last_line = line - 1;
    return true;
}

static int process_all(const qir_bytes *bytes, const char *path, qir_strbuf *out)
{
    chunk c = {.path = path, .name = strcmp(path, "-") ? path : "<stdin>", .whole = *bytes};
    int worst = CL_EXIT_OK;
    if (!o.split || opt_is_binary(bytes)) {
        c.text = (const char *)bytes->data;
        c.len = bytes->len;
        c.first_line = 1;
        c.last_line = UINT32_MAX;
        return opt_process(&tool, &o, &c, out);
    }
    while (next_chunk(&c)) {
        if (out->len)
            qir_strbuf_printf(out, "\n%s\n", separator);
        int code = opt_process(&tool, &o, &c, out);
        if (code > worst)
            worst = code;
    }
    return worst;
}

/* Names given to -print-before and -print-after: a pass that is never run would print nothing. */
static void check_passes(const char *option, const char *list)
{
    for (const char *at = list ? list : ""; *at;) {
        size_t len = strcspn(at, ",");
        if ((len != 1 || *at != '*') && !qir_pass_find(at, len))
            cl_usage_error(&tool, "-%s: unknown pass '%.*s' (-list-passes names them)", option,
                           len < 80 ? (int)len : 80, at);
        at += len + (at[len] == ',');
    }
}

/* --- main ------------------------------------------------------------------------------------- */
static int process_input(qir_diag_engine *diag, qir_arena *arena, const char *path, qir_strbuf *out)
{
    qir_bytes bytes;
    if (strcmp(o.output, "-") && tool_same_file(path, o.output)) {
        qir_error(diag, NULL, "file.same", "'%s' is both input and output", path);
        return CL_EXIT_ERROR;
    }
    if (!qir_read_file(diag, arena, path, (size_t)o.common.max_source, "-fmax-source", &bytes))
        return CL_EXIT_ERROR;
    return process_all(&bytes, path, out);
}

int main(int argc, char **argv)
{
    cl_list inputs = {0};
    qir_strbuf out = {0};
    int code;
    tool_start();
    cl_parse(&tool, argc, argv, &inputs);
    check_passes("print-before", o.print_before);
    check_passes("print-after", o.print_after);
    qir_diag_engine *diag = qir_diag_engine_create();
    qir_arena *arena = qir_arena_create(NULL, NULL);
    tool_setup_diag(&tool, &o.common, diag);
    if (!opt_list(&tool, &o, &out, &code)) {
        if (inputs.len == 0)
            cl_usage_error(&tool, "no input ('-' is standard input)");
        code = process_input(diag, arena, inputs.items[0], &out);
    }
    bool has_output = !o.verify_diagnostics && code == CL_EXIT_OK;
    if (has_output && !tool_write(diag, o.output, out.data, out.len))
        code = CL_EXIT_ERROR;
    qir_strbuf_free(&out);
    qir_arena_destroy(arena);
    qir_diag_engine_destroy(diag);
    return code;
}
