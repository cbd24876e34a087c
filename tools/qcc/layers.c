/* The layers of a quantized model and the figures that tell what is wrong with them. */
#include <math.h>
#include <stdlib.h>
#include "evidence.h"
#include "qir/ops.h"
#include "qir/quant.h"
#include "qir/support/map.h"

/* --- finding ----------------------------------------------------------------------------------- */
static qir_qrule_kind rule_of(const qir_op *op)
{
    return qir_op_desc_get(op->opcode)->qrule.kind;
}

static bool is_candidate(const qir_op *op)
{
    qir_qrule_kind rule = rule_of(op);
    if (rule == QIR_QR_DYNAMIC)
        return qir_loc_first_name(op->loc) != NULL;
    return op->nresults == 1 && qir_op_arithmetic(op) == QIR_ARITH_INTEGER &&
           op->results[0].type->quant && rule != QIR_QR_NONE && rule != QIR_QR_SAME &&
           rule != QIR_QR_SHARED && qir_loc_first_name(op->loc);
}

static const qir_op *counterpart(qir_func *f, const qir_op *op)
{
    const char *name = qir_loc_first_name(op->loc);
    bool dynamic = rule_of(op) == QIR_QR_DYNAMIC;
    qir_for_each_op(r, f->body)
        if (qir_loc_first_name(r->loc) == name &&
            (dynamic ? rule_of(r) == QIR_QR_ACCUM : r->opcode == op->opcode))
            return r;
    return NULL;
}

size_t qcc_find_layers(const qcc_study *s, const qcc_trial *t, qcc_layer **out)
{
    qir_func *real = qir_module_main(s->d->module), *quantized = qir_module_main(t->module);
    size_t n = 0;
    qir_for_each_op(op, quantized->body)
        n += is_candidate(op);
    *out = QIR_NEW_ARRAY(s->arena, qcc_layer, n);
    n = 0;
    qir_for_each_op(op, quantized->body) {
        const qir_op *r = is_candidate(op) ? counterpart(real, op) : NULL;
        if (!r)
            continue;
        (*out)[n] = (qcc_layer){.name = qir_loc_first_name(op->loc),
                                .real = r,
                                .quantized = op,
                                .order = n};
        n++;
    }
    return n;
}

/* --- measuring --------------------------------------------------------------------------------- */
/* Magnitudes in eighths of octaves: percentiles to 9 %, in constant memory. */
enum { OCTAVES = 128, PARTS = 8, BINS = OCTAVES * PARTS };

typedef struct gauge {
    qcc_layer *layer;
    int64_t bins[BINS], count, elements, beyond;
    double largest, first_half, *channels;
    int64_t nchannels, inner;
    double lo, hi;       /* what the quantized result can hold, with half a step on either side */
    const float *factor; /* of each channel there (equalize-channels); NULL: none */
} gauge;

typedef struct gathering {
    const qcc_study *study;
    qir_map by_op; /* op of the float model -> gauge * */
    int64_t sample;
    qir_arena *scratch;
} gathering;

static void take_range(gauge *g, const qir_op *op)
{
    const qir_quant *q = op->results[0].type->quant;
    qir_context *ctx = qir_op_module(op)->ctx;
    g->lo = -INFINITY;
    g->hi = INFINITY;
    if (!q)
        return;
    const qir_attr *f = qir_dict_get(op->attrs, qir_intern_cstr(ctx, "equalize.factors"));
    g->lo = ((double)(q->qmin - q->zero_point[0]) - 0.5) * (double)q->scale[0];
    g->hi = ((double)(q->qmax - q->zero_point[0]) + 0.5) * (double)q->scale[0];
    g->factor = f && (int64_t)f->len == g->nchannels ? f->u.floats : NULL;
}

static gauge *new_gauge(const qcc_study *s, qcc_layer *l)
{
    gauge *g = QIR_NEW(s->arena, gauge);
    const qir_type *t = l->real->results[0].type;
    unsigned axis = l->real->opcode == QIR_OP_linear || t->rank < 2 ? t->rank - 1 : 1;
    g->layer = l;
    g->nchannels = t->rank ? t->dims[axis] : 1;
    g->inner = 1;
    for (unsigned i = axis + 1; i < t->rank; i++)
        g->inner *= t->dims[i];
    g->channels = QIR_NEW_ARRAY(s->arena, double, (size_t)g->nchannels);
    take_range(g, l->quantized);
    return g;
}

static size_t bin_of(double x)
{
    double b = (log2(x) + OCTAVES / 2) * PARTS;
    return b < 0.0 ? 0 : b >= BINS ? BINS - 1 : (size_t)b;
}

static void gauge_value(gauge *g, int64_t channel, double x)
{
    double a = fabs(x), q = g->factor ? x / (double)g->factor[channel] : x;
    g->channels[channel] = fmax(g->channels[channel], a);
    g->largest = fmax(g->largest, a);
    g->beyond += q < g->lo || q > g->hi;
    g->elements++;
    if (a > 0.0)
        g->bins[bin_of(a)]++, g->count++;
}

static void on_op(void *user, const qir_op *op, const qir_tensor *in, const qir_tensor *out)
{
    (void)in;
    gathering *c = user;
    gauge *g = qir_map_get(&c->by_op, op);
    if (!g)
        return;
    const double *x = qir_tensor_reals(&out[0], c->scratch);
    for (int64_t i = 0, n = qir_type_elements(out[0].type); i < n; i++)
        gauge_value(g, i / g->inner % g->nchannels, x[i]);
    if (c->sample < (c->study->samples + 1) / 2)
        g->first_half = g->largest;
    qir_arena_reset(c->scratch);
}

static void next_sample(void *user, int64_t sample, const double *values, int64_t n)
{
    (void)values;
    (void)n;
    ((gathering *)user)->sample = sample + 1;
}

/* --- figures ----------------------------------------------------------------------------------- */
static double percentile(const gauge *g, double share)
{
    int64_t left = (int64_t)((double)g->count * (1.0 - share));
    for (size_t b = BINS; b-- > 0;) {
        left -= g->bins[b];
        if (left < 0)
            return exp2((double)(b + 1) / PARTS - OCTAVES / 2);
    }
    return 0.0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The largest over the median; sorts. */
static double largest_over_median(double *v, int64_t n)
{
    qsort(v, (size_t)n, sizeof *v, ascending);
    return n && v[n / 2] > 0.0 ? v[n - 1] / v[n / 2] : 1.0;
}

static qir_value *weight_of(const qir_op *op)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    bool product = rule->kind == QIR_QR_ACCUM || rule->kind == QIR_QR_DYNAMIC;
    qir_value *w = product ? qir_op_operand(op, (uint32_t)rule->weight) : NULL;
    return w && w->type->quant && qir_value_const(w) ? w : NULL;
}

static double weight_spread(const qcc_study *s, const qir_op *op)
{
    qir_value *w = weight_of(op);
    qir_const *c = w ? qir_value_const(w) : NULL;
    if (!c || w->type->quant->axis >= 0)
        return 1.0;
    const double *x = qir_tensor_reals(
        &(qir_tensor){w->type, (void *)(uintptr_t)qir_const_data(c)}, s->arena);
    int64_t rows = w->type->dims[0], inner = qir_type_elements(w->type) / rows;
    double *largest = QIR_NEW_ARRAY(s->arena, double, (size_t)rows);
    for (int64_t i = 0; i < rows * inner; i++)
        largest[i / inner] = fmax(largest[i / inner], fabs(x[i]));
    return largest_over_median(largest, rows);
}

static double bias_step(const qir_op *op)
{
    const qir_qrule *rule = &qir_op_desc_get(op->opcode)->qrule;
    if (rule->kind != QIR_QR_ACCUM || !qir_op_operand(op, (uint32_t)rule->bias))
        return 0.0;
    const qir_quant *x = qir_op_operand(op, 0)->type->quant, *y = op->results[0].type->quant;
    const qir_quant *w = qir_op_operand(op, (uint32_t)rule->weight)->type->quant;
    double largest = 0.0;
    for (size_t i = 0; x && w && i < w->count; i++)
        largest = fmax(largest, (double)x->scale[0] * (double)w->scale[i]);
    return largest / (double)y->scale[0];
}

static void conclude(const qcc_study *s, gauge *g)
{
    qcc_layer *l = g->layer;
    double usual = percentile(g, 0.999);
    l->outlier = usual > 0.0 ? g->largest / usual : 1.0;
    l->growth = g->first_half > 0.0 ? g->largest / g->first_half : 1.0;
    l->spread = largest_over_median(g->channels, g->nchannels);
    l->saturated = g->elements ? (double)g->beyond / (double)g->elements : 0.0;
    l->bias_step = bias_step(l->quantized);
    l->weight_spread = weight_spread(s, l->quantized);
    qir_value *w = weight_of(l->quantized);
    l->weight_bits = w ? qir_dtype_bits(w->type->dtype) : 0;
}

bool qcc_gather_evidence(const qcc_study *s, qcc_layer *layers, size_t n)
{
    gathering c = {.study = s, .scratch = qir_context_new_arena(s->d->ctx)};
    gauge **gauges = QIR_NEW_ARRAY(s->arena, gauge *, n);
    qir_eval_options eval = {.on_op = on_op, .user = &c};
    for (size_t i = 0; i < n; i++) {
        gauges[i] = new_gauge(s, &layers[i]);
        qir_map_put(&c.by_op, layers[i].real, gauges[i]);
    }
    bool ok = qcc_run_samples(s, s->d->module, &eval, next_sample, &c);
    for (size_t i = 0; ok && i < n; i++)
        conclude(s, gauges[i]);
    qir_map_free(&c.by_op);
    qir_arena_destroy(c.scratch);
    return ok;
}
