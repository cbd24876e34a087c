/* The phases of the compiler, in order.  Each is a pipeline of passes or one call into a library,
 * and each leaves a legal module, so that -stop-after can print it and qcc can go on from there:
 * a phase whose work an input has already had done (its stage says so) does nothing. */
#include "explain.h"
#include "provenance.h"
#include <stdio.h>
#include <string.h>
#include "qir/frontend.h"
#include "qir/kernel_plan.h"
#include "qir/ops.h"
#include "qir/params.h"
#include "qir/pass.h"
#include "qir/quantizer.h"

bool qcc_has_stage(const qcc_driver *d, unsigned stages)
{
    return qir_module_stage(d->module) & stages;
}

static bool run_over(qcc_driver *d, qir_module *m, const char *pipeline)
{
    qir_pm_options opts = {.verify_each = true, .time = d->opts->time_passes,
                           .samples = d->samples, .layer_log = d->layer_log, .progress = tool_pass_progress, .watch = d->watch, .watch_user = d->watch_user};
    qir_pass_manager *pm = qir_pm_create(d->ctx, &opts);
    qir_strbuf report = {0};
    bool ok = qir_pm_add(pm, pipeline) && qir_pm_run(pm, m);
    d->internal_error = d->internal_error || qir_pm_internal_error(pm);
    if (d->opts->time_passes) {
        qir_pm_report(pm, &report);
        fputs(qir_strbuf_cstr(&report), stderr);
    }
    qir_strbuf_free(&report);
    qir_pm_destroy(pm);
    return ok;
}

bool qcc_run_passes(qcc_driver *d, const char *pipeline)
{
    return run_over(d, d->module, pipeline);
}

/* Over each variant; `@` in the pipeline is its level. */
static bool run_per_level(qcc_driver *d, const char *format)
{
    bool ok = true;
    for (size_t i = 0; i < d->nvariants && ok; i++) {
        qir_strbuf pipeline = {0};
        const char *level = qir_level_get(d->variants[i].level)->name;
        for (const char *p = format; *p; p++)
            *p == '@' ? qir_strbuf_puts(&pipeline, level) : qir_strbuf_putc(&pipeline, *p);
        ok = run_over(d, d->variants[i].module, pipeline.data);
        qir_strbuf_free(&pipeline);
    }
    return ok;
}

/* ---- import ----------------------------------------------------------------------------------- */
static bool import(qcc_driver *d)
{
    const qcc_options *o = d->opts;
    qir_import_options opts = tool_import_options(&o->import, &o->common);
    opts.report = o->import_report ? qcc_import_event : NULL;
    opts.report_user = d;
    opts.positions = o->debug;
    d->module = qir_import_file(d->ctx, o->input, &opts);
    if (!d->module || !tool_finish_import(d->module, &o->import))
        return false;
    if (o->small)
        qir_module_set_small(d->module);
    return qcc_note_model(d) && qcc_choose_mode(d);
}

/* ---- the form in which a quantizer reads a model ------------------------------------------------- */
static const char form_attr[] = "quant.form";

static bool has_attr(const qcc_driver *d, const char *name)
{
    return qir_dict_get(d->module->attrs, qir_intern_cstr(d->ctx, name));
}

/* Only programs of torch.export have one: their importer notes what modules they consist of. */
static const char *wanted_form(const qcc_driver *d)
{
    bool quantizes = d->mode == QCC_QUANTIZE && d->opts->quantizer && has_attr(d, "module.types");
    return quantizes ? qir_quantizer_form(d->ctx, d->opts->quantizer) : NULL;
}

static void set_form(qcc_driver *d, const char *form)
{
    qir_module *m = d->module;
    m->attrs = qir_dict_set(d->ctx, m->attrs, qir_intern_cstr(d->ctx, form_attr),
                            form ? qir_attr_string(d->ctx, form, strlen(form)) : NULL);
}

/* Once its pairs of quantize and dequantize are in place, such a model is like one that arrived with them:
 * what else is done to float models comes now. */
static bool leave_form(qcc_driver *d)
{
    if (!has_attr(d, form_attr))
        return true;
    set_form(d, NULL);
    return qcc_run_passes(d, "float");
}

/* ---- passes ----------------------------------------------------------------------------------- */
static bool canonicalize(qcc_driver *d)
{
    const unsigned later = QIR_STAGE_OBSERVED | QIR_STAGE_QUANTIZED | QIR_STAGE_PACKED |
                           QIR_STAGE_LAYOUTS | QIR_STAGE_PLANNED;
    const char *form = wanted_form(d);
    if (!qcc_has_stage(d, later)) {
        if (!qcc_run_passes(d, form ? form : "float"))
            return false;
        if (form)
            set_form(d, form);
    }
    return (!d->opts->passes || qcc_run_passes(d, d->opts->passes)) && qcc_study_model(d);
}

static bool convert(qcc_driver *d)
{
    if (qcc_has_stage(d, QIR_STAGE_OBSERVED))
        return qcc_run_passes(d, "qdq") && qcc_refine(d) && leave_form(d) &&
               (d->mode != QCC_MODEL || qcc_is_quantized(d->module) || qcc_stays_float(d));
    if (d->mode == QCC_MODEL && !qcc_has_stage(d, QIR_STAGE_QUANTIZED))
        return qcc_run_passes(d, "const-fold{fold-quantize=true},propagate-qdq,simplify");
    return true;
}

bool qcc_lower_quant(qcc_driver *d)
{
    if (d->mode == QCC_FLOAT || qcc_has_stage(d, QIR_STAGE_QUANTIZED))
        return true;
    return (d->mode != QCC_MODEL || qcc_keep_float(d)) && qcc_keep_faster(d) && qcc_run_passes(d, "lower-quant");
}

static bool lower(qcc_driver *d)
{
    const unsigned later = QIR_STAGE_PACKED | QIR_STAGE_LAYOUTS | QIR_STAGE_PLANNED;
    if (!qcc_lower_quant(d))
        return false;
    if (!qcc_has_stage(d, later) && !qcc_run_passes(d, "fold-preprocess"))
        return false;
    bool integers = d->opts->io && !strcmp(d->opts->io, "int8");
    if (integers && d->mode == QCC_FLOAT)
        return qir_error(d->diag, NULL, "quantize.io",
                         "-io=int8 needs a quantized model, this one is in float (-calibrate=PATH "
                         "or -profile=FILE quantizes it)");
    if (integers && !qcc_has_stage(d, later) && !qcc_run_passes(d, "quantize-io"))
        return false;
    if (qcc_has_stage(d, QIR_STAGE_QUANTIZED) && !qcc_has_stage(d, later))
        return qcc_run_passes(d, "relabel-storage,simplify");
    return true;
}

/* Up to here the module is the same for every level. */
static bool make_variants(qcc_driver *d)
{
    const unsigned later = QIR_STAGE_PACKED | QIR_STAGE_LAYOUTS | QIR_STAGE_PLANNED;
    qcc_note_ops(d);
    if (d->opts->debug && !qcc_list_lines(d))
        return false;
    d->variants[0].module = d->module;
    if (d->nvariants > 1 && qcc_has_stage(d, later))
        return qir_error(d->diag, NULL, "codegen.level",
                         "the model was prepared for one level already; name that one with -mlevel");
    for (size_t i = 1; i < d->nvariants; i++)
        d->variants[i].module = qir_module_clone(d->module);
    return true;
}

static bool prepack(qcc_driver *d)
{
    if (!make_variants(d))
        return false;
    if (qcc_has_stage(d, QIR_STAGE_PACKED | QIR_STAGE_LAYOUTS))
        return true;
    return (!qcc_has_stage(d, QIR_STAGE_QUANTIZED) || run_per_level(d, "relabel-storage{level=@}")) &&
           run_per_level(d, "prepare-code,register-prepack-params{level=@},prepack-weights");
}

int qcc_row_limit(const qcc_options *o)
{
    return o->no_fuse_rows ? QIR_ROWS_NEVER : o->min_memory ? QIR_ROWS_ALWAYS : QIR_ROWS_FREE;
}

static bool assign_memory(qcc_driver *d)
{
    char pipeline[80];
    snprintf(pipeline, sizeof pipeline, "fuse-rows{level=@ limit=%d},plan-memory{level=@}",
             qcc_row_limit(d->opts));
    return run_per_level(d, pipeline);
}

static bool plan(qcc_driver *d)
{
    if (!qcc_has_stage(d, QIR_STAGE_LAYOUTS) && !run_per_level(d, "assign-layouts"))
        return false;
    if (!qcc_has_stage(d, QIR_STAGE_PLANNED) && !assign_memory(d))
        return false;
    return run_per_level(d, "verify-plan{level=@}");
}

/* ---- code ------------------------------------------------------------------------------------- */
static bool generate(qcc_driver *d, qir_emit_kind kind)
{
    d->codegen.emit = kind;
    d->codegen.note = qcc_provenance(d);
    d->codegen.weights = d->opts->weights_file ? &d->image : NULL;
    d->codegen.model = d->note.model;
    d->codegen.selftest = d->opts->selftest;
    return qir_codegen(&d->codegen, d->variants, d->nvariants, &d->code);
}

static bool emit_llvm(qcc_driver *d)
{
    return d->last != qcc_phase_find("llvm") || generate(d, QIR_EMIT_LLVM);
}

static bool emit_object(qcc_driver *d)
{
    const qcc_options *o = d->opts;
    return generate(d, o->assembly ? QIR_EMIT_ASSEMBLY
                       : o->emit_program ? QIR_EMIT_PROGRAM
                                         : QIR_EMIT_OBJECT);
}

const qcc_phase qcc_phases[] = {
    {"import", "reads the model", import},
    {"canonicalize", "simplifies, folds batch norms, fuses activations", canonicalize},
    {"prepare", "puts observers where values are to be quantized", qcc_prepare},
    {"calibrate", "measures ranges", qcc_calibrate},
    {"convert", "replaces observers by quantize/dequantize pairs", convert},
    {"lower", "makes integer ops of float ops between pairs", lower},
    {"prepack", "writes weights in the order that the kernels read", prepack},
    {"plan", "chooses physical orders, assigns memory", plan},
    {"llvm", "generates LLVM IR", emit_llvm},
    {"object", "generates machine code", emit_object},
};
const size_t qcc_num_phases = sizeof qcc_phases / sizeof *qcc_phases;

size_t qcc_phase_find(const char *name)
{
    size_t i = 0;
    while (i < qcc_num_phases && strcmp(qcc_phases[i].name, name))
        i++;
    return i;
}

bool qcc_run_phases(qcc_driver *d)
{
    for (size_t i = 0; i <= d->last; i++) {
        if (d->opts->verbose)
            fprintf(stderr, "qcc: %s: %s\n", qcc_phases[i].name, qcc_phases[i].doc);
        /* Warnings made errors fail no pass: the count tells. */
        if (!qcc_phases[i].run(d) || qir_diag_error_count(d->diag))
            return false;
    }
    return true;
}
