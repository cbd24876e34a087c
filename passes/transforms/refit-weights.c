/* refit-weights: weights of few bits, fitted to the quantized inputs before they are rounded.  The work is in
 * rounding.c; formula and source: doc below. */
#include "rounding.h"

static bool run(qir_pass *p, qir_module *m)
{
    int64_t bits = qir_pass_int(p, "bits");
    qir_rounding_options o = {.damping = qir_pass_float(p, "damping"),
                              .ridge = qir_pass_float(p, "ridge"),
                              .bits = bits,
                              .search_bits = bits,
                              .statistic = "refitted"};
    return qir_round_weights(p, m, &o);
}

static const qir_pass_option options[] = {
    {"bits", QIR_OPT_INT, "4", "weights of at most so many bits; with more it fits noise"},
    {"damping", QIR_OPT_FLOAT, "0.01", "of rounding, as round-weights has it"},
    {"ridge", QIR_OPT_FLOAT, "0.1", "what keeps weights near where they were, in parts of the mean diagonal of H"},
    QIR_ROUNDING_PASS_OPTIONS,
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"refitted", NULL};

QIR_PASS(
    refit_weights, .name = "refit-weights",
    .summary = "Fits weights of few bits to quantized inputs, then rounds them as round-weights does.",
    .doc = "Changes: the integers of weights of at most `bits` bits. Before they are rounded the weights "
           "become `w' = w + (H + r I)^-1 E w`, what gives the float model's results best from the "
           "quantized model's inputs `x` where the float model has `x0`: `H` the mean of `x^T x`, `E` that of `x^T "
           "(x0 - x)`, `r` = `ridge` times the mean diagonal of `H`. Scales are searched for `w'`, which is then rounded with "
           "`damping` in place of `ridge`. Layers in execution order, each sees those before it "
           "fitted and rounded.\nA layer whose error would grow keeps its integers.\nRequires: observers "
           "with ranges, samples; round-weights before it chooses the integers of the other layers.\n"
           "Leaves: observers; the float weights.\nSource: ridge regression on the layer's results.",
    .requires = QIR_STAGE_OBSERVED, .samples = true, .options = options, .statistics = statistics, .run = run)
