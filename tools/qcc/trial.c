/* A trial takes a copy of the float model through the phases that quantize it, with options of its
 * own: what a trial finds is what compiling with these options gives. */
#include "trial.h"

#include <math.h>
#include <string.h>
#include "labels.h"
#include "qir/ops.h"

/* --- running all samples ----------------------------------------------------------------------- */
/* A result that a softmax makes is measured before it: probabilities of clear cases hide errors. */
static const qir_op *softmax_of(const qir_value *v)
{
    const qir_op *op = qir_value_op(v);
    bool is = op && (op->opcode == QIR_OP_softmax || op->opcode == QIR_OP_log_softmax);
    return is && qir_type_is_float(qir_op_operand(op, 0)->type) ? op : NULL;
}

typedef struct runner {
    const qir_func *func;
    const qir_eval_options *eval; /* the caller's; NULL: none */
    const double **logits;        /* of each result; NULL: the result itself */
    qir_arena *scratch;           /* of one sample */
} runner;

static void on_op(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    runner *r = user;
    const qir_op *end = r->func->body->last;
    for (uint32_t k = 0; k < r->func->nresults; k++)
        if (softmax_of(qir_op_operand(end, k)) == op) {
            size_t bytes = (size_t)qir_type_elements(in[0].type) * sizeof(double);
            r->logits[k] = qir_arena_copy(r->scratch, qir_tensor_reals(&in[0], r->scratch), bytes);
        }
    if (r->eval)
        r->eval->on_op(r->eval->user, op, in, out);
}

/* All results of a sample one after the other. */
static const double *join(const runner *r, const qir_tensor *out, int64_t *n)
{
    *n = 0;
    for (uint32_t k = 0; k < r->func->nresults; k++)
        *n += qir_type_elements(out[k].type);
    double *all = QIR_NEW_ARRAY(r->scratch, double, (size_t)*n), *at = all;
    for (uint32_t k = 0; k < r->func->nresults; k++) {
        int64_t m = qir_type_elements(out[k].type);
        const double *x = r->logits[k] ? r->logits[k] : qir_tensor_reals(&out[k], r->scratch);
        memcpy(at, x, (size_t)m * sizeof *at);
        at += m;
    }
    return all;
}

bool qcc_run_samples(const qcc_study *s, qir_module *m, const qir_eval_options *eval,
                     qcc_result_fn fn, void *user)
{
    const qir_sample_source *source = s->d->samples;
    qir_func *f = qir_module_main(m);
    qir_arena *arena = qir_context_new_arena(m->ctx), *scratch = qir_context_new_arena(m->ctx);
    qir_tensor *in = QIR_NEW_ARRAY(arena, qir_tensor, f->body->nargs);
    qir_tensor *out = QIR_NEW_ARRAY(arena, qir_tensor, f->nresults);
    runner r = {f, eval, QIR_NEW_ARRAY(arena, const double *, f->nresults), scratch};
    qir_samples *samples = qir_samples_open(f, source->paths, source->npaths);
    qir_eval_options hook = {.on_op = on_op, .user = &r};
    qir_evaluator *e = samples ? qir_evaluator_create(f, &hook) : NULL;
    bool ok = e != NULL;
    for (int64_t i = 0, n; ok && i < s->samples; i++) {
        ok = qir_samples_read(samples, i, in) && qir_evaluator_run(e, in, out);
        const double *values = ok ? join(&r, out, &n) : NULL;
        if (ok)
            fn(user, i, values, n);
        qir_arena_reset(scratch);
    }
    qir_evaluator_destroy(e);
    qir_samples_close(samples);
    qir_arena_destroy(scratch);
    qir_arena_destroy(arena);
    return ok;
}

/* --- the float model --------------------------------------------------------------------------- */
static bool is_right(const qcc_study *s, int64_t sample, const double *values)
{
    int64_t n = qir_type_elements(qir_module_main(s->d->module)->result_types[0]);
    return s->labels && tool_largest(values, n) == s->labels[sample];
}

static void keep(void *user, int64_t sample, const double *values, int64_t n)
{
    qcc_study *s = user;
    s->results[sample] = qir_arena_copy(s->arena, values, (size_t)n * sizeof *values);
    s->right += is_right(s, sample, values);
}

static bool count_samples(qcc_study *s, int64_t *total)
{
    const qir_sample_source *source = s->d->samples;
    qir_samples *samples =
        qir_samples_open(qir_module_main(s->d->module), source->paths, source->npaths);
    *total = samples ? qir_samples_count(samples) : 0;
    s->samples = source->limit && source->limit < *total ? source->limit : *total;
    bool ok = samples && (*total || qir_error(s->d->diag, NULL, "calibrate.empty",
                                              "no samples to measure with"));
    qir_samples_close(samples);
    return ok;
}

bool qcc_study_open(qcc_study *s, qcc_driver *d)
{
    int64_t total;
    *s = (qcc_study){.d = d, .arena = qir_context_new_arena(d->ctx)};
    if (!count_samples(s, &total))
        return false;
    s->results = QIR_NEW_ARRAY(s->arena, double *, (size_t)s->samples);
    s->labels = d->opts->labels ? tool_read_labels(d->ctx, d->opts->labels, total) : NULL;
    return (s->labels || !d->opts->labels) && qcc_run_samples(s, d->module, NULL, keep, s);
}

void qcc_study_close(qcc_study *s)
{
    qir_arena_destroy(s->arena);
}

/* --- trials ------------------------------------------------------------------------------------ */
const char *qcc_names_regex(qir_arena *arena, const char *const *names, size_t n, const char *also)
{
    qir_strbuf b = {0};
    if (also && *also)
        qir_strbuf_printf(&b, "(%s)%s", also, n ? "|" : "");
    for (size_t i = 0; i < n; i++) {
        qir_strbuf_puts(&b, i ? "|^" : "^");
        for (const char *c = names[i]; *c; c++) {
            if (strchr("\\.[]()*+?{}|^$", *c))
                qir_strbuf_putc(&b, '\\');
            qir_strbuf_putc(&b, strchr("\",", *c) ? '.' : *c); /* what ends values of options */
        }
        qir_strbuf_putc(&b, '$');
    }
    const char *text = qir_arena_strndup(arena, qir_strbuf_cstr(&b), b.len);
    qir_strbuf_free(&b);
    return text;
}

/* Weights of 8 bits for some come before what the options say for the rest. */
void qcc_follow(qcc_driver *d, const qcc_variant *v, qir_arena *arena)
{
    const char *own = d->weights ? d->weights : "";
    d->keep_float = qcc_names_regex(arena, v->floats, v->nfloats, d->keep_float);
    d->int16 = v->all_int16 ? ".*" : qcc_names_regex(arena, v->int16, v->nint16, d->int16);
    if (v->nwide)
        d->weights = qir_arena_printf(arena, "int8@%s%s%s",
                                      qcc_names_regex(arena, v->wide, v->nwide, NULL),
                                      *own ? "," : "", own);
}

bool qcc_trial_phases(const qcc_study *s, const qcc_variant *v, const char *last, qcc_trial *t)
{
    qcc_driver d = *s->d;
    qcc_options o = *d.opts;
    o.io = NULL;
    qcc_follow(&d, v, s->arena);
    d.opts = &o;
    d.module = qir_module_clone(s->d->module);
    bool quiet = qir_diag_set_quiet(d.diag, true), ok = true;
    for (size_t i = qcc_phase_find("prepare"); ok && i <= qcc_phase_find(last ? last : "convert"); i++)
        ok = qcc_phases[i].run(&d);
    ok = ok && (last || qcc_lower_quant(&d)); /* samples fit the inputs until they become bytes */
    qir_diag_set_quiet(d.diag, quiet);
    s->d->internal_error = s->d->internal_error || d.internal_error;
    t->module = d.module;
    t->accuracy = d.accuracy;
    return ok;
}

typedef struct measurement {
    const qcc_study *study;
    qcc_trial *trial;
} measurement;

static void measure(void *user, int64_t sample, const double *values, int64_t n)
{
    measurement *m = user;
    qir_fidelity one = {0};
    qir_fidelity_add(&one, m->study->results[sample], values, n);
    qir_fidelity_add(&m->trial->fidelity, m->study->results[sample], values, n);
    m->trial->squares[0] += one.signal * one.signal;
    m->trial->squares[1] += one.signal * one.noise;
    m->trial->squares[2] += one.noise * one.noise;
    m->trial->right += is_right(m->study, sample, values);
}

bool qcc_trial_run(const qcc_study *s, const qcc_variant *v, qcc_trial *t)
{
    *t = (qcc_trial){0};
    measurement m = {s, t};
    return qcc_trial_phases(s, v, NULL, t) &&
           qcc_run_samples(s, t->module, NULL, measure, &m);
}

void qcc_trial_free(qcc_trial *t)
{
    if (t->module)
        qir_module_destroy(t->module);
    t->module = NULL;
}

/* Corrections were fitted to these very samples: two standard errors would promise too much. */
static const double STANDARD_ERRORS = 3.0;

/* The variance of signal / mean signal - noise / mean noise over samples is that of the logarithm of the ratio of
 * sums, times their number. */
double qcc_trial_sure_sqnr(const qcc_study *s, const qcc_trial *t)
{
    double n = (double)s->samples, signal = t->fidelity.signal / n, noise = t->fidelity.noise / n;
    double sqnr = qir_fidelity_sqnr(&t->fidelity);
    if (!(signal > 0.0 && noise > 0.0))
        return sqnr;
    double variance = (t->squares[0] / (signal * signal) - 2.0 * t->squares[1] / (signal * noise) +
                       t->squares[2] / (noise * noise)) / n;
    return sqnr - STANDARD_ERRORS * 10.0 / log(10.0) * sqrt(fmax(variance, 0.0) / n);
}

double qcc_trial_drop(const qcc_study *s, const qcc_trial *t)
{
    return 100.0 * (double)(s->right - t->right) / (double)s->samples;
}
