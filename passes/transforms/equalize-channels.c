/* Changes: weights and biases, so that channels of inner activations use more of their tensor's
 * range.  Requires: a float module and samples.  Leaves: the same function of its inputs.
 * Which channels share a factor: channels.h.  Formula and sources: doc below. */
#include <math.h>
#include "channels.h"
#include "gains.h"
#include "qir/pass.h"
#include "qir/support/map.h"

typedef struct equalizer {
    qir_pass *pass;
    qir_module *module;
    qir_channels *channels;
    qir_map largest; /* value -> float[channels]: its largest magnitudes */
    float *factor;   /* per class */
} equalizer;

/* --- measuring --------------------------------------------------------------------------------- */
static float *magnitudes(equalizer *e, const qir_value *v, int64_t n)
{
    float *m = qir_map_get(&e->largest, v);
    if (!m)
        qir_map_put(&e->largest, v, m = QIR_NEW_ARRAY(qir_pass_arena(e->pass), float, (size_t)n));
    return m;
}

static int64_t inner_size(const qir_type *t, int axis)
{
    int64_t n = 1;
    for (unsigned i = (unsigned)axis + 1; i < t->rank; i++)
        n *= t->dims[i];
    return n;
}

static void measure(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    (void)in;
    equalizer *e = user;
    qir_span s = op->nresults ? qir_channels_span(e->channels, &op->results[0]) : (qir_span){-1, 0, 0};
    if (s.axis < 0)
        return;
    const qir_type *t = op->results[0].type;
    float *largest = magnitudes(e, &op->results[0], s.n);
    const float *x = out[0].data;
    int64_t n = qir_type_elements(t), inner = inner_size(t, s.axis);
    for (int64_t i = 0, row = 0; i < n; row++) {
        float *l = &largest[row % s.n];
        for (int64_t end = i + inner; i < end; i++)
            *l = fabsf(x[i]) > *l ? fabsf(x[i]) : *l;
    }
}

/* --- factors ----------------------------------------------------------------------------------- */
/* Raises the share of each class to that of `v`'s channels in the range of `v`. */
static void take_shares(equalizer *e, const qir_value *v, const float *largest)
{
    qir_span s = qir_channels_span(e->channels, v);
    float range = 0.0f;
    for (int64_t i = 0; i < s.n; i++)
        range = fmaxf(range, largest[i]);
    for (int64_t i = 0; i < s.n && range > 0.0f; i++) {
        float *share = &e->factor[qir_channels_class(e->channels, s, i)];
        *share = fmaxf(*share, largest[i] / range);
    }
}

/* A channel that is always 0 has nothing to gain. */
static float factor_of(const equalizer *e, float share)
{
    float least = (float)qir_pass_float(e->pass, "least");
    float f = powf(share, (float)qir_pass_float(e->pass, "exponent"));
    if (share == 0.0f)
        return 1.0f;
    if (qir_pass_bool(e->pass, "exact"))
        f = exp2f(roundf(log2f(f)));
    return fmaxf(f, least);
}

static void choose_factors(equalizer *e)
{
    size_t n = qir_channels_count(e->channels);
    e->factor = QIR_NEW_ARRAY(qir_pass_arena(e->pass), float, n);
    for (size_t i = 0; i < e->largest.len; i++)
        take_shares(e, e->largest.entries[i].key, e->largest.entries[i].value);
    for (size_t i = 0; i < n; i++)
        e->factor[i] = i == QIR_CHANNEL_ONE ? 1.0f : factor_of(e, e->factor[i]);
}

static float factor_at(const equalizer *e, const qir_value *v, int64_t channel)
{
    qir_span s = qir_channels_span(e->channels, v);
    return e->factor[qir_channels_class(e->channels, s, channel)];
}

static bool is_scaled(const equalizer *e, const qir_value *v)
{
    qir_span s = qir_channels_span(e->channels, v);
    for (int64_t i = 0; i < s.n; i++)
        if (factor_at(e, v, i) != 1.0f)
            return true;
    return false;
}

/* --- rewriting --------------------------------------------------------------------------------- */
static bool put_const(const equalizer *e, qir_op *op, uint32_t i, const float *data)
{
    qir_value *old = qir_op_operand(op, i);
    qir_const *c = qir_const_create(e->module, old->name, old->type, data, false, op->loc);
    qir_op_set_operand(op, i, &c->value);
    return true;
}

static const float *old_const(equalizer *e, const qir_op *op, uint32_t i, float **copy)
{
    qir_value *v = qir_op_operand(op, i);
    *copy = QIR_NEW_ARRAY(e->module->arena, float, (size_t)qir_type_elements(v->type));
    return qir_const_data(qir_value_const(v));
}

/* w'[o, i] = w[o, i] * s_x[i] / s_y[o],  b'[o] = b[o] / s_y[o]. */
static bool scale_weights(equalizer *e, qir_op *op)
{
    const qir_value *x = qir_op_operand(op, 0), *y = &op->results[0];
    float *w, *b;
    const float *old = old_const(e, op, 1, &w);
    for (int64_t i = 0, n = qir_type_elements(qir_op_operand(op, 1)->type); old && i < n; i++) {
        int64_t in, out;
        qir_weight_channels(op, i, &in, &out);
        w[i] = old[i] * factor_at(e, x, in) / factor_at(e, y, out);
    }
    if (!old || !put_const(e, op, 1, w) || !qir_op_operand(op, 2) || !is_scaled(e, y))
        return old != NULL;
    old = old_const(e, op, 2, &b);
    for (int64_t o = 0, n = qir_type_elements(qir_op_operand(op, 2)->type); old && o < n; o++)
        b[o] = old[o] / factor_at(e, y, o);
    return old && put_const(e, op, 2, b);
}

/* A constant in units of the result, whose axes end where the result's do.  One factor per channel needs one
 * element per channel: a constant that repeats along them is written out. */
static bool scale_constant(equalizer *e, qir_op *op, uint32_t k)
{
    qir_value *c = qir_op_operand(op, k), *y = &op->results[0];
    qir_span s = qir_channels_span(e->channels, y);
    const float *old = qir_const_data(qir_value_const(c));
    int64_t dims[QIR_MAX_RANK], axis = s.axis - (int64_t)(y->type->rank - c->type->rank);
    unsigned rank = axis < 0 ? y->type->rank - (unsigned)s.axis : c->type->rank;
    for (unsigned i = 0; i < rank; i++)
        dims[i] = i + c->type->rank >= rank ? c->type->dims[i + c->type->rank - rank] : 1;
    int64_t *channels = &dims[axis < 0 ? 0 : axis], repeat = *channels;
    *channels = s.n;
    const qir_type *t = qir_tensor_type(e->module->ctx, QIR_f32, dims, rank, op->loc);
    if (!old || !t)
        return false;
    int64_t n = qir_type_elements(t), inner = inner_size(t, axis < 0 ? 0 : (int)axis);
    float *data = QIR_NEW_ARRAY(e->module->arena, float, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        int64_t channel = i / inner % s.n;
        int64_t from = repeat == s.n ? i : i / (inner * s.n) * inner + i % inner;
        data[i] = old[from] / factor_at(e, y, channel);
    }
    qir_op_set_operand(op, k, &qir_const_create(e->module, c->name, t, data, false, op->loc)->value);
    return true;
}

/* What the result's factors are, for tools that compare it with the original's (docs/quantization.md). */
static void note_factors(equalizer *e, qir_op *op)
{
    qir_context *ctx = e->module->ctx;
    qir_span s = qir_channels_span(e->channels, &op->results[0]);
    float *f = QIR_NEW_ARRAY(qir_pass_arena(e->pass), float, (size_t)s.n);
    for (int64_t i = 0; i < s.n; i++)
        f[i] = factor_at(e, &op->results[0], i);
    qir_op_set_attr(op, qir_intern_cstr(ctx, "equalize.axis"), qir_attr_int(ctx, s.axis));
    qir_op_set_attr(op, qir_intern_cstr(ctx, "equalize.factors"),
                    qir_attr_floats(ctx, f, (size_t)s.n));
}

/* Rounding puts an error of the size of a step on every channel; in units of the model it is a factor smaller.
 * The step is in proportion to the range. */
static void note_gain(equalizer *e, qir_op *op)
{
    qir_span s = qir_channels_span(e->channels, &op->results[0]);
    const float *largest = qir_map_get(&e->largest, &op->results[0]);
    double range = 0.0, scaled = 0.0, square = 0.0;
    for (int64_t i = 0; i < s.n; i++) {
        double f = (double)factor_at(e, &op->results[0], i);
        range = fmax(range, (double)largest[i]);
        scaled = fmax(scaled, (double)largest[i] / f);
        square += f * f / (double)s.n;
    }
    if (range > 0.0)
        qir_gain_note(op, "equalize-channels", 20.0 * log10(range / scaled) - 10.0 * log10(square));
}

static bool rewrite(equalizer *e, qir_op *op)
{
    bool scaled = op->nresults && is_scaled(e, &op->results[0]);
    bool absorbs = qir_absorbs_channels(op);
    if (!scaled && !(absorbs && is_scaled(e, qir_op_operand(op, 0))))
        return true;
    if (scaled && !qir_op_has_trait(op, QIR_TRAIT_VIEW))
        note_factors(e, op);
    qir_pass_count(e->pass, "scaled", scaled);
    if (scaled && absorbs)
        note_gain(e, op);
    if (absorbs)
        return scale_weights(e, op);
    bool ok = true;
    for (uint32_t k = 0; ok && k < op->noperands; k++)
        ok = !qir_takes_factors(op, k) || scale_constant(e, op, k);
    return ok;
}

static bool run(qir_pass *p, qir_module *m)
{
    equalizer e = {.pass = p, .module = m};
    qir_func *f = qir_module_main(m);
    if (!f)
        return qir_error(qir_context_diag(m->ctx), m->loc, "pass.main",
                         "no function to equalize; expected '@main' or a single function");
    e.channels = qir_channels_build(f, qir_pass_arena(p));
    qir_eval_options eval = {.on_op = measure, .user = &e};
    bool ok = qir_pass_run_samples(p, f, &eval, 0);
    if (ok && qir_pass_may_transform(p)) {
        choose_factors(&e);
        qir_for_each_op(op, f->body)
            ok = ok && rewrite(&e, op);
        qir_erase_unused_consts(m);
    }
    qir_map_free(&e.largest);
    return ok;
}

static const qir_pass_option options[] = {
    {"exponent", QIR_OPT_FLOAT, "0.5", "0: no change, 1: every channel uses all of the range"},
    {"least", QIR_OPT_FLOAT, "0.0625", "smallest factor"},
    {"exact", QIR_OPT_BOOL, "false", "powers of two only: float results keep every bit"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"scaled", NULL};

QIR_PASS(
    equalize_channels, .name = "equalize-channels",
    .summary = "Scales channels of inner activations so that they fill their tensor's range.",
    .doc = "Changes: with `s` the factor of a channel, what produces it is divided by `s` (rows of the "
           "weight, bias, constant summands), what reads it is multiplied by `s` (columns of the "
           "weight). `s = max(share ^ exponent, least)`; `share` is the largest magnitude of the "
           "channel in the samples over that of its tensor, the largest of all (tensor, channel) "
           "pairs that must have the same factor.\nPairs are united by a union-find through sums, "
           "products with constants and gates, concat, slice, gather, expand, pad, pools, resize, reshape, "
           "transpose and depthwise convolutions; graph inputs and outputs and ops that are not positively "
           "homogeneous keep factor 1. In transformers the weight and bias of a normalization take the factors "
           "of its result, which the linear layers behind give back; values of attention have one per head.\nRequires: a float module, samples.\nLeaves: the same function; the factors of "
           "results in `equalize.factors`.\nAfter cross-layer equalization (Nagel et al. 2019), which "
           "is exponent 1 between pairs of layers; 0.5 measured better (docs/quantization.md). Through "
           "normalizations it is the migration of SmoothQuant (Xiao et al. 2022) and AWQ (Lin et al. 2023).",
    .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_QDQ | QIR_STAGE_QUANTIZED, .options = options,
    .samples = true, .statistics = statistics, .run = run)
