/* Changes: biases of convolutions and linear layers, by what quantization moves their mean output.
 * Requires: observers with ranges, samples.  Leaves: observers.
 * The float means come from the module itself, those of the quantized model from a copy that is taken
 * through the passes to integers; the copy's biases change as it runs (breadth.h), so that a layer
 * sees those before it corrected.  Formula and source: doc below. */
#include <math.h>
#include "breadth.h"
#include "gains.h"
#include "layers.h"
#include "mean_response.h"
#include "qir/fidelity.h"
#include "qir/pass.h"
#include "qir/rewrite.h"
#include "quant_util.h"

typedef struct layer {
    qir_op *op;
    const float *weight;
    int64_t channels;
} layer;

typedef struct corrector {
    qir_pass *pass;
    qir_context *ctx;
    qir_arena *arena;
    qir_layers ops;
    layer *layers; /* one per op */
    const qir_layer_log *log; /* of the float model */
    int64_t samples;
} corrector;

/* --- layers ------------------------------------------------------------------------------------ */
static bool add_layer(corrector *c, int64_t k)
{
    layer *l = &c->layers[k];
    qir_op *op = c->ops.op[k];
    *l = (layer){.op = op, .weight = qir_const_data(qir_observed_const(qir_op_operand(op, 1)))};
    l->channels = op->results[0].type->dims[qir_mean_response_axis(op)];
    return l->weight != NULL;
}

static layer *layer_of(const corrector *c, const qir_op *op)
{
    int64_t k = qir_layers_number(&c->ops, op);
    return k < 0 ? NULL : &c->layers[k];
}

static bool find_layers(corrector *c, qir_func *f)
{
    qir_layers_find(&c->ops, f, c->arena);
    c->layers = QIR_NEW_ARRAY(c->arena, layer, (size_t)c->ops.n);
    bool ok = true;
    for (int64_t k = 0; ok && k < c->ops.n; k++)
        ok = add_layer(c, k);
    return ok;
}

/* --- means ------------------------------------------------------------------------------------- */
static void add_to(double *sum, const qir_tensor *t, qir_arena *arena)
{
    const double *x = qir_tensor_reals(t, arena);
    for (int64_t i = 0, n = qir_type_elements(t->type); i < n; i++)
        sum[i] += x[i];
}

static double *mean_of(const corrector *c, const qir_tensor *x, qir_arena *arena)
{
    int64_t n = qir_type_elements(x[0].type);
    double *mean = QIR_NEW_ARRAY(arena, double, (size_t)n);
    for (int64_t s = 0; s < c->samples; s++) {
        qir_arena *scratch = qir_context_new_arena(c->ctx);
        add_to(mean, &x[s], scratch);
        qir_arena_destroy(scratch);
    }
    for (int64_t i = 0; i < n; i++)
        mean[i] /= (double)c->samples;
    return mean;
}

/* --- biases ------------------------------------------------------------------------------------ */
/* Zeros if it has none. */
static float *bias_of(const corrector *c, const layer *l)
{
    const qir_const *old = qir_observed_const(qir_op_operand(l->op, 2));
    const float *b = old ? qir_const_data((qir_const *)(uintptr_t)old) : NULL;
    size_t bytes = (size_t)l->channels * sizeof *b;
    return b ? qir_arena_copy(c->arena, b, bytes) : qir_arena_alloc(c->arena, bytes);
}

static bool is_same_layer(const layer *l, const qir_op *op)
{
    return op->opcode == l->op->opcode &&
           qir_type_same_shape(qir_op_operand(op, 0)->type, qir_op_operand(l->op, 0)->type);
}

/* --- what is won ------------------------------------------------------------------------------- */
/* Results of `op` with its present bias beside those of the float layer, which has the same bounds. */
static bool compare_sample(const corrector *c, const layer *l, const qir_op *op, qir_tensor *const *in,
                           int64_t s, qir_fidelity *f)
{
    qir_arena *scratch = qir_context_new_arena(c->ctx);
    qir_tensor args[3] = {in[0][s], in[1][s]}, y;
    const qir_value *bias = qir_op_operand(op, 2);
    if (bias)
        args[2] = (qir_tensor){bias->type, (void *)(uintptr_t)qir_const_data(qir_value_const(bias))};
    bool ok = qir_eval_op(op, args, &y, scratch, qir_context_diag(c->ctx));
    const float *real = qir_layer_log_result(c->log, l->op, s);
    const qir_tensor want = {l->op->results[0].type, (void *)(uintptr_t)real};
    if (ok)
        qir_fidelity_add(f, qir_tensor_reals(&want, scratch), qir_tensor_reals(&y, scratch),
                         qir_type_elements(y.type));
    qir_arena_destroy(scratch);
    return ok;
}

static bool noise_of(const corrector *c, const layer *l, const qir_op *op, qir_tensor *const *in, double *noise)
{
    qir_fidelity f = {0};
    int64_t kept = qir_layer_log_kept(c->log, l->op), n = c->samples < kept ? c->samples : kept;
    bool ok = true;
    for (int64_t s = 0; ok && s < n; s++)
        ok = compare_sample(c, l, op, in, s, &f);
    *noise = f.noise;
    return ok;
}

static void accept(corrector *c, const layer *l, const float *bias, double decibels)
{
    qir_layer_set_bias(l->op, bias, l->channels);
    qir_gain_note(l->op, "correct-bias", decibels);
    qir_pass_count(c->pass, "corrected", 1);
}

static void drop(corrector *c, const layer *l, qir_op *op, const float *old, double decibels)
{
    qir_layer_set_bias(op, old, l->channels);
    qir_pass_count(c->pass, "dropped", 1);
    qir_remark(qir_context_diag(c->ctx), l->op->loc,
               "the bias of this %s stays as it is: corrected, the error of its results would be %.2f dB larger",
               qir_op_name(op), -decibels);
}

/* A correction right in the mean may be wrong behind bounds, or where the range ends. */
static bool correct(corrector *c, const layer *l, qir_op *op, qir_tensor *const *in, const double *lack)
{
    double before, after;
    const float *old = bias_of(c, l);
    float *sum = bias_of(c, l);
    for (int64_t i = 0; i < l->channels; i++)
        sum[i] = (float)((double)old[i] + lack[i]);
    if (!noise_of(c, l, op, in, &before))
        return false;
    qir_layer_set_bias(op, sum, l->channels);
    if (!noise_of(c, l, op, in, &after))
        return false;
    double decibels = before == after ? 0.0 : 10.0 * log10(before / after);
    after <= before ? accept(c, l, sum, decibels) : drop(c, l, op, old, decibels);
    return true;
}

static bool visit(void *user, qir_op *op, qir_tensor *const *in, int64_t samples)
{
    (void)samples;
    corrector *c = user;
    layer *l = layer_of(c, op);
    if (!l || !is_same_layer(l, op) || !qir_pass_may_transform(c->pass))
        return true;
    qir_arena *scratch = qir_context_new_arena(c->ctx);
    const qir_tensor weight = {qir_op_operand(l->op, 1)->type, (void *)(uintptr_t)l->weight};
    double *want = QIR_NEW_ARRAY(scratch, double, (size_t)l->channels);
    double *got = QIR_NEW_ARRAY(scratch, double, (size_t)l->channels);
    bool ok = qir_mean_response(l->op, qir_layer_log_mean(c->log, l->op, scratch), &weight, want) &&
              qir_mean_response(l->op, mean_of(c, in[0], scratch), &in[1][0], got);
    for (int64_t i = 0; i < l->channels; i++)
        want[i] -= got[i];
    ok = ok && correct(c, l, op, in, want);
    qir_arena_destroy(scratch);
    return ok;
}

/* --- the pass ---------------------------------------------------------------------------------- */
/* The tool's, if it ran the same samples, else one's own. */
static bool measure_float(corrector *c, qir_func *f, qir_layer_log **own)
{
    *own = NULL;
    c->log = qir_pass_layer_log(c->pass);
    if (c->log && (!c->ops.n || qir_layer_log_samples(c->log, c->ops.op[0]) == c->samples))
        return true;
    c->log = *own = qir_layer_log_create(f, c->samples);
    qir_eval_options eval = {.on_op = qir_layer_log_add, .user = *own};
    return *own && qir_pass_run_samples(c->pass, f, &eval, c->samples);
}

static bool run_copy(corrector *c, qir_module *copy, qir_samples *samples)
{
    qir_breadth_visitor visitor = {visit, c, qir_pass_int(c->pass, "memory"), c->pass};
    return qir_breadth_run(qir_module_main(copy), samples, c->samples, &visitor);
}

static bool correct_all(corrector *c, qir_module *m, qir_func *f, qir_samples *samples)
{
    qir_layer_log *own = NULL;
    bool ok = find_layers(c, f) && measure_float(c, f, &own);
    qir_module *copy = ok ? qir_integer_copy(m) : NULL;
    ok = copy && run_copy(c, copy, samples);
    if (copy)
        qir_module_destroy(copy);
    qir_layers_forget(&c->ops);
    qir_layer_log_destroy(own);
    qir_erase_unused_consts(m);
    return ok;
}

/* All of them, unless the option says otherwise. */
static int64_t choose_count(const qir_pass *p, int64_t samples)
{
    int64_t limit = qir_pass_int(p, "samples");
    return limit && limit < samples ? limit : samples;
}

static bool run(qir_pass *p, qir_module *m)
{
    corrector c = {.pass = p, .ctx = m->ctx, .arena = qir_pass_arena(p)};
    qir_func *f = qir_module_main(m);
    if (!f)
        return qir_error(qir_context_diag(m->ctx), m->loc, "pass.main",
                         "no function to correct; expected '@main' or a single function");
    qir_samples *samples = qir_pass_open_samples(p, f, &c.samples);
    if (!samples)
        return false;
    c.samples = choose_count(p, c.samples);
    bool ok = correct_all(&c, m, f, samples);
    qir_samples_close(samples);
    return ok;
}

static const qir_pass_option options[] = {
    {"samples", QIR_OPT_INT, "0", "use the first so many; 0: all"},
    {"memory", QIR_OPT_INT, "0",
     "bytes of values to hold in memory, others go to temporary files (TMPDIR); 0: 256 MiB"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"corrected", "dropped", NULL};

QIR_PASS(
    correct_bias, .name = "correct-bias",
    .summary = "Adds to biases what quantization takes from the mean of each output channel.",
    .doc = "Changes: `b'[c] = b[c] + mean(float[c]) - mean(quantized[c])`, the means of the sums before "
           "bounds and rounding over samples and positions. As a layer is linear, its mean output is "
           "its output for the mean of its input: one evaluation per layer, however many samples. "
           "Layers in execution order; each sees quantized inputs that the layers before it, already "
           "corrected, gave. A correction that makes the error of the layer's results larger in the first samples "
           "(eight, or as many as have a megabyte of results) is dropped.\nRequires: observers with ranges (apply-calibration), samples.\nLeaves: "
           "observers.\nSource: bias correction of Nagel et al. 2019, with measured means.",
    .requires = QIR_STAGE_OBSERVED, .samples = true, .options = options, .statistics = statistics, .run = run)
