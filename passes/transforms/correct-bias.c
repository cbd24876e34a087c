/* Changes: biases of convolutions and linear layers, by what quantization moves their mean output.
 * Requires: observers with ranges, samples.  Leaves: observers.
 * The float means come from the module itself, those of the quantized model from a copy that is taken
 * through the passes to integers; the copy's biases change as it runs (breadth.h), so that a layer
 * sees those before it corrected.  Formula and source: doc below. */
#include <math.h>
#include "breadth.h"
#include "layers.h"
#include "mean_response.h"
#include "qir/fidelity.h"
#include "qir/pass.h"
#include "qir/rewrite.h"
#include "quant_util.h"

typedef struct layer {
    qir_op *op;
    const float *weight;
    double *mean; /* of operand 0 in the float model */
    int64_t elements, channels;
} layer;

typedef struct corrector {
    qir_pass *pass;
    qir_context *ctx;
    qir_arena *arena;
    qir_layers ops;
    layer *layers; /* one per op */
    int64_t samples;
} corrector;

/* --- layers ------------------------------------------------------------------------------------ */
static bool add_layer(corrector *c, int64_t k)
{
    layer *l = &c->layers[k];
    qir_op *op = c->ops.op[k];
    const qir_type *x = qir_op_operand(op, 0)->type, *y = op->results[0].type;
    *l = (layer){.op = op, .elements = qir_type_elements(x)};
    l->weight = qir_const_data(qir_observed_const(qir_op_operand(op, 1)));
    l->mean = QIR_NEW_ARRAY(c->arena, double, (size_t)l->elements);
    l->channels = y->dims[qir_mean_response_axis(op)];
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

static void add_float(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    (void)out;
    corrector *c = user;
    layer *l = layer_of(c, op);
    qir_arena *scratch = l ? qir_context_new_arena(c->ctx) : NULL;
    if (!l)
        return;
    add_to(l->mean, &in[0], scratch);
    qir_arena_destroy(scratch);
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
/* b + what the mean lacks, into the model. */
static const float *correct(corrector *c, layer *l, const double *lack)
{
    const qir_const *old = qir_observed_const(qir_op_operand(l->op, 2));
    const float *b = old ? qir_const_data((qir_const *)(uintptr_t)old) : NULL;
    float *sum = QIR_NEW_ARRAY(c->arena, float, (size_t)l->channels);
    for (int64_t i = 0; i < l->channels; i++)
        sum[i] = (float)((b ? (double)b[i] : 0.0) + lack[i]);
    qir_layer_set_bias(l->op, sum, l->channels);
    return sum;
}

static bool is_same_layer(const layer *l, const qir_op *op)
{
    return op->opcode == l->op->opcode &&
           qir_type_same_shape(qir_op_operand(op, 0)->type, qir_op_operand(l->op, 0)->type);
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
    bool ok = qir_mean_response(l->op, l->mean, &weight, want) &&
              qir_mean_response(l->op, mean_of(c, in[0], scratch), &in[1][0], got);
    for (int64_t i = 0; i < l->channels; i++)
        want[i] -= got[i];
    if (ok)
        qir_layer_set_bias(op, correct(c, l, want), l->channels);
    qir_pass_count(c->pass, "corrected", 1);
    qir_arena_destroy(scratch);
    return ok;
}

/* --- the pass ---------------------------------------------------------------------------------- */
static bool measure_float(corrector *c, qir_func *f)
{
    qir_eval_options eval = {.on_op = add_float, .user = c};
    if (!qir_pass_run_samples(c->pass, f, &eval, c->samples))
        return false;
    for (int64_t k = 0; k < c->ops.n; k++)
        for (int64_t i = 0; i < c->layers[k].elements; i++)
            c->layers[k].mean[i] /= (double)c->samples;
    return true;
}

static bool run_copy(corrector *c, qir_module *copy, qir_samples *samples)
{
    qir_breadth_visitor visitor = {visit, c, qir_pass_int(c->pass, "memory")};
    return qir_breadth_run(qir_module_main(copy), samples, c->samples, &visitor);
}

static bool correct_all(corrector *c, qir_module *m, qir_func *f, qir_samples *samples)
{
    bool ok = find_layers(c, f) && measure_float(c, f);
    qir_module *copy = ok ? qir_integer_copy(m) : NULL;
    ok = copy && run_copy(c, copy, samples);
    if (copy)
        qir_module_destroy(copy);
    qir_layers_forget(&c->ops);
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
static const char *const statistics[] = {"corrected", NULL};

QIR_PASS(
    correct_bias, .name = "correct-bias",
    .summary = "Adds to biases what quantization takes from the mean of each output channel.",
    .doc = "Changes: `b'[c] = b[c] + mean(float[c]) - mean(quantized[c])`, the means of the sums before "
           "bounds and rounding over samples and positions. As a layer is linear, its mean output is "
           "its output for the mean of its input: one evaluation per layer, however many samples. "
           "Layers in execution order; each sees quantized inputs that the layers before it, already "
           "corrected, gave.\nRequires: observers with ranges (apply-calibration), samples.\nLeaves: "
           "observers.\nSource: bias correction of Nagel et al. 2019, with measured means.",
    .requires = QIR_STAGE_OBSERVED, .options = options, .statistics = statistics, .run = run)
