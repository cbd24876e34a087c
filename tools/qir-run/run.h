/* Between the files of qir-run. */
#ifndef QIR_RUN_H
#define QIR_RUN_H

#include "import.h"
#include "qir/eval.h"
#include "qir/samples.h"

typedef struct run_options {
    tool_common common;
    tool_import import;
    const char *func;
    cl_list inputs, samples, outputs, compare;
    const char *random, *labels, *output_file;
    const char *atol, *rtol, *compare_with;
    const char *quantize_tensor, *spec;
    int64_t skip, limit, bench, jobs;
    cl_list calibrate;
    const char *shard, *resume;
    bool merge;
    bool print, hash, jit, worst_first, json;
    const char *level, *mcpu, *mattr;
    const char *tasks;
} run_options;

typedef struct run {
    const cl_tool *tool;
    const run_options *opts;
    qir_context *ctx;
    qir_diag_engine *diag;
    qir_module *module;
    qir_func *func;
} run;

/* What executes the function: the evaluator or the JIT. */
typedef struct engine engine;
engine *engine_create(run *r); /* NULL: diagnosed */
void engine_destroy(engine *e);
/* Results are owned by the engine until the next call.  False: diagnosed. */
bool engine_run(engine *e, const qir_tensor *in, qir_tensor *out);

/* Results of `samples` runs: per function result one buffer of all samples' bytes. */
typedef struct results {
    int64_t samples;
    bool stacked;      /* several samples may be there: written with a leading sample axis */
    qir_strbuf *bytes; /* func->nresults */
} results;
void results_init(const run *r, results *s);
void results_add(const run *r, results *s, const qir_tensor *out);
void results_free(const run *r, results *s);

/* Name of a result as the model calls it. */
const char *result_name(const run *r, uint32_t i);

/* -print, -output, -hash; false: diagnosed. */
bool results_report(run *r, const results *s);
/* -compare: an exit code. */
int results_compare(run *r, const results *s);
/* -labels: prints top-1.  `first`: index of the first sample in the file. */
bool results_top1(run *r, const results *s, int64_t first, int64_t total);

int run_calibrate(run *r);
int run_merge(run *r, const cl_list *paths); /* profiles */
int run_samples(run *r);
int run_once(run *r);
int run_compare_with(run *r);
int run_quantize_tensor(run *r);

/* `name=path`, or a bare path for the only result.  False: diagnosed. */
bool find_result(run *r, const char *text, uint32_t *index, const char **path);

/* Options that several files read. */
qir_samples *open_samples(run *r, const cl_list *paths); /* NULL: diagnosed */

#endif
