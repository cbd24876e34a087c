/* qir-run: evaluates a model (.qir or .onnx) on given, random or sample inputs, compares, measures,
 * calibrates. */
#include "run.h"

#include <stdio.h>
#include <string.h>
#include "qir/calibrate.h"

static run_options opts = {.common = TOOL_COMMON_DEFAULTS, .atol = "1e-7", .rtol = "1e-3"};

static const cl_option options[] = {
    {"input", CL_LIST, &opts.inputs, "[NAME=]FILE", "one input: .npy, .npz, .pb or image", 0, 0},
    {"random", CL_STRING, &opts.random, "SEED", "random inputs within the range of their types", 0,
     0},
    {"output", CL_LIST, &opts.outputs, "[NAME=]FILE", "write a result as .npy", 0, 0},
    {"print", CL_FLAG, &opts.print, NULL, "print the results (default without -output)", 0, 0},
    {"hash", CL_FLAG, &opts.hash, NULL, "print a hash (xxhash64) of the bytes of all results", 0,
     0},
    {"compare", CL_LIST, &opts.compare, "[NAME=]FILE",
     "compare a result with a .npy or .pb; exit 3 if it differs", 0, 0},
    {"atol", CL_STRING, &opts.atol, "X", "absolute tolerance of -compare (default 1e-7)", 0, 0},
    {"rtol", CL_STRING, &opts.rtol, "X", "relative tolerance of -compare (default 1e-3)", 0, 0},
    {"compare-with", CL_STRING, &opts.compare_with, "MODEL",
     "op by op, SQNR and errors on -samples against another form of the model", 0, 0},
    {"worst-first", CL_FLAG, &opts.worst_first, NULL, "sort the ops of -compare-with by SQNR", 0, 0},
    {"json", CL_FLAG, &opts.json, NULL, "print what -compare-with and -quantize-tensor find as JSON", 0, 0},
    {"quantize-tensor", CL_STRING, &opts.quantize_tensor, "FILE",
     "quantize a .npy array under -spec: scales, codes, errors; takes no model", 0, 0},
    {"spec", CL_STRING, &opts.spec, "SPEC",
     "quantization of -quantize-tensor, like 'i8<-127:127> symmetric axis=0' (docs/quantization.md)", 0,
     0},
    {"samples", CL_LIST, &opts.samples, "[NAME=]PATH", "evaluate every sample of a file or folder",
     0, 0},
    {"labels", CL_STRING, &opts.labels, "FILE",
     "print top-1 against labels (.npy, or raw u8 or u32)", 0, 0},
    {"skip", CL_INT, &opts.skip, "N", "leave out the first N samples", 0, INT64_MAX},
    {"limit", CL_INT, &opts.limit, "N", "stop after N samples", 1, INT64_MAX},
    TOOL_THREADS_OPTION(&opts.jobs),
    {"calibrate", CL_LIST, &opts.calibrate, "[NAME=]PATH",
     "measure ranges on samples, write a profile to -o", 0, 0},
    {"o", CL_STRING, &opts.output_file, "FILE",
     "where -calibrate and -merge-profiles write (default: standard output)", 0, 0},
    {"shard", CL_STRING, &opts.shard, "I/N",
     "calibrate on the samples I, I + N, I + 2N, ...; I from 0", 0, 0},
    {"resume", CL_STRING, &opts.resume, "PROFILE",
     "go on with a calibration that SIGINT or SIGTERM ended", 0, 0},
    {"merge-profiles", CL_FLAG, &opts.merge, NULL,
     "the inputs are profiles; write the profile of all their samples", 0, 0},
    {"bench", CL_INT, &opts.bench, "N", "run N times and print the time per run", 1, 100000000},
    {"func", CL_STRING, &opts.func, "NAME", "function to run (default: main, or the only one)", 0,
     0},
    TOOL_IMPORT_OPTIONS(&opts.import),
#ifdef QCC_WITH_LLVM
    {"jit", CL_FLAG, &opts.jit, NULL, "compile for this machine and run that", 0, 0},
    {"mlevel", CL_STRING, &opts.level, "LEVEL", "level of -jit (default: native)", 0, 0},
    {"mcpu", CL_STRING, &opts.mcpu, "CPU", "processor of -jit (default: that of the level)", 0, 0},
    {"mattr", CL_STRING, &opts.mattr, "LIST", "processor features of -jit", 0, 0},
    {"tasks", CL_STRING, &opts.tasks, "LIST",
     "run -jit again as that many tasks, in several orders; an error where bytes differ", 0, 0},
#endif
    TOOL_COMMON_OPTIONS(&opts.common),
    {0},
};

static const cl_tool tool = {"qir-run",
                             "[options] MODEL | -merge-profiles PROFILE...",
                             "Evaluates a model; without inputs it takes random ones.",
                             options,
                             0,
                             QIR_MAX_SHARDS};

static void check_profile_usage(const cl_list *inputs)
{
    if (opts.merge && (opts.calibrate.len || opts.samples.len || opts.inputs.len))
        cl_usage_error(&tool, "-merge-profiles excludes -calibrate, -samples and -input");
    if (!opts.merge && inputs->len > 1)
        cl_usage_error(&tool, "too many inputs, did not expect '%.200s'", inputs->items[1]);
    if ((opts.shard || opts.resume) && !opts.calibrate.len)
        cl_usage_error(&tool, "-shard and -resume need -calibrate");
    if (opts.output_file && !opts.calibrate.len && !opts.merge)
        cl_usage_error(&tool, "-o belongs to -calibrate and -merge-profiles; results are written "
                              "with -output");
}

static void check_usage(void)
{
    if (opts.samples.len && (opts.inputs.len || opts.random))
        cl_usage_error(&tool, "-samples excludes -input and -random");
    if (opts.inputs.len && opts.random)
        cl_usage_error(&tool, "-input excludes -random");
    if (opts.compare_with && !opts.samples.len)
        cl_usage_error(&tool, "-compare-with needs -samples");
    if (opts.compare_with && (opts.jit || opts.labels || opts.outputs.len || opts.compare.len))
        cl_usage_error(&tool, "-compare-with excludes -jit, -labels, -output and -compare");
    if (opts.worst_first && !opts.compare_with)
        cl_usage_error(&tool, "-worst-first needs -compare-with");
    if (opts.json && !opts.compare_with && !opts.quantize_tensor)
        cl_usage_error(&tool, "-json needs -compare-with or -quantize-tensor");
    if (!opts.quantize_tensor != !opts.spec)
        cl_usage_error(&tool, "-quantize-tensor and -spec need each other");
    if (opts.labels && !opts.samples.len)
        cl_usage_error(&tool, "-labels needs -samples");
    if (opts.calibrate.len && (opts.samples.len || opts.inputs.len || opts.random || opts.jit))
        cl_usage_error(&tool, "-calibrate excludes -samples, -input, -random and -jit");
    if (opts.bench && opts.samples.len)
        cl_usage_error(&tool, "-bench measures one input; leave out -samples");
    if (opts.skip && !opts.samples.len)
        cl_usage_error(&tool, "-skip needs -samples");
    if (opts.limit && !opts.samples.len && !opts.calibrate.len)
        cl_usage_error(&tool, "-limit needs -samples or -calibrate");
    if (!opts.jit && (opts.level || opts.mcpu || opts.mattr || opts.tasks))
        cl_usage_error(&tool, "-mlevel, -mcpu, -mattr and -tasks need -jit");
}

/* No output may be one of the inputs: a typing error must not cost a model. */
static bool check_output(run *r, const char *path, const char *model)
{
    const cl_list *lists[] = {&opts.inputs, &opts.samples, &opts.compare, &opts.calibrate};
    if (!tool_check_output(r->diag, path, &model, 1) ||
        (opts.labels && !tool_check_output(r->diag, path, &opts.labels, 1)))
        return false;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!tool_check_output(r->diag, path, lists[i]->items, lists[i]->len))
            return false;
    return true;
}

static bool check_outputs(run *r, const char *model)
{
    for (size_t i = 0; i < opts.outputs.len; i++) {
        const char *text = opts.outputs.items[i], *eq = strchr(text, '=');
        if (!check_output(r, text, model) || (eq && !check_output(r, eq + 1, model)))
            return false;
    }
    return !opts.output_file || check_output(r, opts.output_file, model);
}

static bool load(run *r, const char *path)
{
    if (!check_outputs(r, path))
        return false;
    qir_import_options import = tool_import_options(&opts.import, &opts.common);
    r->module = qir_import_file(r->ctx, path, &import);
    if (!r->module || !tool_finish_import(r->module, &opts.import))
        return false;
    r->func = opts.func ? qir_module_func(r->module, qir_intern_cstr(r->ctx, opts.func))
                        : qir_module_main(r->module);
    return r->func || qir_error(r->diag, NULL, "run.func",
                                "no such function; name one of the module's with -func");
}

int main(int argc, char **argv)
{
    cl_list inputs = {0};
    tool_start();
    cl_parse(&tool, argc, argv, &inputs);
    check_usage();
    if (!inputs.len != !!opts.quantize_tensor)
        cl_usage_error(&tool, inputs.len ? "-quantize-tensor takes no model" : "no input");
    check_profile_usage(&inputs);
    run r = {.tool = &tool, .opts = &opts, .ctx = tool_context(&tool, &opts.common)};
    r.diag = qir_context_diag(r.ctx);
    tool_set_threads(r.ctx, opts.jobs);
    int code = CL_EXIT_ERROR;
    if (opts.quantize_tensor)
        code = run_quantize_tensor(&r);
    else if (opts.merge)
        code = run_merge(&r, &inputs);
    else if (load(&r, inputs.items[0]))
        code = opts.calibrate.len  ? run_calibrate(&r)
               : opts.compare_with ? run_compare_with(&r)
               : opts.samples.len  ? run_samples(&r)
                                   : run_once(&r);
    if (code == CL_EXIT_OK && !tool_flush(r.diag))
        code = CL_EXIT_ERROR;
    if (tool_internal_error())
        code = CL_EXIT_INTERNAL;
    if (r.module)
        qir_module_destroy(r.module);
    qir_context_destroy(r.ctx);
    return code;
}
