/* Passes: one file each in passes/transforms, self-registering, run by name from pipelines like
 * "fold-batch-norm,insert-observers{observer=histogram}". */
#ifndef QIR_PASS_H
#define QIR_PASS_H

#include "qir/ir.h"
#include "qir/layer_log.h"
#include "qir/rewrite.h"
#include "qir/samples.h"
#include "qir/support/strbuf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Stages a module can be in; bits of qir_module.stage, checked by the manager. */
enum qir_stage {
    QIR_STAGE_OBSERVED = 1,  /* observe ops present */
    QIR_STAGE_QDQ = 2,       /* quantize/dequantize pairs around float ops */
    QIR_STAGE_QUANTIZED = 4, /* integer ops; dequantize only before float ops and results */
    QIR_STAGE_LAYOUTS = 8,   /* physical orders assigned */
    QIR_STAGE_PACKED = 16,   /* weights prepacked */
    QIR_STAGE_PLANNED = 32   /* buffers assigned */
};

/* The stage of a module: bits above.  Kept in the module attribute `stage = ["qdq", ...]` too, so
 * that it survives the text form.  Reading merges both (a parsed module has only the attribute);
 * writing sets both.  Do not assign qir_module.stage directly. */
unsigned qir_module_stage(qir_module *m);
void qir_module_set_stage(qir_module *m, unsigned stage);
/* "qdq" for QIR_STAGE_QDQ; one bit. */
const char *qir_stage_name(unsigned bit);
/* Checks that the attribute names known stages and that the ops present fit the stage (no `observe`
 * unless OBSERVED).  False: diagnosed. */
bool qir_module_check_stage(qir_module *m);

typedef enum qir_option_kind { QIR_OPT_BOOL, QIR_OPT_INT, QIR_OPT_FLOAT, QIR_OPT_STRING } qir_option_kind;

typedef struct qir_pass_option {
    const char *name;
    qir_option_kind kind;
    const char *dflt;
    const char *doc;
} qir_pass_option;

typedef struct qir_pass qir_pass; /* one run of one pass: options, statistics, scratch */

typedef struct qir_pass_desc {
    const char *name;    /* flag name: fold-batch-norm */
    const char *alias;   /* other spellings, e.g. TorchScript's: "A,B{option=value}"; may be NULL */
    const char *summary; /* one line */
    const char *doc;     /* Changes / Requires / Leaves, formula and source; Markdown */
    unsigned requires;   /* stage bits that must be set */
    unsigned excludes;   /* stage bits that must not be set */
    unsigned sets, clears;
    bool samples; /* measures on samples: where there are none it leaves the module as it is, with a remark */
    const qir_pass_option *options; /* ends with name NULL; may be NULL */
    const char *const *statistics;  /* names, ends with NULL; may be NULL */
    bool (*run)(qir_pass *p, qir_module *m); /* false = failed and diagnosed */
} qir_pass_desc;

/* At the end of passes/transforms/<name>.c; the build collects these symbols from the file names. */
#define QIR_PASS(ident, ...) const qir_pass_desc qir_pass_desc_##ident = {__VA_ARGS__};

/* Inside run(). */
bool qir_pass_bool(const qir_pass *p, const char *option);
int64_t qir_pass_int(const qir_pass *p, const char *option);
double qir_pass_float(const qir_pass *p, const char *option);
const char *qir_pass_string(const qir_pass *p, const char *option);
qir_arena *qir_pass_arena(qir_pass *p); /* reset after the pass */
void qir_pass_count(qir_pass *p, const char *statistic, int64_t n);
/* Text for the user, to the manager's sink (reports that a pass was asked to print). */
void qir_pass_write(qir_pass *p, const char *text, size_t len);
/* Runs the samples that the tool was given (qir_pm_options.samples) through `f`, one after the other; at
 * most `limit` of them unless that is 0.
 * False: diagnosed, for instance because there are none. */
bool qir_pass_run_samples(qir_pass *p, qir_func *f, const qir_eval_options *eval, int64_t limit);
/* The same samples, to be read; the caller closes them.  NULL: diagnosed. */
qir_samples *qir_pass_open_samples(qir_pass *p, qir_func *f, int64_t *count);
/* Tells the tool how far the pass is (qir_pm_options.progress). */
void qir_pass_progress(const qir_pass *p, int64_t done, int64_t total);
/* What layers of the module did when the tool ran all samples through it (qir_pm_options.layer_log); NULL:
 * not known. */
const qir_layer_log *qir_pass_layer_log(const qir_pass *p);
/* True when the debug counter of this pass lets the next transformation happen
 * (-debug-counter=pass=skip:3,count:1).  Call once per transformation. */
bool qir_pass_may_transform(qir_pass *p);

/* --- registry and manager --------------------------------------------------------------------- */
const qir_pass_desc *const *qir_pass_registry(size_t *n); /* sorted by name */
const qir_pass_desc *qir_pass_find(const char *name, size_t len);
/* Adds a pass to those of a context, for all of its managers; the row is borrowed.  False: the name is
 * taken (diagnosed). */
bool qir_pass_register(qir_context *ctx, const qir_pass_desc *d);

typedef struct qir_named_pipeline {
    const char *name, *passes, *doc;
} qir_named_pipeline;
const qir_named_pipeline *qir_pipelines(size_t *n); /* simplify, prepare, convert, ... */
const qir_named_pipeline *qir_pipeline_find(const char *name, size_t len);

/* docs/passes.md: every pass and named pipeline, from the tables. */
void qir_docs_passes(qir_strbuf *out);

typedef struct qir_pass_manager qir_pass_manager;

typedef struct qir_pm_options {
    bool verify_each;
    bool verify_roundtrip; /* print, parse, print after each pass and compare */
    const char *print_before, *print_after; /* comma-separated pass names, "*" = all; NULL none */
    bool print_after_change;
    bool time, stats;
    const char *debug_counter; /* "pass=skip:3,count:1;..." */
    const qir_sample_source *samples; /* for passes that measure; NULL none */
    const qir_layer_log *layer_log; /* of the same samples and module; NULL none */
    void (*progress)(const char *pass, int64_t done, int64_t total); /* of passes that take long; NULL none */
    const char *reproducer;    /* path written when a pass fails to verify; NULL none */
    /* Called before and after each pass with its text in the pipeline ("dce", "a{b=1}"); false ends the run,
     * which then fails without a diagnostic.  NULL: none. */
    bool (*watch)(void *user, bool after, const char *pass, qir_module *m);
    void *watch_user;
    /* Sink for printed IR and reports; NULL: stderr. */
    void (*write)(void *user, const char *text, size_t len);
    void *user;
} qir_pm_options;

qir_pass_manager *qir_pm_create(qir_context *ctx, const qir_pm_options *opts);
void qir_pm_destroy(qir_pass_manager *pm);
/* Adds a pass known to this manager only (tests, plugins); before qir_pm_add.  False: name taken. */
bool qir_pm_register(qir_pass_manager *pm, const qir_pass_desc *d);
/* Parses and appends a textual pipeline; diagnoses unknown passes and options with the column. */
bool qir_pm_add(qir_pass_manager *pm, const char *pipeline);
void qir_pm_print(const qir_pass_manager *pm, qir_strbuf *out);
bool qir_pm_run(qir_pass_manager *pm, qir_module *m);
/* True when the last run failed by a fault of a pass (module does not verify after it), not of the
 * input: tools exit with 70. */
bool qir_pm_internal_error(const qir_pass_manager *pm);
/* Statistics and timing of the last run as text. */
void qir_pm_report(const qir_pass_manager *pm, qir_strbuf *out);

/* Shortcut: parse and run `pipeline` with default options (verify_each in builds with asserts). */
bool qir_run_pipeline(qir_module *m, const char *pipeline);

/* How much time chains of ops that work row by row may take (`limit` of fuse-rows): as good as none, any; no such. */
enum { QIR_ROWS_FREE = 103, QIR_ROWS_ALWAYS = 0, QIR_ROWS_NEVER = -1 };

/* What is still to be done before code can be generated for a level (by its name), and nothing that
 * changes results. */
bool qir_lower_to_code(qir_module *m, const char *level, int rows);

#ifdef __cplusplus
}
#endif
#endif
