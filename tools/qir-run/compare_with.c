/* -compare-with: op by op, how far a form of a model (say, its quantized one) is from another. */
#include "comparison.h"

#include "qir/pass.h"

/* --- the reference ----------------------------------------------------------------------------- */
/* Passes that quantize see the model after the pipeline `float`, which fuses ops and moves axes. */
static bool align(qir_module *a, qir_module *b)
{
    const unsigned later = QIR_STAGE_OBSERVED | QIR_STAGE_QDQ | QIR_STAGE_QUANTIZED;
    bool passed = qir_module_stage(a) & later;
    return !passed || qir_module_stage(b) || qir_run_pipeline(b, "float");
}

static bool same_interface(const comparison *c)
{
    const qir_func *a = c->r->func, *b = c->func;
    bool same = a->body->nargs == b->body->nargs && a->nresults == b->nresults;
    for (uint32_t i = 0; same && i < a->body->nargs; i++)
        same = qir_type_same_shape(a->body->args[i]->type, b->body->args[i]->type);
    for (uint32_t k = 0; same && k < a->nresults; k++)
        same = qir_type_same_shape(a->result_types[k], b->result_types[k]);
    return same ||
           qir_error(c->r->diag, b->loc, "run.compare",
                     "inputs and results of '%s' are not those of the model; expected two forms of "
                     "one model",
                     c->r->opts->compare_with);
}

static bool load_reference(comparison *c)
{
    run *r = c->r;
    qir_import_options import = tool_import_options(&r->opts->import, &r->opts->common);
    c->module = qir_import_file(r->ctx, r->opts->compare_with, &import);
    if (!c->module || !tool_finish_import(c->module, &r->opts->import) ||
        !align(c->module, r->module) || !align(r->module, c->module))
        return false;
    c->func = qir_module_main(c->module);
    return (c->func || qir_error(r->diag, NULL, "run.func", "'%s' has no function 'main'",
                                 r->opts->compare_with)) &&
           same_interface(c);
}

static bool find_pairs(comparison *c)
{
    c->npairs = pairs_find(c->r->func, c->func, c->arena, &c->pairs);
    for (size_t i = 0; i < c->npairs; i++) {
        qir_map_put(&c->by_op, c->pairs[i].measured, &c->pairs[i]);
        qir_map_put(&c->by_op, c->pairs[i].reference, &c->pairs[i]);
    }
    c->results = QIR_NEW_ARRAY(c->arena, qir_fidelity, c->func->nresults);
    c->result_values = QIR_NEW_ARRAY(c->arena, double *, c->func->nresults);
    return c->npairs ||
           qir_error(c->r->diag, NULL, "run.compare",
                     "no op of '%s' has the name of an op of the model; expected two forms of one "
                     "model",
                     c->r->opts->compare_with);
}

/* --- one sample -------------------------------------------------------------------------------- */
static void keep(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    (void)in;
    comparison *c = user;
    pair *p = qir_map_get(&c->by_op, op);
    if (p)
        p->value = pair_values(op, &out[0], c->scratch);
}

static void measure(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    (void)in;
    comparison *c = user;
    pair *p = qir_map_get(&c->by_op, op);
    if (p)
        qir_fidelity_add(&p->fidelity, p->value, pair_values(op, &out[0], c->scratch),
                         qir_type_elements(out[0].type));
}

static void keep_results(comparison *c, const qir_tensor *out)
{
    for (uint32_t k = 0; k < c->func->nresults; k++)
        c->result_values[k] =
            qir_arena_copy(c->scratch, qir_tensor_reals(&out[k], c->scratch),
                           (size_t)qir_type_elements(out[k].type) * sizeof(double));
}

static void measure_results(comparison *c, const qir_tensor *out)
{
    for (uint32_t k = 0; k < c->func->nresults; k++)
        qir_fidelity_add(&c->results[k], c->result_values[k],
                         qir_tensor_reals(&out[k], c->scratch), qir_type_elements(out[k].type));
}

/* --- all samples ------------------------------------------------------------------------------- */
/* One side: its inputs may differ from the other's in type (-io=int8). */
typedef struct side {
    qir_samples *samples;
    qir_evaluator *evaluator;
    qir_tensor *in, *out;
} side;

static bool open_side(comparison *c, qir_func *f,
                      void (*on_op)(void *, const qir_op *, const qir_tensor *, const qir_tensor *),
                      side *s)
{
    run *r = c->r;
    qir_eval_options eval = {.on_op = on_op, .user = c};
    s->samples = qir_samples_open(f, r->opts->samples.items, r->opts->samples.len);
    s->evaluator = s->samples ? qir_evaluator_create(f, &eval) : NULL;
    s->in = QIR_NEW_ARRAY(c->arena, qir_tensor, f->body->nargs);
    s->out = QIR_NEW_ARRAY(c->arena, qir_tensor, f->nresults);
    return s->evaluator != NULL;
}

static void close_side(side *s)
{
    qir_evaluator_destroy(s->evaluator);
    qir_samples_close(s->samples);
}

static bool run_side(side *s, int64_t sample)
{
    return qir_samples_read(s->samples, sample, s->in) &&
           qir_evaluator_run(s->evaluator, s->in, s->out);
}

static bool run_both(comparison *c, side *reference, side *measured)
{
    const run_options *o = c->r->opts;
    int64_t total = qir_samples_count(measured->samples), end = total;
    if (o->limit && o->limit < total - o->skip)
        end = o->skip + o->limit;
    for (int64_t i = o->skip; i < end; i++) {
        qir_arena_reset(c->scratch);
        if (!run_side(reference, i))
            return false;
        keep_results(c, reference->out);
        if (!run_side(measured, i))
            return false;
        measure_results(c, measured->out);
        c->samples++;
        tool_progress(NULL, i + 1 - o->skip, end - o->skip);
    }
    return c->samples || qir_error(c->r->diag, NULL, "run.samples",
                                   "-skip=%lld leaves none of %lld samples", (long long)o->skip,
                                   (long long)total);
}

static bool run_samples_through(comparison *c)
{
    side reference = {0}, measured = {0};
    bool ok = open_side(c, c->func, keep, &reference) &&
              open_side(c, c->r->func, measure, &measured) && run_both(c, &reference, &measured);
    close_side(&measured);
    close_side(&reference);
    return ok;
}

/* --- the whole --------------------------------------------------------------------------------- */
int run_compare_with(run *r)
{
    comparison c = {.r = r,
                    .arena = qir_context_new_arena(r->ctx),
                    .scratch = qir_context_new_arena(r->ctx)};
    bool ok = load_reference(&c) && find_pairs(&c) && run_samples_through(&c) && comparison_report(&c);
    qir_map_free(&c.by_op);
    if (c.module)
        qir_module_destroy(c.module);
    qir_arena_destroy(c.scratch);
    qir_arena_destroy(c.arena);
    return ok ? CL_EXIT_OK : CL_EXIT_ERROR;
}
