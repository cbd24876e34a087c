/* qir-reduce: shrinks a module while a test still finds it interesting. */
#include <stdio.h>
#include <unistd.h>
#include "import.h"
#include "predicate.h"
#include "reduce.h"
#include "qir/text.h"

typedef struct options {
    tool_common common;
    tool_import import;
    const char *test, *differs, *output;
    int64_t jobs, seconds, max_tests;
    bool verbose;
} options;

static options o = {.common = TOOL_COMMON_DEFAULTS, .output = "-", .jobs = 1, .seconds = 60};

static const cl_option table[] = {
    {"test", CL_STRING, &o.test, "SCRIPT",
     "executable that gets the file of a candidate and exits with 0 if it is still interesting", 0, 0},
#ifdef QCC_WITH_LLVM
    {"differs", CL_STRING, &o.differs, "LEVEL,...",
     "without a script: interesting is what computes other bytes at these levels than the evaluator does", 0, 0},
#endif
    {"o", CL_STRING, &o.output, "FILE", "the smallest module found (default: standard output)", 0, 0},
    {"j", CL_INT, &o.jobs, "N", "candidates tested at a time (default 1; same result)", 1, 64},
    {"timeout", CL_INT, &o.seconds, "SECONDS", "for one test; longer: not interesting (default 60, 0: any)", 0, 86400},
    {"max-tests", CL_INT, &o.max_tests, "N", "stop after N tests with what was found", 0, INT64_MAX},
    {"v", CL_FLAG, &o.verbose, NULL, "show what the script prints", 0, 0},
    TOOL_IMPORT_OPTIONS(&o.import),
    TOOL_COMMON_OPTIONS(&o.common),
    {0},
};

static const cl_tool tool = {
    "qir-reduce", "[options] -test=SCRIPT MODEL",
    "Makes a model as small as possible while a test finds it interesting: fewer ops, results and\n"
    "arguments, smaller shapes, simpler constants.  Every candidate verifies before it is tested.",
    table, 1, 1};

static void show(void *user, const char *strategy, size_t ops, size_t tests)
{
    (void)user;
    fprintf(stderr, "\r\033[K%zu ops, %zu tests: %s", ops, tests, strategy);
}

static bool write_result(qir_diag_engine *diag, const reduce_result *result)
{
    qir_strbuf text = {0};
    qir_print(result->module, NULL, &text);
    bool ok = tool_write(diag, o.output, text.data, text.len);
    qir_strbuf_free(&text);
    return ok;
}

static bool reduce(qir_module *m, reduce_options *opts)
{
    qir_diag_engine *diag = qir_context_diag(m->ctx);
    reduce_result result;
    size_t before = reduce_count_ops(m);
    bool ok = reduce_module(m, opts, &result);
    if (opts->progress)
        fprintf(stderr, "\r\033[K");
    if (!ok)
        return qir_error(diag, m->loc, "reduce.input", o.test ? "the test does not find the module itself "
                         "interesting; expected exit status 0 for what is to be shrunk"
                         : "the module computes the same bytes as the evaluator at these levels");
    qir_remark(diag, NULL, "%zu ops became %zu, after %zu tests", before,
               reduce_count_ops(result.module), result.tests);
    ok = write_result(diag, &result);
    qir_module_destroy(result.module);
    return ok;
}

static bool reduce_by_script(qir_module *m, reduce_options *opts)
{
    script s;
    if (!script_open(&s, qir_context_diag(m->ctx), o.test, opts->jobs, o.verbose))
        return false;
    opts->interesting = script_accepts;
    opts->user = &s;
    bool ok = reduce(m, opts);
    script_close(&s);
    return ok;
}

#ifdef QCC_WITH_LLVM
static bool reduce_by_level(qir_module *m, reduce_options *opts)
{
    differs d;
    if (!differs_choose(&d, m->ctx, o.differs))
        return false;
    opts->interesting = differs_accepts;
    opts->user = &d;
    return reduce(m, opts);
}
#else
static bool reduce_by_level(qir_module *m, reduce_options *opts)
{
    (void)m;
    (void)opts;
    return false; /* there is no such option */
}
#endif

static bool run(qir_context *ctx, const char *input)
{
    qir_diag_engine *diag = qir_context_diag(ctx);
    qir_import_options import = tool_import_options(&o.import, &o.common);
    if (!tool_check_output(diag, o.output, &input, 1))
        return false;
    qir_module *m = qir_import_file(ctx, input, &import);
    reduce_options opts = {.jobs = (unsigned)o.jobs,
                           .seconds = (unsigned)o.seconds,
                           .max_tests = (size_t)o.max_tests,
                           .stop = tool_catch_interrupt(),
                           .progress = isatty(STDERR_FILENO) ? show : NULL};
    bool ok = m && tool_finish_import(m, &o.import);
    if (ok && !qir_module_main(m))
        ok = qir_error(diag, m->loc, "reduce.func", "the module has no function 'main'");
    ok = ok && (o.test ? reduce_by_script(m, &opts) : reduce_by_level(m, &opts));
    qir_module_destroy(m);
    return ok;
}

int main(int argc, char **argv)
{
    cl_list inputs = {0};
    tool_start();
    cl_parse(&tool, argc, argv, &inputs);
    if (!o.test == !o.differs)
        cl_usage_error(&tool, "expected either -test=SCRIPT or -differs=LEVEL");
    qir_context *ctx = tool_context(&tool, &o.common);
    bool ok = run(ctx, inputs.items[0]);
    qir_context_destroy(ctx);
    return ok ? CL_EXIT_OK : tool_internal_error() ? CL_EXIT_INTERNAL : CL_EXIT_ERROR;
}
