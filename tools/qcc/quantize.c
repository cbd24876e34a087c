/* How the model is quantized: which way the options ask for, observers, and what they measure. */
#include "provenance.h"
#include <string.h>
#include "qir/calibrate.h"
#include "qir/observer.h"
#include "qir/ops.h"
#include "qir/pass.h"

enum { MAX_PROFILE = 1 << 30 };

/* ---- which way -------------------------------------------------------------------------------- */
/* Ways by name; the quantizer unless -quantizer says another, and whether it needs samples. */
static const struct {
    const char *how, *quantizer;
    bool data;
} ways[] = {
    {"static", "default", true},
    {"if-faster", "default", true},
    {"dynamic", "dynamic", false},
    {"weight-only", "weight-only", false},
    {"none", NULL, false},
};
enum { NWAYS = sizeof ways / sizeof ways[0] };

bool qcc_is_way(const char *how)
{
    for (size_t i = 0; i < NWAYS; i++)
        if (!strcmp(ways[i].how, how))
            return true;
    return false;
}

static size_t way_of(const qcc_options *o)
{
    size_t i = 0;
    while (o->quantize && strcmp(ways[i].how, o->quantize))
        i++;
    return i;
}

bool qcc_is_quantized(const qir_module *m)
{
    qir_for_each_func(f, m)
        qir_for_each_op(op, f->body)
            for (uint32_t i = 0; i < op->noperands; i++)
                if (qir_op_operand(op, i) && qir_op_operand(op, i)->type->quant)
                    return true;
    return false;
}

static bool has_data(const qcc_options *o)
{
    return o->profile || o->calibrate.len;
}

/* No ranges: an error when quantization was asked for by name, else a remark. */
bool qcc_stays_float(qcc_driver *d)
{
    if (d->mode == QCC_QUANTIZE || d->opts->quantize)
        return qir_error(d->diag, NULL, "quantize.data",
                         "-quantize=static needs data to measure ranges: give samples with "
                         "-calibrate=PATH, or a profile that 'qir-run -calibrate' wrote with "
                         "-profile=FILE; -quantize=dynamic and -quantize=weight-only need none");
    qir_remark(d->diag, NULL,
               "no samples and no profile given: the model stays in float (-calibrate=PATH or "
               "-profile=FILE quantizes it)");
    return true;
}

bool qcc_asks_to_quantize(const qcc_options *o)
{
    bool none = o->quantize && !strcmp(o->quantize, "none");
    return !none && (has_data(o) || o->quantize || o->quantizer || o->qconfig || o->weights);
}

static bool is_by_speed(const qcc_options *o)
{
    return o->quantize && !strcmp(o->quantize, "if-faster");
}

/* Of a model that arrived quantized ops can go back to float. */
static bool asks_for_speed_only(const qcc_options *o)
{
    return is_by_speed(o) && !has_data(o) && !o->quantizer && !o->qconfig && !o->weights;
}

bool qcc_keep_faster(qcc_driver *d)
{
    const char *level = qir_level_get(d->variants[0].level)->name;
    return !is_by_speed(d->opts) ||
           qcc_run_passes(d, qir_arena_printf(qir_context_arena(d->ctx), "keep-float-if-faster{level=%s}", level));
}

bool qcc_choose_mode(qcc_driver *d)
{
    const qcc_options *o = d->opts;
    bool arrived = qcc_is_quantized(d->module);
    bool asked = qcc_asks_to_quantize(o) && !(arrived && asks_for_speed_only(o));
    bool none = o->quantize && !strcmp(o->quantize, "none");
    d->mode = none                                      ? QCC_FLOAT
              : arrived                                 ? QCC_MODEL
              : asked                                   ? QCC_QUANTIZE
              : qcc_has_stage(d, QIR_STAGE_OBSERVED)    ? QCC_MODEL
                                                        : QCC_FLOAT;
    if (d->mode == QCC_MODEL && asked)
        return qir_error(d->diag, NULL, "quantize.twice",
                         "the model is quantized already; leave out -calibrate, -profile and other "
                         "options of quantization");
    if (d->mode == QCC_QUANTIZE && ways[way_of(o)].data && !has_data(o) && !o->quantizer &&
        !o->qconfig)
        return qcc_stays_float(d);
    if (d->mode == QCC_FLOAT && o->keep_float)
        return qir_error(d->diag, NULL, "quantize.keep",
                         "-keep-float needs a quantized model, or an option that quantizes it: "
                         "-calibrate=PATH, -profile=FILE, -quantize=dynamic");
    return d->mode != QCC_FLOAT || none || d->last == 0 || qcc_stays_float(d);
}

/* ---- observers -------------------------------------------------------------------------------- */
static void add_option(qir_strbuf *pipeline, const char *name, const char *value)
{
    if (value && *value)
        qir_strbuf_printf(pipeline, " %s=\"%s\"", name, value);
}

bool qcc_settle_accuracy(qcc_driver *d)
{
    if (d->settled)
        return true;
    d->settled = true; /* for trials, too */
    bool measures = ways[way_of(d->opts)].data;
    return qcc_choose_accuracy(d, measures) && (!measures || qcc_guard_accuracy(d));
}

bool qcc_prepare(qcc_driver *d)
{
    const qcc_options *o = d->opts;
    if (d->mode != QCC_QUANTIZE || qcc_has_stage(d, QIR_STAGE_OBSERVED))
        return true;
    bool measures = ways[way_of(o)].data;
    if (!qcc_settle_accuracy(d) || !qcc_before_ranges(d, measures))
        return false;
    qir_strbuf pipeline = {0};
    qir_strbuf_puts(&pipeline, "annotate-quant{");
    add_option(&pipeline, "quantizer", o->quantizer ? o->quantizer : ways[way_of(o)].quantizer);
    add_option(&pipeline, "config", o->qconfig);
    add_option(&pipeline, "keep-float", d->keep_float);
    add_option(&pipeline, "int16", d->int16);
    add_option(&pipeline, "weights", d->weights);
    add_option(&pipeline, "arch", qir_level_get(d->variants[0].level)->arch);
    qir_strbuf_puts(&pipeline, "},insert-observers{");
    add_option(&pipeline, "observer", o->observer);
    qir_strbuf_puts(&pipeline, "}");
    bool ok = qcc_run_passes(d, qir_strbuf_cstr(&pipeline));
    qir_strbuf_free(&pipeline);
    return ok;
}

bool qcc_keep_float(qcc_driver *d)
{
    if (!d->opts->keep_float)
        return true;
    qir_strbuf pipeline = {0};
    qir_strbuf_puts(&pipeline, "keep-float{");
    add_option(&pipeline, "ops", d->opts->keep_float);
    qir_strbuf_puts(&pipeline, "}");
    bool ok = qcc_run_passes(d, qir_strbuf_cstr(&pipeline));
    qir_strbuf_free(&pipeline);
    return ok;
}

/* ---- ranges ----------------------------------------------------------------------------------- */
/* What layers do is of use to corrections that follow. */
static bool log_layers(qcc_driver *d, int64_t samples, qir_calibrate_options *opts)
{
    if (d->accuracy == QCC_PLAIN)
        return true;
    d->layer_log = qir_layer_log_create(qir_module_main(d->module), samples);
    opts->on_op = qir_layer_log_add;
    opts->on_op_user = d->layer_log;
    return d->layer_log != NULL;
}

static bool measure(qcc_driver *d, qir_profile *profile)
{
    const qir_sample_source *s = d->samples;
    qir_samples *samples = qir_samples_open(qir_module_main(d->module), s->paths, s->npaths);
    if (!samples)
        return false;
    int64_t n = qir_samples_count(samples);
    qir_calibrate_options opts = {.limit = s->limit, .progress = tool_progress};
    bool ok = log_layers(d, s->limit && s->limit < n ? s->limit : n, &opts) &&
              qir_calibrate(d->module, samples, &opts, profile);
    qir_samples_close(samples);
    return ok;
}

static qir_profile *read_profile(qcc_driver *d)
{
    qir_bytes text;
    const char *path = d->opts->profile;
    if (!qir_read_file(d->diag, d->module->arena, path, MAX_PROFILE, NULL, &text))
        return NULL;
    return qir_profile_parse(d->ctx, path, (const char *)text.data, text.len);
}

/* Does an observer want samples? */
static bool wants_data(const qcc_driver *d)
{
    qir_observer_choice choice;
    qir_for_each_func(f, d->module)
        qir_for_each_op(op, f->body) {
            if (op->opcode != QIR_OP_observe || qir_value_const(qir_op_operand(op, 0)))
                continue;
            const char *kind = qir_op_string(op, "kind");
            if (!qir_observer_choose(d->ctx, op->loc, kind, strlen(kind), &choice) ||
                !choice.kind->passive)
                return true;
        }
    return false;
}

static bool set_ranges(qcc_driver *d)
{
    if (!wants_data(d)) /* all that samples would tell stays in float */
        return qir_profile_apply(NULL, d->module);
    if (!has_data(d->opts))
        return qcc_stays_float(d);
    qir_profile *profile = d->opts->profile ? read_profile(d) : qir_profile_create(d->ctx);
    bool ok = profile && (d->opts->profile || measure(d, profile)) &&
              qir_profile_apply(profile, d->module);
    if (ok)
        qcc_note_profile(d, profile);
    qir_profile_destroy(profile);
    return ok;
}

bool qcc_calibrate(qcc_driver *d)
{
    bool ok = d->mode != QCC_QUANTIZE || (set_ranges(d) && qcc_after_ranges(d, ways[way_of(d->opts)].data));
    qir_layer_log_destroy(d->layer_log);
    d->layer_log = NULL;
    return ok;
}
