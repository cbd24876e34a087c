/* The option table of qcc. */
#include "qcc.h"
#include <stdlib.h>
#include <string.h>

static qcc_options o = {.common = TOOL_COMMON_DEFAULTS};

static const cl_option options[] = {
    {"o", CL_STRING, &o.output, "FILE", "output; '-' is standard output (default: MODEL.o here; QIR: '-')", 0, 0},
    {"c", CL_FLAG, &o.object, NULL, "write an object file and its header (default)", 0, 0},
    {"S", CL_FLAG, &o.assembly, NULL, "write assembly text", 0, 0},
    {"g", CL_FLAG, &o.debug, NULL,
     "line tables: code maps to lines of the QIR input, or of QIR written beside the object", 0, 0},
    {"emit-llvm", CL_FLAG, &o.emit_llvm, NULL, "write LLVM IR", 0, 0},
    {"emit-program", CL_FLAG, &o.emit_program, NULL,
     "write an object with an entry of its own: 'ld.lld -static' makes a program that runs the model", 0, 0},
    {"emit-qir", CL_FLAG, &o.emit_qir, NULL, "write QIR, after the last phase before LLVM", 0, 0},
    {"header", CL_STRING, &o.header, "FILE", "C header (default: beside the object)", 0, 0},
    {"MD", CL_FLAG, &o.dependencies, NULL,
     "write what was read as a rule for make and ninja (default: beside the object, .d)", 0, 0},
    {"MF", CL_STRING, &o.depfile, "FILE", "-MD, to this file", 0, 0},
    {"weights-file", CL_STRING, &o.weights_file, "FILE",
     "large constants into this file, which the application maps, instead of into the object", 0, 0},
    {"save-params", CL_STRING, &o.save_params, "FILE",
     "with QIR output: large constants into this safetensors file, beside the output", 0, 0},
    {"name", CL_STRING, &o.name, "NAME", "prefix of C names (default: from the output's name)", 0, 0},
    {"fprefix", CL_STRING, &o.name, "NAME", "the same as -name", 0, 0},
    {"stop-after", CL_STRING, &o.stop_after, "PHASE",
     "import, canonicalize, prepare, calibrate, convert, lower, prepack, plan, llvm or object", 0, 0},

    {"target", CL_STRING, &o.target, "TRIPLE", "x86_64, aarch64 or an LLVM triple (default: here)", 0,
     0},
    {"mlevel", CL_STRING, &o.level, "LIST",
     "instructions to use: levels, native, baseline or all; the object chooses among several "
     "(default: what every such CPU has)", 0, 0},
    {"mcpu", CL_STRING, &o.cpu, "CPU", "schedule for this CPU; adds no instructions", 0, 0},
    {"mattr", CL_STRING, &o.attrs, "LIST", "+feature,-feature: LLVM features besides the level's", 0,
     0},
    {"fthreads", CL_FLAG, &o.threads, NULL, "also NAME_run_mt, which runs on the caller's threads", 0, 0},
    {"fthreads-grain", CL_INT, &o.grain, "N",
     "least work of a thread, in products of floats (default 49152)", 1, UINT32_MAX},
    {"fmin-memory", CL_FLAG, &o.min_memory, NULL,
     "chains of layers row by row wherever that saves memory, whatever time it takes", 0, 0},
    {"fno-fuse-rows", CL_FLAG, &o.no_fuse_rows, NULL,
     "every layer as a whole, even where row by row would save memory at no time", 0, 0},
    {"fsanitize", CL_STRING, &o.sanitize, "thread",
     "for tests of callers: calls of LLVM's thread sanitizer, whose runtime the object then needs", 0, 0},

    {"quantize", CL_STRING, &o.quantize, "static|if-faster|dynamic|weight-only|none",
     "how (default: static when data is given)", 0, 0},
    {"calibrate", CL_LIST, &o.calibrate, "[INPUT=]PATH",
     ".npy, .npz, or a folder of arrays or images to measure ranges on", 0, 0},
    {"limit", CL_INT, &o.limit, "N", "calibrate on the first N samples", 1, INT64_MAX},
    {"profile", CL_STRING, &o.profile, "FILE", "ranges that 'qir-run -calibrate' measured", 0, 0},
    {"observer", CL_STRING, &o.observer, "KIND",
     "how ranges are measured: histogram-exact, histogram, minmax, moving-average, mse, percentile or "
     "entropy, with a parameter behind ':' (default: as the quantizer says)", 0, 0},
    {"quantizer", CL_STRING, &o.quantizer, "LIST",
     "which ops and how: default (qcc's own), xnnpack (PyTorch's, no scale below 2^-12), fbgemm, qnnpack, full-int8, dynamic, weight-only; NAME{option=value}", 0, 0},
    {"qconfig", CL_STRING, &o.qconfig, "FILE", "rules by name, module and op: a .qcfg file (JSON)", 0, 0},
    {"keep-float", CL_STRING, &o.keep_float, "REGEX", "ops whose name it matches stay in float", 0, 0},
    {"int16", CL_STRING, &o.int16, "REGEX",
     "results of ops, and inputs, whose name it matches are stored in 16 bits (docs/quantizers.md)", 0, 0},
    {"weights", CL_STRING, &o.weights, "LIST",
     "widths of weights: int8, int4:g32, ...; each with @REGEX for some ops", 0, 0},
    {"accuracy", CL_STRING, &o.accuracy, "plain|fast|best",
     "plain: ranges alone; fast: equalized channels and corrected biases, too; best: and weights rounded by what samples tell (docs/driver.md)", 0, 0},
    {"O", CL_JOINED, &o.levels, "N",
     "-O2: -accuracy=fast; -O0, -O1: -accuracy=plain; -Os: small constants before speed (with any of them)", 0, 0},
    {"explain", CL_FLAG, &o.explain, NULL,
     "say which layers cost accuracy and why, measured on the samples", 0, 0},
    {"min-sqnr", CL_STRING, &o.min_sqnr, "DB",
     "leave layers in float until the results keep this SQNR on the samples", 0, 0},
    {"max-drop", CL_STRING, &o.max_drop, "POINTS",
     "leave layers in float until top-1 on the samples drops no more (with -labels)", 0, 0},
    {"labels", CL_STRING, &o.labels, "FILE", "labels of the samples (.npy, or raw u8 or u32)", 0, 0},
    {"save-plan", CL_STRING, &o.save_plan, "FILE",
     "where -min-sqnr and -max-drop write what they chose, for -qconfig (default: plan.json)", 0, 0},
    {"io", CL_STRING, &o.io, "float|int8", "what callers pass and get: float (default) or int8", 0, 0},

    TOOL_IMPORT_OPTIONS(&o.import),
    {"passes", CL_STRING, &o.passes, "PIPELINE", "more passes, run after canonicalize", 0, 0},

    {"report", CL_FLAG, &o.report, NULL, "say what became int8, what stayed float and why, and sizes",
     0, 0},
    {"fselftest", CL_FLAG, &o.selftest, NULL,
     "also NAME_selftest, which runs a built-in input and names the op that is wrong", 0, 0},
    {"fno-provenance", CL_FLAG, &o.no_provenance, NULL,
     "no note in the object of the model, options and quantization it comes from", 0, 0},
    {"show-provenance", CL_FLAG, &o.show_provenance, NULL,
     "print the notes in an object or executable, and exit", 0, 0},
    {"diff", CL_FLAG, &o.compare, NULL,
     "say how the notes of two objects differ, and exit: 0 if they do not", 0, 0},
    {"import-report", CL_OPTIONAL, &o.import_report, "json|FILE",
     "say what became of each node of the model", 0, 0},
    {"supported-ops", CL_OPTIONAL, &o.supported_ops, "json",
     "print the operators that the importers take, and exit", 0, 0},
    {"verify", CL_OPTIONAL, &o.verify, "LIST",
     "run the model at all levels (or these), natively or emulated, and compare; exit 3 if results differ", 0, 0},
    {"bisect", CL_OPTIONAL, &o.bisect, "FILE",
     "name the first pass or level (of -verify) that changes results; write what shows it to FILE (bisect.qir)", 0, 0},
    {"verify-inputs", CL_LIST, &o.verify_inputs, "[NAME=]FILE",
     "what -verify and -bisect run the model on (default: values at the limits of each type)", 0, 0},
    {"bench", CL_OPTIONAL, &o.bench, "json",
     "run the model at the levels that this CPU has (or -mlevel), and print times", 0, 0},
    {"per-layer", CL_FLAG, &o.per_layer, NULL, "with -bench: kernel, predicted and measured time of every op", 0, 0},
    TOOL_THREADS_OPTION(&o.jobs),
    {"v", CL_FLAG, &o.verbose, NULL, "name the phases as they run", 0, 0},
    {"time-passes", CL_FLAG, &o.time_passes, NULL, "time of every pass", 0, 0},
    TOOL_COMMON_OPTIONS(&o.common),
    {0},
};

static const cl_tool tool = {
    "qcc", "[options] MODEL",
    "Compiles a neural network (.onnx, .pt2, .tflite or .qir) to an object file without dependencies and a C header.\n"
    "A float model is quantized when samples (-calibrate) or a profile (-profile) are given.",
    options, 0, 2};

/* NULL or one of the names, which end with NULL. */
static void check_word(const char *option, const char *value, const char *const *names,
                       const char *expected)
{
    if (!value)
        return;
    for (size_t i = 0; names[i]; i++)
        if (!strcmp(value, names[i]))
            return;
    cl_usage_error(&tool, "-%s expects %s, got '%.80s'", option, expected, value);
}

static void check_words(void)
{
    static const char *const accuracy[] = {"plain", "fast", "best", NULL};
    static const char *const io[] = {"float", "int8", NULL};
    static const char *const sanitizers[] = {"thread", NULL};
    if (o.quantize && !qcc_is_way(o.quantize))
        cl_usage_error(&tool, "-quantize expects static, if-faster, dynamic, weight-only or none, got '%.80s'",
                       o.quantize);
    check_word("accuracy", o.accuracy, accuracy, "plain, fast or best");
    check_word("io", o.io, io, "float or int8");
    check_word("fsanitize", o.sanitize, sanitizers, "thread");
    if (o.stop_after && qcc_phase_find(o.stop_after) == qcc_num_phases)
        cl_usage_error(&tool, "-stop-after: unknown phase '%.80s'; expected import, canonicalize, "
                              "prepare, calibrate, convert, lower, prepack, plan, llvm or object",
                       o.stop_after);
}

static void check_number(const char *option, const char *value)
{
    char *end;
    double v = value ? strtod(value, &end) : 0.0;
    if (value && (end == value || *end || !(v >= 0.0)))
        cl_usage_error(&tool, "-%s expects a number that is not negative, got '%.80s'", option, value);
}

/* -O2 and its like are other words for -accuracy; the last one counts.  -Os stands beside them. */
static void apply_levels(void)
{
    const char *level = NULL;
    for (size_t i = 0; i < o.levels.len; i++) {
        const char *one = o.levels.items[i];
        if (strlen(one) != 1 || !strchr("012s", *one))
            cl_usage_error(&tool, "-O expects 0, 1, 2 or s, got '%.80s'", one);
        o.small = o.small || *one == 's';
        level = *one == 's' ? level : one;
    }
    if (level && !o.accuracy && (*level == '2' ? o.calibrate.len != 0 : true))
        o.accuracy = *level == '2' ? "fast" : "plain";
}

const cl_tool *qcc_parse_options(int argc, char **argv, qcc_options *out)
{
    cl_list inputs = {0};
    cl_parse(&tool, argc, argv, &inputs);
    if (o.supported_ops && *o.supported_ops && strcmp(o.supported_ops, "json"))
        cl_usage_error(&tool, "-supported-ops takes no value but json, got '%.80s'", o.supported_ops);
    if (o.bench && *o.bench && strcmp(o.bench, "json"))
        cl_usage_error(&tool, "-bench takes no value but json, got '%.80s'", o.bench);
    if (!inputs.len && !o.supported_ops)
        cl_usage_error(&tool, "no input");
    if (!o.compare && inputs.len > 1)
        cl_usage_error(&tool, "too many inputs, did not expect '%.200s'", inputs.items[1]);
    if (o.compare && (inputs.len != 2 || o.show_provenance))
        cl_usage_error(&tool, "-diff expects two files and excludes -show-provenance");
    o.input = inputs.len ? inputs.items[0] : "-";
    o.diff = o.compare ? inputs.items[1] : NULL;
    apply_levels();
    check_number("min-sqnr", o.min_sqnr);
    check_number("max-drop", o.max_drop);
    o.save_plan = o.save_plan || (!o.min_sqnr && !o.max_drop) ? o.save_plan : "plan.json";
    check_words();
    qcc_check_combinations(&tool, &o);
    *out = o;
    return &tool;
}
