/* Which options of qcc exclude or need each other. */
#include "qcc.h"
#include <string.h>

typedef struct rule {
    bool broken;
    const char *message; /* its %s: */
    const char *first, *second;
} rule;

static bool is(const char *value, const char *word)
{
    return value && !strcmp(value, word);
}

static void check(const cl_tool *tool, const rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rules[i].broken)
            cl_usage_error(tool, rules[i].message, rules[i].first, rules[i].second);
}

#define CHECK(tool, rules) check(tool, rules, sizeof rules / sizeof *rules)

static void check_outputs(const cl_tool *tool, const qcc_options *o)
{
    size_t last = o->stop_after ? qcc_phase_find(o->stop_after) : qcc_num_phases;
    bool before_llvm = last < qcc_phase_find("llvm"), before_object = last < qcc_num_phases - 1;
    const rule rules[] = {
        {o->output && !*o->output, "-o expects a file name", 0, 0},
        {o->object + o->assembly + o->emit_llvm + o->emit_program + o->emit_qir > 1,
         "-c, -S, -emit-llvm, -emit-program and -emit-qir exclude each other", 0, 0},
        {before_object && (o->object || o->assembly || o->emit_program),
         "%s needs phase 'object', -stop-after=%s ends before it",
         o->object ? "-c" : o->assembly ? "-S" : "-emit-program", o->stop_after},
        {o->emit_llvm && before_llvm, "-emit-llvm needs phase 'llvm', -stop-after=%s ends before it",
         o->stop_after, 0},
        {o->debug && (o->emit_qir || before_llvm), "-g comes with an object, assembly or LLVM IR", 0, 0},
        {o->header && (o->emit_llvm || o->emit_program || o->emit_qir || before_object),
         "-header comes with an object or assembly", 0, 0},
        {o->weights_file && (o->emit_program || o->emit_qir || before_llvm),
         "-weights-file comes with an object, assembly or LLVM IR", 0, 0},
        {o->weights_file && (!*o->weights_file || is(o->weights_file, "-")),
         "-weights-file expects a file name", 0, 0},
        {o->save_params && !o->emit_qir && !before_llvm,
         "-save-params comes with QIR: add -emit-qir or -stop-after=PHASE", 0, 0},
        {o->min_memory && o->no_fuse_rows, "-fmin-memory and -fno-fuse-rows exclude each other", 0, 0},
        {o->grain && !o->threads, "-fthreads-grain needs -fthreads", 0, 0},
    };
    CHECK(tool, rules);
}

static void check_verify(const cl_tool *tool, const qcc_options *o)
{
    bool outputs = o->output || o->header || o->stop_after || o->object || o->assembly || o->emit_llvm ||
                   o->emit_program || o->emit_qir;
    const rule rules[] = {
        {(o->verify || o->bisect || o->bench) && outputs,
         "-%s compiles for itself and writes no outputs; leave out -o and its like",
         o->bisect ? "bisect" : o->verify ? "verify" : "bench", 0},
        {o->bench && (o->verify || o->bisect), "-bench excludes -verify and -bisect", 0, 0},
        {o->bench && (o->threads || o->weights_file || o->sanitize),
         "-bench measures one thread of plain code; leave out -fthreads, -weights-file and -fsanitize", 0, 0},
        {o->per_layer && !o->bench, "-per-layer needs -bench", 0, 0},
        {(o->verify || o->bisect) && (o->target || o->level),
         "-verify=LIST names levels and architectures; leave out -target and -mlevel", 0, 0},
        {o->verify_inputs.len && !o->verify && !o->bisect, "-verify-inputs needs -verify or -bisect", 0, 0},
        {o->bisect && (o->explain || o->min_sqnr || o->max_drop),
         "-bisect excludes -explain, -min-sqnr and -max-drop, which compile many times", 0, 0},
    };
    CHECK(tool, rules);
}

static bool is_raw(const qcc_options *o)
{
    for (size_t i = 0; i < o->import.preprocess.len; i++)
        if (is(o->import.preprocess.items[i], "raw"))
            return true;
    return false;
}

static void check_calibration(const cl_tool *tool, const qcc_options *o)
{
    bool samples = o->calibrate.len > 0;
    const char *measures = o->explain ? "-explain" : o->min_sqnr ? "-min-sqnr" : "-max-drop";
    const rule rules[] = {
        {o->profile && samples,
         "-profile and -calibrate exclude each other: a profile is what calibration measured", 0, 0},
        {is(o->quantize, "none") && (o->profile || samples),
         "-quantize=none needs neither -profile nor -calibrate", 0, 0},
        {(o->explain || o->min_sqnr || o->max_drop) && !samples,
         "%s needs -calibrate: it measures on samples", measures, 0},
        {o->max_drop && !o->labels, "-max-drop needs -labels", 0, 0},
        {o->labels && !o->max_drop && !o->explain, "-labels needs -max-drop or -explain", 0, 0},
        {o->save_plan && !o->min_sqnr && !o->max_drop, "-save-plan needs -min-sqnr or -max-drop", 0, 0},
        {o->accuracy && !is(o->accuracy, "plain") && !samples,
         "-accuracy=%s needs -calibrate: it measures on samples", o->accuracy, 0},
        {!samples && is_raw(o), "-preprocess=raw needs -calibrate: it changes no model", 0, 0},
        {!samples && o->limit, "-limit needs -calibrate", 0, 0},
        {!samples && !o->profile && o->observer, "-observer needs -calibrate or -profile", 0, 0},
    };
    CHECK(tool, rules);
}

/* They become words of pass pipelines. */
static void check_quotes(const cl_tool *tool, const qcc_options *o)
{
    const char *words[] = {o->quantizer, o->qconfig, o->keep_float, o->int16, o->weights, o->observer};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i] && strchr(words[i], '"'))
            cl_usage_error(tool, "quantization options hold no double quotes, got '%.80s'", words[i]);
}

void qcc_check_combinations(const cl_tool *tool, const qcc_options *o)
{
    check_outputs(tool, o);
    check_verify(tool, o);
    check_calibration(tool, o);
    check_quotes(tool, o);
}
