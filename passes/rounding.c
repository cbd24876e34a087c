/* The quantized model is a copy that was taken through the passes to integers and runs op by op over all
 * samples (breadth.h).  A layer is rounded in the module and in the copy before it runs there, so that those
 * behind it see what it really gives. */
#include "rounding.h"

#include <math.h>
#include "breadth.h"
#include "gains.h"
#include "layers.h"
#include "qir/fidelity.h"
#include "qir/qmath.h"
#include "quant_util.h"

typedef struct rounder {
    qir_pass *pass;
    qir_context *ctx;
    const qir_rounding_options *opts;
    qir_func *func;
    qir_layers layers;
    qir_breadth *real; /* the float model, at the same layer; NULL: not needed */
    int64_t samples;
} rounder;

/* --- which layers ------------------------------------------------------------------------------ */
static bool is_alone(const qir_func *f, const qir_op *observe)
{
    qir_for_each_op(op, f->body)
        if (op != observe && op->opcode == QIR_OP_observe &&
            qir_op_int(op, "id") == qir_op_int(observe, "id"))
            return false;
    return qir_value_has_one_use(&observe->results[0]);
}

/* The observer of a constant whose integers a pass may choose: it measured the constant alone, for one op.
 * NULL: none. */
static qir_op *free_observer(const rounder *r, const qir_value *v)
{
    qir_op *op = v ? qir_value_op(v) : NULL;
    bool is = op && op->opcode == QIR_OP_observe && qir_value_const(qir_op_operand(op, 0)) &&
              qir_op_attr(op, "lo") && is_alone(r->func, op);
    return is && (int64_t)qir_dtype_bits(qir_observed_type(op)->dtype) <= r->opts->bits ? op : NULL;
}

/* Is `op`, of the copy, still the product that the layer is? */
static bool is_product(const qir_op *layer, const qir_op *op)
{
    int w = qir_op_weight(op);
    const qir_type *x = qir_op_operand(layer, 0)->type;
    return w >= 0 && qir_type_same_shape(qir_op_operand(op, 0)->type, x) &&
           qir_type_same_shape(qir_op_operand(op, (uint32_t)w)->type, qir_op_operand(layer, 1)->type);
}

/* --- inputs ------------------------------------------------------------------------------------ */
/* Real values of operand 0 of an op of the copy in sample `s`; where its parameters come from run time
 * they are operands, one for as many elements as there are. */
static const float *input_of(const qir_op *op, qir_tensor *const *in, int64_t s, qir_arena *arena)
{
    const qir_tensor *x = &in[0][s];
    int64_t n = qir_type_elements(x->type);
    const double *v = qir_tensor_reals(x, arena);
    float *out = QIR_NEW_ARRAY(arena, float, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        out[i] = (float)v[i];
    if (qir_op_desc_get(op->opcode)->qrule.kind != QIR_QR_DYNAMIC)
        return out;
    const float *scale = in[1][s].data;
    const int32_t *zp = in[2][s].data;
    int64_t each = n / qir_type_elements(in[1][s].type);
    for (int64_t i = 0; i < n; i++)
        out[i] = (out[i] - (float)zp[i / each]) * scale[i / each];
    return out;
}

/* Where a bias may take the mean: it will, wherever correct-bias runs (integers from static ranges). */
static bool is_centred(const qir_op *op)
{
    return qir_op_operand(op, 0)->type->quant != NULL;
}

static qir_hessian *gather(const rounder *r, const qir_op *layer, const qir_op *op,
                           qir_tensor *const *in, qir_arena *arena)
{
    qir_hessian_options o = {qir_pass_int(r->pass, "rows"), is_centred(op), r->real != NULL,
                             qir_context_threads(r->ctx)};
    qir_hessian *h = qir_hessian_create(layer, r->samples, &o, arena);
    const qir_tensor *real = r->real ? qir_breadth_operand(r->real, layer, 0) : NULL;
    for (int64_t s = 0; s < r->samples; s++) {
        qir_arena *scratch = qir_context_new_arena(r->ctx);
        qir_hessian_add(h, input_of(op, in, s, scratch), real ? real[s].data : NULL);
        qir_arena_destroy(scratch);
    }
    qir_hessian_finish(h);
    return h;
}

/* --- weights ----------------------------------------------------------------------------------- */
static qir_const *codes_of(qir_module *m, const qir_const *weight, const qir_rounding *w)
{
    return qir_quantize_floats(m, weight->value.name, weight->loc, w->value, w->type);
}

static qir_const *values_of(qir_module *m, const qir_const *weight, const qir_rounding *w)
{
    return qir_const_create(m, weight->value.name, weight->value.type, w->value, true, weight->loc);
}

static void set_codes(qir_op *observe, qir_const *codes)
{
    if (observe->noperands > 1)
        qir_op_set_operand(observe, 1, &codes->value);
    else
        qir_op_add_operand(observe, &codes->value);
}

/* What stands for the weight so far: integers of an earlier pass, else the nearest ones. */
static float *values_before(const qir_op *observe, const float *weight, qir_arena *arena)
{
    const qir_value *codes = qir_op_operand(observe, 1);
    const qir_type *t = codes ? codes->type : qir_observed_type(observe);
    const void *chosen = codes ? qir_const_data(qir_value_const(codes)) : NULL;
    float *out = QIR_NEW_ARRAY(arena, float, (size_t)qir_type_elements(t));
    for (int64_t i = 0; i < qir_type_elements(t); i++) {
        size_t p = qir_quant_index(t, i);
        float scale = t->quant->scale[p];
        int32_t zp = t->quant->zero_point[p];
        int32_t q = chosen ? (int32_t)qir_stored_int(t->dtype, chosen, i)
                           : qir_quantize_value(weight[i], scale, zp, t->quant->qmin, t->quant->qmax);
        out[i] = qir_dequantize_value(q, scale, zp);
    }
    return out;
}

/* An op of the copy multiplies integers, or in float what they stand for. */
static void set_copy(const qir_op *layer, qir_op *op, const qir_const *weight, const qir_rounding *w)
{
    qir_module *m = qir_op_module(op);
    uint32_t at = (uint32_t)qir_op_weight(op);
    bool integers = qir_op_operand(op, at)->type->quant;
    qir_const *c = integers ? codes_of(m, weight, w) : values_of(m, weight, w);
    qir_op_set_operand(op, at, &c->value);
    qir_const *bias = qir_observed_const(qir_op_operand(layer, 2));
    if (bias && qir_op_operand(op, 0)->type->quant)
        qir_layer_set_bias(op, qir_const_data(bias), qir_type_elements(bias->value.type));
}

/* --- one layer --------------------------------------------------------------------------------- */
static void tell(const rounder *r, const qir_op *layer, const qir_rounding *w)
{
    qir_diag_engine *diag = qir_context_diag(r->ctx);
    if (!w->value)
        qir_warning(diag, layer->loc, "round-nearest",
                    "the weights of this %s stay rounded to the nearest values: over the samples its inputs "
                    "depend on each other, so that errors have no measure; give more samples, or more damping",
                    qir_op_name(layer));
    else if (w->after > w->before)
        qir_remark(diag, layer->loc,
                   "the weights of this %s stay as they are: rounded otherwise their error over the "
                   "samples is %.2f dB larger",
                   qir_op_name(layer), 10.0 * log10(w->after / w->before));
}

static bool round_one(const rounder *r, qir_op *layer, qir_op *op, qir_op *observe,
                      qir_tensor *const *in, qir_arena *arena)
{
    qir_const *weight = qir_value_const(qir_op_operand(observe, 0));
    const float *data = qir_const_data(weight);
    if (!data)
        return false;
    bool search = (int64_t)qir_dtype_bits(qir_observed_type(observe)->dtype) <= r->opts->search_bits;
    qir_round_options o = {r->opts->damping, r->opts->ridge, search};
    const float *before = values_before(observe, data, arena);
    qir_rounding w = qir_round_layer(gather(r, layer, op, in, arena), observe, data, before, &o, arena);
    tell(r, layer, &w);
    if (!w.value || !(w.after < w.before))
        return true;
    set_copy(layer, op, weight, &w);
    set_codes(observe, codes_of(qir_op_module(observe), weight, &w));
    const char *by = r->opts->ridge > 0.0 ? "refit-weights" : "round-weights";
    qir_gain_note(layer, by, 10.0 * log10(w.before / w.after));
    qir_pass_count(r->pass, r->opts->statistic, 1);
    return true;
}

static bool visit(void *user, qir_op *op, qir_tensor *const *in, int64_t samples)
{
    (void)samples;
    rounder *r = user;
    int64_t k = qir_layers_number(&r->layers, op);
    qir_op *layer = k < 0 ? NULL : r->layers.op[k];
    qir_op *observe = layer ? free_observer(r, qir_op_operand(layer, 1)) : NULL;
    if (!observe || !is_product(layer, op) || !qir_pass_may_transform(r->pass))
        return true;
    if (r->real && !qir_breadth_advance(r->real, layer))
        return false;
    qir_arena *scratch = qir_context_new_arena(r->ctx);
    bool ok = round_one(r, layer, op, observe, in, scratch);
    qir_arena_destroy(scratch);
    return ok;
}

/* --- all of them ------------------------------------------------------------------------------- */
static bool run_copy(rounder *r, qir_module *m, qir_samples *samples)
{
    int64_t memory = qir_pass_int(r->pass, "memory");
    qir_breadth_visitor visitor = {visit, r, memory, r->pass};
    qir_module *copy = qir_integer_copy(m);
    r->real = r->opts->ridge > 0.0 ? qir_breadth_open(r->func, samples, r->samples, memory) : NULL;
    bool ok = copy && (r->real || !(r->opts->ridge > 0.0)) &&
              qir_breadth_run(qir_module_main(copy), samples, r->samples, &visitor);
    qir_breadth_close(r->real);
    if (copy)
        qir_module_destroy(copy);
    return ok;
}

static bool wants_any(const rounder *r)
{
    for (int64_t k = 0; k < r->layers.n; k++)
        if (free_observer(r, qir_op_operand(r->layers.op[k], 1)))
            return true;
    return false;
}

bool qir_round_weights(qir_pass *p, qir_module *m, const qir_rounding_options *o)
{
    rounder r = {.pass = p, .ctx = m->ctx, .opts = o, .func = qir_module_main(m)};
    if (!r.func)
        return qir_error(qir_context_diag(m->ctx), m->loc, "pass.main",
                         "no function whose weights to round; expected '@main' or a single function");
    qir_layers_find(&r.layers, r.func, qir_pass_arena(p));
    qir_samples *samples = NULL;
    unsigned errors = qir_diag_error_count(qir_context_diag(m->ctx));
    bool any = wants_any(&r), ok = true;
    if (any)
        samples = qir_pass_open_samples(p, r.func, &r.samples);
    int64_t limit = qir_pass_int(p, "samples");
    if (limit && limit < r.samples)
        r.samples = limit;
    if (any)
        ok = samples && run_copy(&r, m, samples);
    qir_samples_close(samples);
    qir_layers_forget(&r.layers);
    qir_erase_unused_consts(m);
    return ok && qir_diag_error_count(qir_context_diag(m->ctx)) == errors; /* -Werror=round-nearest */
}
