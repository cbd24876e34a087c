/* -accuracy: what is done, and when, against the losses of quantization. */
#include <string.h>
#include "qcc.h"

enum { FEW_SAMPLES = 32 };

/* Passes before observers are placed, for weights once ranges are known, and then for biases.  Rows that
 * bring their own ranges at run time need less of the first (`rows`, for the weights' sake) and none of the last. */
static const struct {
    const char *name, *before, *rows, *weights, *biases;
} accuracies[QCC_NUM_ACCURACIES] = {
    [QCC_PLAIN] = {"plain", NULL, NULL, NULL, NULL},
    [QCC_FAST] = {"fast", "equalize-channels", NULL, NULL, "correct-bias"},
    [QCC_BEST] = {"best", "equalize-channels", "equalize-channels{exponent=0.15}",
                  "round-weights,refit-weights{damping=0.1}", "correct-bias"},
};

const char *qcc_accuracy_name(qcc_accuracy a)
{
    return a < QCC_NUM_ACCURACIES ? accuracies[a].name : NULL;
}

/* -accuracy; by default fast where the preset is our own and samples enough are there to tell a mean
 * from noise. */
bool qcc_choose_accuracy(qcc_driver *d, bool measures)
{
    const qcc_options *o = d->opts;
    const qir_sample_source *from = d->samples;
    d->accuracy = QCC_PLAIN;
    while (o->accuracy && strcmp(o->accuracy, accuracies[d->accuracy].name))
        d->accuracy++;
    if (o->accuracy || !from || !measures || o->quantizer)
        return true;
    qir_samples *s =
        qir_samples_open(qir_module_main(d->module), from->paths, from->npaths);
    int64_t n = s ? qir_samples_count(s) : 0;
    qir_samples_close(s);
    bool enough = n >= FEW_SAMPLES && (!from->limit || from->limit >= FEW_SAMPLES);
    d->accuracy = enough ? QCC_FAST : QCC_PLAIN;
    return s != NULL;
}

static bool run_if_any(qcc_driver *d, const char *passes)
{
    return !passes || qcc_run_passes(d, passes);
}

bool qcc_before_ranges(qcc_driver *d, bool measures)
{
    const char *passes = measures ? accuracies[d->accuracy].before : accuracies[d->accuracy].rows;
    return d->unequal || run_if_any(d, passes);
}

bool qcc_after_ranges(qcc_driver *d, bool measures)
{
    return run_if_any(d, accuracies[d->accuracy].weights) &&
           (!measures || run_if_any(d, accuracies[d->accuracy].biases));
}

bool qcc_refine(qcc_driver *d)
{
    bool integers = d->opts->io && !strcmp(d->opts->io, "int8");
    return !d->accuracy || integers || qcc_run_passes(d, "real-results");
}
