/* The compiler driver: options, and the state that the phases hand on. */
#ifndef QCC_TOOLS_QCC_H
#define QCC_TOOLS_QCC_H

#include "qir/codegen.h"
#include "qir/ir.h"
#include "qir/layer_log.h"
#include "import.h"
#include "qir/samples.h"

/* What the command line says; NULL and 0: not given. */
typedef struct qcc_options {
    tool_common common;
    const char *input;
    const char *output, *header, *name, *save_params, *depfile;
    const char *target, *cpu, *attrs, *level, *sanitize;
    const char *quantize, *profile, *observer, *quantizer, *io;
    const char *qconfig, *keep_float, *int16, *weights, *accuracy;
    const char *labels, *min_sqnr, *max_drop, *save_plan;
    const char *stop_after, *passes;
    const char *supported_ops, *import_report; /* "": given without a value */
    const char *weights_file;
    const char *diff; /* the second file of -diff */
    const char *verify; /* "": all ways */
    const char *bench; /* "": as a table */
    const char *bisect; /* where the reproducer goes; "": bisect.qir */
    cl_list calibrate, levels, verify_inputs;
    tool_import import;
    int64_t limit, grain, jobs;
    bool emit_qir, emit_llvm, emit_program, assembly, object, dependencies, threads, debug;
    bool per_layer;
    bool report, explain, verbose, time_passes, small;
    bool no_provenance, show_provenance, compare, selftest, min_memory, no_fuse_rows;
} qcc_options;

/* Parses the command line; usage errors end the process. */
const cl_tool *qcc_parse_options(int argc, char **argv, qcc_options *o);
/* Usage errors of options that exclude or need each other. */
void qcc_check_combinations(const cl_tool *tool, const qcc_options *o);

/* How the model is quantized. */
typedef enum qcc_mode {
    QCC_FLOAT,    /* not at all */
    QCC_QUANTIZE, /* as the options say */
    QCC_MODEL     /* it arrived quantized or with measured ranges */
} qcc_mode;

/* What the provenance note will say (provenance.h). */
typedef struct qcc_note {
    uint64_t model, profile; /* hashes; 0: none */
    qir_strbuf ops;
} qcc_note;

/* What is done against the losses of quantization: values of -accuracy. */
typedef enum qcc_accuracy { QCC_PLAIN, QCC_FAST, QCC_BEST, QCC_NUM_ACCURACIES } qcc_accuracy;

typedef struct qcc_driver {
    const qcc_options *opts;
    qir_context *ctx;
    qir_diag_engine *diag;
    qir_module *module;
    qcc_mode mode;
    qir_sample_source sample_files;
    const qir_sample_source *samples; /* of -calibrate; NULL: none */
    qcc_accuracy accuracy;
    bool settled, unequal; /* it is chosen; without equalize-channels */
    qir_layer_log *layer_log;         /* of the samples, from ranges to corrections; NULL: none */
    const char *keep_float, *int16, *weights; /* these options and what a plan adds to them */
    qir_codegen_options codegen;
    /* One per level of the object.  variants[0].module is `module`; from phase prepack on the others
     * are copies of it, each prepared for its level. */
    qir_variant variants[QIR_NUM_LEVELS];
    size_t nvariants;
    qcc_note note;
    qir_strbuf listing, listing_params; /* of -g: QIR and its large constants; empty: the input's */
    qir_strbuf import_report; /* lines of -import-report */
    qir_strbuf code; /* object, assembly or LLVM IR, once generated */
    qir_strbuf image; /* of -weights-file */
    size_t last;     /* phase to stop after */
    bool internal_error;
    /* qir_pm_options.watch of all passes; NULL: none */
    bool (*watch)(void *user, bool after, const char *pass, qir_module *m);
    void *watch_user;
} qcc_driver;

/* --- phases.c: the way from file to object --------------------------------------------------- */
typedef struct qcc_phase {
    const char *name, *doc;
    bool (*run)(qcc_driver *d);
} qcc_phase;

extern const qcc_phase qcc_phases[];
extern const size_t qcc_num_phases;
/* Number of the phase called `name`; qcc_num_phases if there is none. */
size_t qcc_phase_find(const char *name);
/* Runs phases up to and with d->last.  False: diagnosed. */
bool qcc_run_phases(qcc_driver *d);
/* What may become of the time that chains of ops take, to save memory: see qir_lower_to_code. */
int qcc_row_limit(const qcc_options *o);
/* Work from which on an op is shared among tasks (codegen.h); 0 without -fthreads. */
uint32_t qcc_share_grain(const qcc_options *o);

bool qcc_run_passes(qcc_driver *d, const char *pipeline); /* over d->module */
bool qcc_has_stage(const qcc_driver *d, unsigned stages);

/* --- accuracy.c ------------------------------------------------------------------------------ */
const char *qcc_accuracy_name(qcc_accuracy a); /* NULL: there is none of that number */
/* Sets d->accuracy.  `measures`: ranges come from samples.  False: diagnosed, as all of these. */
bool qcc_choose_accuracy(qcc_driver *d, bool measures);
/* Leaves out what would cost accuracy, with a remark (guard.c). */
bool qcc_guard_accuracy(qcc_driver *d);
/* Both, once. */
bool qcc_settle_accuracy(qcc_driver *d);
/* Integer ops: what phase lower does before it folds preprocessing and shapes inputs and results. */
bool qcc_lower_quant(qcc_driver *d);
/* What it does to the float model, to the one with ranges, and between pairs and integers. */
bool qcc_before_ranges(qcc_driver *d, bool measures);
bool qcc_after_ranges(qcc_driver *d, bool measures);
bool qcc_refine(qcc_driver *d);

/* --- quantize.c ------------------------------------------------------------------------------ */
bool qcc_is_way(const char *how); /* a value of -quantize */
bool qcc_asks_to_quantize(const qcc_options *o);
/* Did the model arrive with quantized values? */
bool qcc_is_quantized(const qir_module *m);
/* Sets d->mode.  False: diagnosed, as all of these. */
bool qcc_choose_mode(qcc_driver *d);
/* Says that data are missing: an error when quantization was asked for, else a remark. */
bool qcc_stays_float(qcc_driver *d);
/* Where the model arrived quantized: what -keep-float names is not to become integer. */
bool qcc_keep_float(qcc_driver *d);
/* -quantize=if-faster: nor is what the first level computes faster in float. */
bool qcc_keep_faster(qcc_driver *d);
/* The phases of these names. */
bool qcc_prepare(qcc_driver *d);
bool qcc_calibrate(qcc_driver *d);

/* --- target.c -------------------------------------------------------------------------------- */
/* Fills d->codegen and the variants' levels from the options and asks LLVM whether it knows all that.
 * False: diagnosed. */
bool qcc_choose_target(qcc_driver *d);
/* A portable object is the default: says so where that gives speed away. */
void qcc_remark_level(qcc_driver *d);

/* --- output.c -------------------------------------------------------------------------------- */
/* Name of the model: -name, else made from the output's or the input's file name.  Arena. */
const char *qcc_model_name(qcc_driver *d);
bool qcc_output_is_file(qcc_driver *d);
/* Does the output go to standard output? */
bool qcc_writes_stdout(qcc_driver *d);
/* Are the outputs possible (not the input itself)?  Before any work is done. */
bool qcc_check_outputs(qcc_driver *d);
/* The output's name with another extension.  Arena. */
const char *qcc_beside_output(qcc_driver *d, const char *extension);
/* Can `path` be written: is it nothing that is read?  False: diagnosed. */
bool qcc_check_output(qcc_driver *d, const char *path);
/* A module as text; its large constants go to `params`, whose name in the text is params_path (NULL: they
 * stay in the text). */
bool qcc_print_module(qir_module *m, const char *params_path, qir_strbuf *text, qir_strbuf *params);
/* Without the folder. */
const char *qcc_base_name(const char *path);
/* Writes what the last phase leaves, and the header; all or nothing. */
bool qcc_write_outputs(qcc_driver *d);

/* --- depfile.c ------------------------------------------------------------------------------- */
/* "out.o out.h: model.onnx calib.npy": what the engine knows to be read, for make and ninja.  Targets
 * may be NULL. */
void qcc_print_rule(const qir_diag_engine *diag, const char *const *targets, size_t n,
                    qir_strbuf *out);

/* --- listing.c ------------------------------------------------------------------------------- */
/* The QIR that -g writes beside the object, and the file of its large constants. */
const char *qcc_listing_path(qcc_driver *d);
const char *qcc_listing_params_path(qcc_driver *d);
/* For -g: gives every op a line, in the input if that is QIR, else in QIR made of the module as it is
 * now, which goes to d->listing.  False: diagnosed. */
bool qcc_list_lines(qcc_driver *d);

/* --- report.c -------------------------------------------------------------------------------- */
/* -report: ops in int8 or float and why, memory and sizes, to standard output, or to standard error
 * when the output goes there.  False: diagnosed. */
bool qcc_report(qcc_driver *d);

/* --- verify.c --------------------------------------------------------------------------------- */
/* -verify: runs the module that phase lower left in every way that was asked for, and prints a table.
 * An exit code. */
int qcc_verify(qcc_driver *d);

/* --- bench.c ---------------------------------------------------------------------------------- */
/* -bench: runs the variants that phase plan left on this machine, and prints how long they take.  False:
 * diagnosed. */
bool qcc_bench(qcc_driver *d);

/* --- bisect.c --------------------------------------------------------------------------------- */
/* -bisect: runs the phases, and names the first pass or level that changes results.  An exit code. */
int qcc_bisect(qcc_driver *d);

/* --- supported.c, import_report.c ------------------------------------------------------------- */
bool qcc_supported_ops(qir_diag_engine *diag, const char *how);
/* Receives the importer's events. */
void qcc_import_event(void *user, const qir_import_event *e);
bool qcc_write_import_report(qcc_driver *d);

#endif
