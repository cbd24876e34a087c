/* Causes of loss and what to do about them: a table, asked from the top. */
#include "evidence.h"

enum { FEW = 32 };

/* --- saturation -------------------------------------------------------------------------------- */
static bool saturates(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    return l->saturated > 0.005;
}

static void say_saturated(const qcc_study *s, const qcc_layer *l, qir_strbuf *out)
{
    (void)s;
    qir_strbuf_printf(out, "%.2f %% of its values are cut off", 100.0 * l->saturated);
}

static const char *widen(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    (void)l;
    return "static with the whole range: -observer=minmax";
}

/* --- too few samples --------------------------------------------------------------------------- */
static bool is_few(const qcc_study *s, const qcc_layer *l)
{
    return l->growth > (s->samples < FEW ? 1.05 : 1.25);
}

static void say_growth(const qcc_study *s, const qcc_layer *l, qir_strbuf *out)
{
    qir_strbuf_printf(out, "the second half of %lld samples widens its range by %.0f %%",
                      (long long)s->samples, 100.0 * (l->growth - 1.0));
}

static const char *take_more(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    (void)l;
    return "static with more samples";
}

/* --- bias scale -------------------------------------------------------------------------------- */
static bool is_bias_coarse(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    return l->bias_step > 0.5;
}

static void say_bias(const qcc_study *s, const qcc_layer *l, qir_strbuf *out)
{
    (void)s;
    qir_strbuf_printf(out, "its bias has steps of %.1f steps of the result", l->bias_step);
}

static const char *mix(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    (void)l;
    return "mixed: this layer in float (-keep-float)";
}

/* --- weights per tensor ------------------------------------------------------------------------ */
static bool weights_spread(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    return l->weight_spread > 4.0;
}

static void say_weights(const qcc_study *s, const qcc_layer *l, qir_strbuf *out)
{
    (void)s;
    qir_strbuf_printf(out, "one scale for all output channels, the largest %.1f times the median",
                      l->weight_spread);
}

static const char *per_channel(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    (void)l;
    return "per-channel: one scale per output channel of the weight (-weights=int8)";
}

/* --- outlier ----------------------------------------------------------------------------------- */
static bool has_outlier(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    return l->outlier > 3.0;
}

static void say_outlier(const qcc_study *s, const qcc_layer *l, qir_strbuf *out)
{
    (void)s;
    qir_strbuf_printf(out, "its largest value is %.1f times the 99.9th percentile", l->outlier);
}

static const char *tame(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    return l->real->opcode == QIR_OP_linear
               ? "dynamic: a range for each row at run time (-quantize=dynamic)"
               : "static with a narrower range (-observer=histogram), or mixed (-keep-float)";
}

/* --- channel spread ---------------------------------------------------------------------------- */
static bool channels_spread(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    return l->spread > 4.0;
}

static void say_channels(const qcc_study *s, const qcc_layer *l, qir_strbuf *out)
{
    (void)s;
    qir_strbuf_printf(out, "its largest channel is %.1f times the median", l->spread);
}

static const char *equalize(const qcc_study *s, const qcc_layer *l)
{
    return s->accuracy ? mix(s, l) : "static with equalized channels (-accuracy=fast), else mixed";
}

/* --- narrow weights ---------------------------------------------------------------------------- */
static bool is_narrow(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    return l->weight_bits && l->weight_bits < 8;
}

static void say_narrow(const qcc_study *s, const qcc_layer *l, qir_strbuf *out)
{
    (void)s;
    qir_strbuf_printf(out, "its weights have %u bits", l->weight_bits);
}

static const char *use_8_bits(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    (void)l;
    return "mixed: weights of 8 bits (-weights=int8@NAME), or smaller groups";
}

/* --- the rest ---------------------------------------------------------------------------------- */
static bool always(const qcc_study *s, const qcc_layer *l)
{
    (void)s;
    (void)l;
    return true;
}

static void say_resolution(const qcc_study *s, const qcc_layer *l, qir_strbuf *out)
{
    (void)s;
    (void)l;
    qir_strbuf_puts(out, "nothing stands out: 8 bits are coarse");
}

static const qcc_cause causes[] = {
    {"saturation", saturates, say_saturated, widen},
    {"too few samples", is_few, say_growth, take_more},
    {"bias scale", is_bias_coarse, say_bias, mix},
    {"channel spread", weights_spread, say_weights, per_channel},
    {"outlier", has_outlier, say_outlier, tame},
    {"channel spread", channels_spread, say_channels, equalize},
    {"resolution", is_narrow, say_narrow, use_8_bits},
    {"resolution", always, say_resolution, mix},
};

const qcc_cause *qcc_cause_of(const qcc_study *s, const qcc_layer *l)
{
    const qcc_cause *c = causes;
    while (!c->holds(s, l))
        c++;
    return c;
}
